"""What the trials of a search are scored by, on validation images alone."""

import math
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from aae_keras import metrics, noise
from aae_keras.data import Data
from aae_keras.errors import UserError
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.config import Config
from aae_keras.images import to_unit_range
from aae_keras.models import AdversarialModel, LatentY
from aae_keras.models.inference import in_batches

# The noise of the unsupervised criterion, in standard deviations of the images around their mean.
NOISE = 0.5
# Images that the standard deviation is taken of.
MEASURED = 1000


class Criterion(Protocol):
    """A score of an epoch.

    Attributes:
        direction: `minimize` or `maximize`.
        statement: A sentence that says what it is.
    """

    direction: str
    statement: str

    def score(self, model: AdversarialModel, logs: dict[str, Any]) -> float:
        """The score of a model after an epoch, whose logs Keras gives."""

    def text(self, score: float) -> str:
        """A score as it is printed."""


def criterion_for(config: Config, data: Data) -> Criterion:
    """The error rate where labels validate, else `SharedInformation`.

    Args:
        config: The `Config` of the setting that is scored.
        data: Its `Data`.

    Raises:
        UserError: If there are no validation images, or the encoder finds no y.
    """
    model = factory.build_uncompiled(config, data)
    if not model.latent_y.is_encoded:
        raise UserError(
            "A search scores y, which the encoder must find: choose another setting, such as "
            f"clustering. Received: setting={config.setting!r}"
        )
    if data.validation is None:
        raise UserError(
            "A search scores validation images, and there are none: raise `validation_size`. "
            f"Received: validation_size={config.validation_size}"
        )
    rows = data.split.validation_rows
    labels = data.split.labels[rows]
    if model.latent_y == LatentY.CLASS and len(data.validation.element_spec) == 2:
        return ErrorRate(int(np.count_nonzero(labels >= 0)))
    images = data.split.images[rows]
    return SharedInformation(images, model.categories)


class ErrorRate:
    """The share of wrong labels in validation.

    Args:
        count: Of the images, those with a label.
    """

    direction = "minimize"

    def __init__(self, count: int):
        self.statement = f"The score is the error rate of {count} validation images: less is better"

    def score(self, model: AdversarialModel, logs: dict[str, Any]) -> float:
        """See `Criterion.score`."""
        return float(logs["val_error_rate"])

    def text(self, score: float) -> str:
        """See `Criterion.text`."""
        return f"{score:.2%}".replace("%", " %")


class SharedInformation:
    """How much the categories of images say of the categories of the same images under noise.

    It needs no labels. It is the mutual information, in nats, of the most probable y of an image
    and that of the image with Gaussian noise: 0 where all images are in one category, or where
    noise decides; log K, the most there is, where K categories are used alike and noise moves no
    image to another. The noise is the same for all epochs and trials.

    Args:
        images: uint8, shape (n, height, width, channels).
        categories: Of y.
    """

    direction = "maximize"

    def __init__(self, images: np.ndarray, categories: int):
        self.images = images
        sample = to_unit_range(images[:: math.ceil(len(images) / MEASURED)])
        self.stddev = NOISE * float(np.sqrt(sample.var(axis=0).mean()))
        self.statement = (
            f"No error rate can be had, so the score is the mutual information of the categories "
            f"of {len(images)} validation images and those of the same images with noise of "
            f"standard deviation {self.stddev:.2g}: more is better, from 0 (one category, or "
            f"chance) to {math.log(categories):.3f} nats ({categories} categories used alike)"
        )

    def score(self, model: AdversarialModel, logs: dict[str, Any]) -> float:
        """See `Criterion.score`."""

        def encode_twice(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            images = to_unit_range(batch["images"])
            draw = noise.normal(tf.shape(images), [0, batch["places"][0]])
            noisy = images + self.stddev * draw
            return {"y": model.encode(images)["y"], "noisy_y": model.encode(noisy)["y"]}

        places = np.arange(len(self.images), dtype="int32")
        found = in_batches(encode_twice, {"images": self.images, "places": places})
        return metrics.clusters.shared_information(found["y"], found["noisy_y"])

    def text(self, score: float) -> str:
        """See `Criterion.text`."""
        return f"{score:.3f} nats"
