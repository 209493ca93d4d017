"""Stateless random draws: a seed in, the same numbers out, on any device and with or without XLA.

The algorithm is named because TensorFlow's own choice differs between XLA and plain kernels: a
run resumed with another `jit_compile` would draw other noise. Philox is also the faster one here.
"""

import tensorflow as tf

ALGORITHM = "philox"


def fold_in(seed, data):
    """A new seed, shape (2,), that depends on a seed and on a whole number."""
    return tf.random.fold_in(seed, data, alg=ALGORITHM)


def normal(shape, seed):
    """float32 draws from N(0, 1)."""
    return tf.random.stateless_normal(shape, seed, alg=ALGORITHM)


def uniform(shape, seed):
    """float32 draws from [0, 1)."""
    return tf.random.stateless_uniform(shape, seed, alg=ALGORITHM)


def integers(shape, seed, below):
    """int32 draws from 0 to `below` - 1."""
    return tf.random.stateless_uniform(
        shape, seed, minval=0, maxval=below, dtype=tf.int32, alg=ALGORITHM
    )
