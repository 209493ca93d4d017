"""What every reader of data returns, and the error it raises."""

import dataclasses

import numpy as np

from aae_keras.data.images import Images
from aae_keras.errors import DataError

__all__ = ["DataError", "Source"]


@dataclasses.dataclass(frozen=True)
class Source:
    """A data set as its reader gives it, before it is split.

    Attributes:
        images: uint8, shape (n, height, width, channels): an array, or `Images`.
        labels: int64, shape (n,): class indices, -1 where there is no label.
        class_names: One string per class.
        test_images, test_labels: Arrays of the test part; None where the data has none.
        validation_rows: Rows of `images` that the data itself sets apart for validation, int64;
            None where it does not.
        names: What a table of labels calls each of `images`, an array of strings; None where that
            is its row number.
    """

    images: np.ndarray | Images
    labels: np.ndarray
    class_names: tuple[str, ...]
    test_images: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    validation_rows: np.ndarray | None = None
    names: np.ndarray | None = None
