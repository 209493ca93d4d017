"""Stateless random draws: a seed in, the same numbers out, with or without XLA.

TensorFlow's own float draws differ between XLA and plain kernels even when they are stateless and
the algorithm is named; only the raw bits agree. So the floats are made of those here: it is also
faster under XLA.
"""

import tensorflow as tf

ALGORITHM = "philox"


def fold_in(seed, data):
    """A new seed, shape (2,), that depends on a seed and on a whole number."""
    return tf.random.fold_in(seed, data, alg=ALGORITHM)


def uniform(shape, seed):
    """float32 draws from the open interval (0, 1)."""
    bits = tf.random.stateless_uniform(
        shape, seed, minval=None, maxval=None, dtype=tf.uint32, alg=ALGORITHM
    )
    # 23 bits and a half: the most that float32 holds without ever rounding to 0 or 1.
    steps = tf.bitwise.right_shift(bits, tf.constant(9, tf.uint32))
    return (tf.cast(tf.cast(steps, tf.int32), tf.float32) + 0.5) * 2.0**-23


def normal(shape, seed):
    """float32 draws from N(0, 1), at most 5.3 standard deviations from 0."""
    # The inverse of the distribution function at a uniform draw.
    return tf.math.ndtri(uniform(shape, seed))


def order(shape, seed):
    """int32 permutations of the last axis of `shape`, each in a random order of its own."""
    return tf.argsort(uniform(shape, seed))


def integers(shape, seed, below):
    """int32 draws from 0 to `below` - 1."""
    return tf.random.stateless_uniform(
        shape, seed, minval=0, maxval=below, dtype=tf.int32, alg=ALGORITHM
    )
