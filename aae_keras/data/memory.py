"""Images held in memory."""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from aae_keras import noise
from aae_keras.data.images import Images, Rows


class ImagesInMemory(Images):
    """Images in one array, which is kept as it is and never copied.

    Args:
        array: uint8, shape (n, height, width, channels).
    """

    def __init__(self, array: np.ndarray):
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)."""
        return self._array.shape

    def __getitem__(self, rows: Rows) -> np.ndarray:
        return self._array[rows]

    def subset(self, rows: np.ndarray) -> "ImagesInMemory":
        """Some of the images, copied."""
        return ImagesInMemory(self._array[rows])

    def content(self) -> memoryview:
        """The pixels themselves."""
        return np.ascontiguousarray(self._array).data

    def batches(
        self, rows: np.ndarray, batch_size: int, steps: int, seed: tf.Tensor | Sequence
    ) -> tf.data.Dataset:
        """Full batches of the rows; see `Images.batches`."""
        order = epoch_order(len(rows), steps * batch_size, seed)

        def gather(places: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # Not by `tf.gather`: it needs a tensor, and making one holds the images three times.
            images = tf.numpy_function(lambda places: self._array[rows[places]], [places], tf.uint8)
            return places, tf.ensure_shape(images, [batch_size, *self.shape[1:]])

        return tf.data.Dataset.from_tensor_slices(tf.reshape(order, [steps, batch_size])).map(
            gather
        )


def as_images(images: np.ndarray | Images) -> Images:
    """A plain array as images held in memory; what is `Images` already stays as it is."""
    return images if isinstance(images, Images) else ImagesInMemory(images)


def epoch_order(num_rows: int, count: int, seed: tf.Tensor | Sequence) -> tf.Tensor:
    """`count` numbers below `num_rows`: as many whole passes as needed, each in random order."""
    passes = math.ceil(count / num_rows)
    return tf.reshape(noise.order([passes, num_rows], tf.stack(seed)), [-1])[:count]
