"""What a step draws at random: all of it a function of (seed, step, replica)."""

import tensorflow as tf
from keras import ops

from aae_keras import noise


def random_seeds(seed, step):
    """Endless seeds for stateless draws: functions of (seed, step, replica) and their rank.

    Args:
        seed: Whole number.
        step: int64 scalar variable.
    """
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    base = tf.stack([tf.cast(seed, "int64"), tf.convert_to_tensor(step)])
    base = noise.fold_in(base, tf.cast(replica, "int64"))
    rank = 0
    while True:
        yield noise.fold_in(base, rank)
        rank += 1


def corrupt(images, seed, stddev, dropout):
    """What the encoder sees in training, the denoising criterion of appendix A.

    Args:
        images: In [0, 1], shape (batch, height, width, channels).
        seed: Shape (2,).
        stddev: Standard deviation of Gaussian noise that is added.
        dropout: Share of the values that are set to 0, in [0, 1); the others grow by
            1 / (1 - dropout), so that the mean stays.
    """
    if stddev:
        images = images + stddev * noise.normal(ops.shape(images), seed)
    if dropout:
        kept = noise.uniform(ops.shape(images), noise.fold_in(seed, 1)) >= dropout
        images = images * ops.cast(kept, images.dtype) / (1.0 - dropout)
    return images
