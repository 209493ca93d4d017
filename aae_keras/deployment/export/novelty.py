"""How unlike the training images an image is.

Two signs of it: the decoder cannot draw it again, and its code lies where the prior puts little.
They are added as the model itself weighs them, in -log p(x, z) = error / s^2 + distance / 2 plus
constants, with a pixel's variance s^2 such that the error of training images is what it should be:
s^2 times half the number of pixels on average. Divided by that half, novelty is about 1 for an
image like those, and more for a stranger.

The distance alone would mislead: an image that the encoder makes nothing of gets a code near the
middle, and clusters trained on MNIST find digits cut to pieces less far out than whole ones.
"""

import dataclasses
import math

import numpy as np

from aae_keras import losses
from aae_keras.images import to_unit_range
from aae_keras.models import inference

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


@dataclasses.dataclass(frozen=True)
class Novelty:
    """What `score` needs to know of the training images.

    Attributes:
        usual_error: Mean of half the squared reconstruction error, summed over the pixels.
    """

    usual_error: float

    def score(self, model, images):
        """Novelty of images.

        Args:
            model: A model whose decoder takes what its encoder finds.
            images: float32 tensor in [0, 1], shape (n, height, width, channels).

        Returns:
            float32 tensor of shape (n,), at least 0.
        """
        code = model.encode(images)
        error = losses.half_squared_error(images, model.decode(code))
        distance = model.priors["z"].distance(code["z"])
        return error / self.usual_error + distance / math.prod(images.shape[1:])


def fit(model, images):
    """The `Novelty` that a sample of the training images, uint8, gives."""

    def errors(batch):
        images = to_unit_range(batch)
        drawn = model.decode(model.encode(images))
        return {"error": losses.half_squared_error(images, drawn)}

    found = inference.apply(errors, images)["error"]
    return Novelty(max(float(found.mean(dtype="float64")), 1e-6))


def quantiles(novelty, model, images):
    """Novelty that a share of held-out images stays below, to choose a threshold by.

    Returns:
        Dict by the share, written as text (`"0.99"`), of floats.
    """
    if not len(images):
        return {}
    found = inference.apply(
        lambda batch: {"novelty": novelty.score(model, to_unit_range(batch))}, images
    )["novelty"]
    return {str(share): float(np.quantile(found, share)) for share in QUANTILES}
