"""The vocabulary of a training step: batch, forward pass, terms of the objective, phases."""

import dataclasses
import functools
from collections.abc import Callable

import keras
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Term:
    """One loss of the objective.

    Attributes:
        name: What it is called in logs and in `history.csv`.
        phase: Key of `PHASES`: terms of one phase are added up and share an optimizer.
        loss: Function of a `Forward`, returning one value per example, shape (batch,).
        moves: The variables it may change.
        validated: Whether it means something on held-out images, without training.
    """

    name: str
    phase: str
    loss: Callable
    moves: list
    validated: bool = False


@dataclasses.dataclass(frozen=True)
class Batch:
    """What one step works on, drawn before its first phase and the same for all of them.

    Attributes:
        images: Clean unlabelled images in [0, 1]: the target of reconstruction.
        corrupted: The same with the input noise: what the encoder sees.
        labeled: Labelled images with the input noise.
        labels: Their class indices, shape (batch,), or None.
        prior: Samples of the priors, by the name of the code they belong to (`y`, `z`).
    """

    images: tf.Tensor
    corrupted: tf.Tensor
    labeled: tf.Tensor
    labels: tf.Tensor
    prior: dict


class Forward:
    """One pass of a batch through the networks: each part is computed when first asked for.

    Terms that ask for the same part share its computation, and its gradient.
    """

    def __init__(self, model, batch, training):
        self.batch = batch
        self._model = model
        self._training = training

    @functools.cached_property
    def code(self):
        """Codes of the unlabelled images: dict of `y_logits`, `y` and `z`."""
        return self._model.encode(self.batch.corrupted, self._training)

    @functools.cached_property
    def labeled_code(self):
        """Codes of the labelled images."""
        if self.batch.labeled is self.batch.corrupted:
            return self.code
        return self._model.encode(self.batch.labeled, self._training)

    @functools.cached_property
    def image_logits(self):
        """The decoder's reconstruction of the unlabelled images, before the sigmoid."""
        return self._model.decode(self.code, self._training)


@dataclasses.dataclass(frozen=True)
class Phase:
    """A phase of a compiled model: its terms, the variables they move together, its optimizer."""

    name: str
    terms: list
    variables: list
    optimizer: keras.optimizers.Optimizer
