"""The vocabulary of a training step: batch, forward pass, terms of the objective, phases."""

import dataclasses
import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from aae_keras.networks import call_network


@dataclasses.dataclass(frozen=True)
class Term:
    """One loss of the objective.

    Attributes:
        name: What it is called in logs and in `history.csv`.
        phase: Key of `PHASES`: terms of one phase are added up and share an optimizer.
        loss: Function of a `Forward`, returning one value per example, shape (batch,).
        moves: The variables it may change. Terms of one phase are added up and move the union of
            theirs; a term that must leave some of them alone stops the gradient itself.
        validated: Whether it means something on held-out images, without training.
        needs_labels: Whether it asks for labels.
        weight: Factor in its phase's sum; what is logged is without it.
        reversed: Of the generator: whether its gradient is that of its discriminator's term, turned
            by a `Reversal`, so that one backward pass serves for both.
    """

    name: str
    phase: str
    loss: Callable
    moves: list
    validated: bool = False
    needs_labels: bool = False
    weight: float = 1.0
    reversed: bool = False


@dataclasses.dataclass(frozen=True)
class Phase:
    """A phase of a compiled model.

    Attributes:
        name: Key of `PHASES`.
        terms: Its terms, which are added up.
        variables: What they move together.
        optimizer: What moves them; in the simultaneous schedule phases may share one.
        weight: Factor of its loss.
    """

    name: str
    terms: list
    variables: list
    optimizer: keras.optimizers.Optimizer
    weight: float = 1.0


@dataclasses.dataclass(frozen=True)
class Batch:
    """What one step works on, drawn before its first phase and the same for all of them.

    Attributes:
        images: Clean unlabelled images in [0, 1]: the target of reconstruction.
        corrupted: The same with the input noise: what the encoder sees.
        labeled: Labelled images with the input noise, or None.
        labels: Their class indices, shape (batch,), or None.
        prior: Samples of the priors, by the name of the code they belong to (`y`, `z`).
        noise, labeled_noise: Of the posterior, for the images and for the labelled ones, or None.
    """

    images: tf.Tensor
    corrupted: tf.Tensor
    labeled: tf.Tensor
    labels: tf.Tensor
    prior: dict
    noise: tf.Tensor = None
    labeled_noise: tf.Tensor = None


class Forward:
    """One pass of a batch through the networks: each part is computed when first asked for.

    Terms that ask for the same part share its computation, and its gradient.

    Args:
        model: The `AdversarialModel`.
        batch: The `Batch`.
        training: As in any Keras call.
        reverse: Between the codes and a discriminator, turn the gradient of the discriminator's
            loss into this many times that of the generator's: one backward pass then serves both.
            None leaves it alone.
        code: Codes of the unlabelled images, where they have been computed already.
    """

    def __init__(self, model, batch, training, reverse=None, code=None):
        self.batch = batch
        if code is not None:
            self.code = code
        self._model = model
        self._training = training
        self._reverse = reverse
        self._log_odds = {}

    @functools.cached_property
    def code(self):
        """Codes of the unlabelled images: dict of `y_logits`, `y`, `z`, or what the setting has."""
        return self._model.code_of(self.batch, self._training)

    @functools.cached_property
    def labeled_code(self):
        """Codes of the labelled images."""
        if self.batch.labeled is self.batch.corrupted:
            return self.code
        return self._model.encode(self.batch.labeled, self._training, self.batch.labeled_noise)

    @functools.cached_property
    def image_logits(self):
        """The decoder's reconstruction of the unlabelled images, before the sigmoid."""
        return self._model.decode(self.code, self._training)

    def log_odds(self, discriminator, code):
        """Logits that a discriminator gives samples of the prior and codes, as one batch.

        Returns:
            Two tensors of shape (batch, 1).
        """
        if code not in self._log_odds:
            prior, codes = self.batch.prior[code], self.code[code]
            if self._reverse is not None:
                reversal = Reversal(self._reverse)
                codes = reversal(codes)
            logits = _judge(discriminator, tf.concat([prior, codes], axis=0), self._training)
            real, fake = tf.split(logits, [tf.shape(prior)[0], tf.shape(codes)[0]])
            if self._reverse is not None:
                reversal.logits = fake
            self._log_odds[code] = real, fake
        return self._log_odds[code]

    def code_log_odds(self, discriminator, code):
        """Logits of the codes alone, from the pass of `log_odds` where there has been one."""
        if code in self._log_odds:
            return self._log_odds[code][1]
        return _judge(discriminator, self.code[code], self._training)


class Reversal:
    """The identity on codes, with a gradient that plays the other side of the game.

    Discriminator and generator loss of a code are functions of the same logit l: softplus(l) with
    derivative sigmoid(l), and softplus(-l) with derivative sigmoid(l) - 1. Their gradients with
    respect to the code are the same vector times these scalars, so the first becomes the second
    when multiplied by (sigmoid(l) - 1) / sigmoid(l) = -exp(-l), row by row. That a row's logit
    depends on its own code alone is taken for granted: batch normalisation would break it.

    Set `logits` (batch, 1) once they are known, before any gradient is taken.

    Args:
        weight: Factor of the generator's loss relative to the discriminator's.
    """

    def __init__(self, weight=1.0):
        self.weight = weight
        self.logits = None

    def __call__(self, codes):
        """The codes, unchanged, shape (batch, dim)."""

        @tf.custom_gradient
        def identity(codes):
            def other_side(upstream):
                # Beyond 60 the product of sigmoid and exponential leaves float32's range.
                ratio = -tf.exp(-tf.maximum(self.logits, -60.0))
                return self.weight * ratio * upstream

            return tf.identity(codes), other_side

        return identity(codes)


def _judge(discriminator, codes, training):
    inputs = {discriminator.inputs[0].name: codes}
    (logits,) = call_network(discriminator, inputs, training).values()
    return logits


def distinct(things):
    """Each thing once, in order."""
    return list({id(thing): thing for thing in things}.values())
