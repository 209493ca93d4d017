"""How unlike the training images an image is.

Two signs of it: the decoder cannot draw it again, and its code lies where the prior puts little.
Each is counted in standard deviations from its mean over training images, and novelty is the mean
of the two: about 0 for an image like those, more for a stranger.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from aae_keras import applying, losses
from aae_keras.images import to_unit_range

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


@dataclasses.dataclass(frozen=True)
class Novelty:
    """Mean and standard deviation over training images of both signs; see `signs`."""

    mean: np.ndarray
    stddev: np.ndarray

    def score(self, model, images):
        """Novelty of images in [0, 1], a tensor of shape (n,)."""
        return tf.reduce_mean((signs(model, images) - self.mean) / self.stddev, axis=1)


def signs(model, images):
    """Logarithms of what reconstruction leaves and of the code's distance from its prior.

    Args:
        model: A model whose decoder takes what its encoder finds.
        images: float32 tensor in [0, 1].

    Returns:
        float32 tensor of shape (n, 2).
    """
    code = model.encode(images)
    errors = losses.half_squared_error(images, model.decode(code))
    distances = model.priors["z"].distance(code["z"])
    return tf.math.log(tf.stack([errors, distances], axis=1) + 1e-6)


def fit(model, images):
    """The `Novelty` that a sample of the training images, uint8, gives."""
    found = applying.apply(lambda batch: {"signs": signs(model, to_unit_range(batch))}, images)[
        "signs"
    ]
    return Novelty(found.mean(axis=0), found.std(axis=0) + 1e-6)


def quantiles(novelty, model, images):
    """Novelty that a share of held-out images stays below, to choose a threshold by.

    Returns:
        Dict by the share, written as text (`"0.99"`), of floats.
    """
    if not len(images):
        return {}
    found = applying.apply(
        lambda batch: {"novelty": novelty.score(model, to_unit_range(batch))}, images
    )["novelty"]
    return {str(share): float(np.quantile(found, share)) for share in QUANTILES}
