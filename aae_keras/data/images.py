"""What a data set asks of its images, wherever they are held."""

import abc
import math
import typing
from collections.abc import Sequence

import numpy as np

if typing.TYPE_CHECKING:
    import tensorflow as tf

Rows = np.ndarray | Sequence[int] | slice


class Images(abc.ABC):
    """Some uint8 images of one shape, read as an array is: `images[rows]`, `images[:20]`.

    There are two kinds: `ImagesInMemory`, and `StreamedImages` that stay on disk.
    `np.asarray(images)` gives all of them, read into memory where they are not.

    Attributes:
        on_disk: Whether they stay there, and are read when asked for.
    """

    on_disk = False

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)."""

    @abc.abstractmethod
    def __getitem__(self, rows: Rows) -> np.ndarray:
        """The images of an array, list or slice of rows, in its order, as an array.

        Raises:
            DataError: If files that hold them are damaged.
        """

    @abc.abstractmethod
    def subset(self, rows: np.ndarray) -> "Images":
        """Some of the images, of the same kind."""

    @abc.abstractmethod
    def content(self) -> bytes | memoryview:
        """Bytes for a fingerprint: they change when a pixel or the order of the images does."""

    @abc.abstractmethod
    def batches(
        self, rows: np.ndarray, batch_size: int, steps: int, seed: "tf.Tensor | Sequence"
    ) -> "tf.data.Dataset":
        """Full batches of the rows: as many passes as needed, each in a fresh random order.

        Args:
            rows: Which of the images, shape (number of rows,).
            batch_size: Images in a batch.
            steps: Number of batches.
            seed: Two whole numbers, in a list or an int64 tensor of shape (2,), decide the order.

        Returns:
            tf.data set of `(places, images)`; an image in place p is that of `rows[p]`.
        """

    def loaded(self, rows: np.ndarray, max_bytes: int) -> "tuple[Images, np.ndarray]":
        """Images that hold those of `rows`, in memory unless that takes more than `max_bytes`.

        Returns:
            The images, and the rows that these are now.
        """
        return self, rows

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """What the images take, or would take, in memory."""
        return math.prod(self.shape)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self[:], dtype, copy=copy)
