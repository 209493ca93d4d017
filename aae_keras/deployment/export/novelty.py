"""How unlike the training images an image is.

Two signs of it: the decoder reconstructs it badly, and its code lies where the prior puts little.
They are added as the model itself weighs them, in -log p(x, z) = error / s^2 + distance / 2 plus
constants, with a pixel's variance s^2 such that the error of training images is what it should be:
s^2 times half the number of pixels on average. Divided by that half, novelty is about 1 for an
image like those, and more for a stranger.

The distance alone would mislead: an image that the encoder makes nothing of gets a code near the
middle, and clusters trained on MNIST find digits cut to pieces less far out than whole ones.
"""

import dataclasses
import math
from typing import TypeVar

import numpy as np
import tensorflow as tf

from aae_keras import losses
from aae_keras.images import to_unit_range
from aae_keras.models import AdversarialModel, inference

Numbers = TypeVar("Numbers", np.ndarray, tf.Tensor)

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


@dataclasses.dataclass(frozen=True)
class Novelty:
    """A score of novelty, fitted on training images.

    Attributes:
        usual_error: Half the squared reconstruction error, summed over the pixels, of a training
            image on average; above 0.
    """

    usual_error: float

    @classmethod
    def of_errors(cls, errors: np.ndarray) -> "Novelty":
        """The score where training images have these errors: half the squared one of each."""
        return cls(max(float(errors.mean(dtype="float64")), 1e-6))

    def score(self, model: AdversarialModel, images: tf.Tensor) -> tf.Tensor:
        """Score images: about 1 for one like the training images, more for others.

        Args:
            model: A model whose decoder takes what its encoder finds.
            images: float32 tensor in [0, 1], shape (n, height, width, channels).

        Returns:
            float32 tensor of shape (n,), at least 0.
        """
        code = model.encode(images)
        error = losses.half_squared_error(images, model.decode(code))
        distance = model.priors["z"].distance(code["z"])
        return self.of(error, distance, math.prod(images.shape[1:]))

    def of(self, error: Numbers, distance: Numbers, pixels: int) -> Numbers:
        """Score images by what has been computed of them.

        Args:
            error: Half the squared error of their reconstructions, shape (n,).
            distance: Of their codes z, as `Prior.distance` has it, shape (n,).
            pixels: Numbers in an image.

        Returns:
            The scores, shape (n,).
        """
        return error / self.usual_error + distance / pixels


def fit(model: AdversarialModel, images: np.ndarray) -> Novelty:
    """Fit the score on a sample of the training images.

    Args:
        model: A model whose decoder takes what its encoder finds.
        images: uint8, shape (n, height, width, channels), n at least 1.

    Returns:
        The `Novelty`.
    """

    def reconstruction_errors(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        images = to_unit_range(batch)
        image_logits = model.decode(model.encode(images))
        return {"error": losses.half_squared_error(images, image_logits)}

    return Novelty.of_errors(inference.in_batches(reconstruction_errors, images)["error"])


def quantiles(novelty: Novelty, model: AdversarialModel, images: np.ndarray) -> dict[str, float]:
    """The scores that given shares of held-out images stay below, to choose a threshold by.

    Args:
        novelty: The fitted `Novelty`.
        model: The model that it was fitted with.
        images: uint8, shape (n, height, width, channels).

    Returns:
        Dict of floats by the share, written as text (`"0.99"`); empty without images.
    """
    if not len(images):
        return {}
    scores = inference.in_batches(
        lambda batch: {"novelty": novelty.score(model, to_unit_range(batch))}, images
    )["novelty"]
    return {str(share): float(np.quantile(scores, share)) for share in QUANTILES}
