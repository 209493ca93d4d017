"""Stateless random draws: a seed in, the same numbers out, with or without XLA.

TensorFlow's own float draws differ between XLA and plain kernels even when they are stateless and
the algorithm is named; only the raw bits agree. So the floats are made of those here: it is also
faster under XLA.
"""

import typing
import zlib
from collections.abc import Sequence

import tensorflow as tf

if typing.TYPE_CHECKING:
    import keras

ALGORITHM = "philox"

# Two whole numbers, and the sizes of dimensions: each a list or an integer tensor.
Seed: typing.TypeAlias = tf.Tensor | Sequence
Shape: typing.TypeAlias = tf.Tensor | Sequence


def fold_in(seed: Seed, data: int | tf.Tensor) -> tf.Tensor:
    """A new seed, shape (2,), that depends on a seed and on a whole number."""
    return tf.random.fold_in(seed, data, alg=ALGORITHM)


def uniform(shape: Shape, seed: Seed) -> tf.Tensor:
    """float32 draws from the open interval (0, 1)."""
    bits = tf.random.stateless_uniform(
        shape, seed, minval=None, maxval=None, dtype=tf.uint32, alg=ALGORITHM
    )
    # 23 bits and a half: the most that float32 holds without ever rounding to 0 or 1.
    steps = tf.bitwise.right_shift(bits, tf.constant(9, tf.uint32))
    return (tf.cast(tf.cast(steps, tf.int32), tf.float32) + 0.5) * 2.0**-23


def normal(shape: Shape, seed: Seed) -> tf.Tensor:
    """float32 draws from N(0, 1), at most 5.3 standard deviations from 0."""
    # The inverse of the distribution function at a uniform draw.
    return tf.math.ndtri(uniform(shape, seed))


def order(shape: Shape, seed: Seed) -> tf.Tensor:
    """int32 permutations of the last axis of `shape`, each in a random order of its own."""
    return tf.argsort(uniform(shape, seed))


def integers(shape: Shape, seed: Seed, below: int) -> tf.Tensor:
    """int32 draws from 0 to `below` - 1."""
    return tf.random.stateless_uniform(
        shape, seed, minval=0, maxval=below, dtype=tf.int32, alg=ALGORITHM
    )


def stream(
    seed: int, step: "tf.Tensor | keras.Variable", replica: int | tf.Tensor, name: str
) -> tf.Tensor:
    """A seed, shape (2,), for the random draw of a name in a step.

    Each name has numbers of its own, so that one draw more changes no other.

    Args:
        seed: Whole number.
        step: int64 scalar variable or tensor.
        replica: int32 scalar, the rank of the replica.
        name: Text, such as "corruption".
    """
    base = fold_in(tf.stack([tf.cast(seed, "int64"), tf.convert_to_tensor(step)]), replica)
    return fold_in(base, zlib.crc32(name.encode()) & 0x7FFFFFFF)


def corrupt(images: tf.Tensor, seed: Seed, stddev: float, dropout: float) -> tf.Tensor:
    """Images with Gaussian noise added, then a share of their values set to 0.

    Args:
        images: Floats, shape (batch, height, width, channels).
        seed: Shape (2,).
        stddev: Standard deviation of the noise.
        dropout: Share of the values that are set to 0, in [0, 1); the others grow by
            1 / (1 - dropout), so that the mean stays.

    Returns:
        A tensor of the same shape; the very images where nothing is asked for.
    """
    if stddev:
        images = images + stddev * normal(tf.shape(images), seed)
    if dropout:
        kept = uniform(tf.shape(images), fold_in(seed, 1)) >= dropout
        images = images * tf.cast(kept, images.dtype) / (1.0 - dropout)
    return images
