"""The objective as data: terms, the phases they belong to, and the batch they speak of."""

import dataclasses
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from aae_keras import losses
from aae_keras.models import replicas
from aae_keras.networks import input_shapes, mixes_rows, upstream_variables
from aae_keras.phases import PHASES

if typing.TYPE_CHECKING:
    from aae_keras.models.aae import AdversarialModel, Forward

# Tensors by name: codes, the outputs of a network, losses.
Named = dict[str, tf.Tensor]
# What a discriminator makes of samples of the prior, and of codes: (batch, 1) each.
LogOdds = Sequence[tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Term:
    """One loss of the objective.

    Attributes:
        name: What it is called in logs and in `history.csv`.
        phase: Key of `phases.PHASES`. The terms of a phase are added up and share an optimizer.
        loss: Function of a `Forward`. It returns a value per example, shape (batch,), or a scalar
            where `per` is `"batch"`.
        variables: What it may change. A phase moves the union of its terms' variables; a term that
            must leave some of them alone stops the gradient itself.
        weight: Factor in its phase's sum: a number, or a function of the step (an int64 scalar)
            such as `regularizers.FadeIn`. What is logged is without it.
        per: `"example"` or `"batch"`. The sum over examples is divided by the global batch size, a
            value of a whole batch by the number of replicas: either way replicas add up.
        validated: Whether it means something on held-out images, without training.
        needs_labels: Whether it asks for labels.
        of_labels: Whether its examples are the labelled images, so that those without a label do
            not count.
    """

    name: str
    phase: str
    loss: Callable
    variables: list
    weight: float | Callable = 1.0
    per: str = "example"
    validated: bool = False
    needs_labels: bool = False
    of_labels: bool = False

    def __post_init__(self):
        if self.phase not in PHASES:
            raise ValueError(
                f"`phase` must be one of {', '.join(PHASES)}. Received: phase={self.phase!r}"
            )
        if self.per not in ("example", "batch"):
            raise ValueError(f'`per` must be "example" or "batch". Received: per={self.per!r}')


@dataclasses.dataclass(frozen=True)
class GameTerm(Term):
    """A side of the game over a code, as `adversarial_terms` makes them: its loss is log D's.

    Attributes:
        discriminator: The network that judges.
        by_rows: Whether it judges each row by itself, as far as is known.
    """

    discriminator: keras.Model | None = None
    by_rows: bool = False


@dataclasses.dataclass(frozen=True)
class Phase:
    """A phase of a compiled model.

    Attributes:
        name: Key of `phases.PHASES`.
        terms: Its `Term`s, which are added up.
        variables: What they move together.
        optimizer: What moves them. Phases that share a pass may share an optimizer.
        weight: Factor of its loss.
    """

    name: str
    terms: list
    variables: list
    optimizer: keras.optimizers.Optimizer
    weight: float = 1.0


Phases = Sequence[Phase]


@dataclasses.dataclass(frozen=True)
class Batch:
    """What a step works on: made before its first phase, and the same for all of them.

    Attributes:
        images: Clean unlabelled images in [0, 1], the target of reconstruction.
        corrupted: The same images with the input noise: what the encoder sees.
        labeled: Labelled images with the input noise; None if there are none.
        labels: Their class indices, shape (batch,), -1 where one has none; None if none has.
        prior: Samples of the priors, by the name of the code they belong to (`y`, `z`).
        noise, labeled_noise: The posterior's noise for either kind of image; None if it takes none.
        distances: How far each unlabelled image is from its neighbours, shape (batch,), in pixel
            units (`data.neighbours`); None if the data does not say.
        weights: Factor of each label's loss, shape (batch,); None for 1.
    """

    images: tf.Tensor
    corrupted: tf.Tensor
    labeled: tf.Tensor | None
    labels: tf.Tensor | None
    prior: dict
    noise: tf.Tensor | None = None
    labeled_noise: tf.Tensor | None = None
    distances: tf.Tensor | None = None
    weights: tf.Tensor | None = None

    @property
    def known(self) -> tf.Tensor | None:
        """1.0 for each labelled image with a label, 0.0 for the others, shape (batch,)."""
        return None if self.labels is None else ops.cast(self.labels >= 0, "float32")


def reconstruction_term(
    model: "AdversarialModel",
    *others: keras.Model,
    needs_labels: bool = False,
    shapes_y: bool = True,
) -> Term:
    """The decoded code of the corrupted image against the clean image (section 2).

    Args:
        model: The `AdversarialModel`.
        *others: Networks between its encoder and decoder, which the term moves too.
        needs_labels: Whether the decoder is told the label.
        shapes_y: Whether it moves what y alone depends on.
    """
    distance = losses.RECONSTRUCTION[model.reconstruction]
    encoder = model.encoder.trainable_variables
    if not shapes_y:
        encoder = upstream_variables(model.encoder, model.posterior.outputs)
    behind = [v for network in (*others, model.decoder) for v in network.trainable_variables]
    return Term(
        "reconstruction_loss",
        phase="reconstruction",
        loss=lambda forward: distance(forward.batch.images, forward.image_logits),
        variables=[*encoder, *behind],
        validated=True,
        needs_labels=needs_labels,
    )


def adversarial_terms(
    model: "AdversarialModel",
    name: str,
    discriminator: keras.Model,
    code: str,
    weight: float = 1.0,
) -> list[GameTerm]:
    """The two sides of the game over one code: the discriminator's and the encoder's (section 2).

    Args:
        model: The `AdversarialModel`.
        name: Short name of the discriminator in logs: `cat` or `gauss`.
        discriminator: Its network.
        code: The code it judges, a key of `Batch.prior` and of what the model encodes.
        weight: Factor of the generator's loss.
    """
    outputs = ["y_logits"] if code == "y" else model.posterior.outputs
    by_rows = not mixes_rows(discriminator)
    return [
        GameTerm(
            f"discriminator_{name}_loss",
            phase="discriminator",
            loss=lambda forward: losses.discriminator_loss(*forward.played(discriminator, code)),
            variables=discriminator.trainable_variables,
            discriminator=discriminator,
            by_rows=by_rows,
        ),
        GameTerm(
            f"generator_{name}_loss",
            phase="generator",
            loss=lambda forward: losses.generator_loss(forward.played(discriminator, code)[1]),
            variables=upstream_variables(model.encoder, outputs),
            weight=weight,
            discriminator=discriminator,
            by_rows=by_rows,
        ),
    ]


def judged(
    discriminator: keras.Model, prior: Named, code: Named, name: str
) -> tuple[tf.Tensor, tf.Tensor]:
    """What a discriminator is shown of a code: samples of its prior, and the code itself.

    A discriminator as wide as the code and y is told y, of samples and codes alike and without a
    gradient: it pushes the code of every class to the whole prior, so that the code says nothing of
    the class.

    Args:
        discriminator: Functional model with one input.
        prior: Samples of the priors by name, as of `Batch`.
        code: Codes by name.
        name: The code it judges.

    Returns:
        Two tensors of one shape, (batch, width of the discriminator's input).
    """
    samples, codes = prior[name], code[name]
    (shape,) = input_shapes(discriminator).values()
    if shape[-1] == codes.shape[-1]:
        return samples, codes
    y = tf.stop_gradient(code["y"])
    return tf.concat([samples, y], axis=1), tf.concat([codes, y], axis=1)


def classification_term(model: "AdversarialModel") -> Term:
    """Cross-entropy of latent y on the labelled images (section 5)."""

    def loss(forward: "Forward") -> tf.Tensor:
        batch = forward.batch
        # What stands for a label of -1 does not matter: it does not count.
        labels = ops.maximum(batch.labels, 0)
        value = losses.classification_loss(labels, forward.labeled_code["y_logits"])
        return value if batch.weights is None else value * ops.cast(batch.weights, value.dtype)

    return Term(
        "classification_loss",
        phase="classification",
        loss=loss,
        variables=upstream_variables(model.encoder, ["y_logits"]),
        validated=True,
        needs_labels=True,
        of_labels=True,
    )


def mean_of(term: Term, value: tf.Tensor, batch: Batch) -> tf.Tensor:
    """A replica's share of a term's mean over the global batch; the shares add up to it.

    Args:
        term: The `Term`.
        value: What its `loss` returned.
        batch: The `Batch` it was computed of.
    """
    if term.per == "batch":
        return ops.sum(value) / ops.cast(replicas.count(), "float32")
    if not term.of_labels:
        return ops.sum(value) / ops.cast(ops.shape(value)[0] * replicas.count(), "float32")
    # Over the labels there are, of all replicas: each has its own number of them.
    known = replicas.total(ops.sum(batch.known))
    return ops.sum(value * batch.known) / ops.maximum(known, 1.0)


def add_gradients(
    sums: dict,
    optimizer: keras.optimizers.Optimizer,
    variables: Sequence[keras.Variable],
    gradients: Sequence[tf.Tensor | None],
) -> None:
    """Add gradients to those that an optimizer is to apply to the same variables.

    Args:
        sums: Dict by optimizer's id of the optimizer, and a dict by variable's id of gradient and
            variable; it is changed.
        optimizer: Whose gradients they are.
        variables: Whose gradients they are.
        gradients: One for each variable; None where there is none.
    """
    own = sums.setdefault(id(optimizer), (optimizer, {}))[1]
    for variable, gradient in zip(variables, gradients, strict=True):
        before, _ = own.get(id(variable), (None, variable))
        if before is not None:
            gradient = before if gradient is None else before + gradient
        own[id(variable)] = gradient, variable


def updates(sums: dict) -> list[tuple]:
    """The sums of `add_gradients` as triples of optimizer, gradients and variables.

    An optimizer without variables is left out: all that its phase would move is frozen.
    """
    moved = [(optimizer, own) for optimizer, own in sums.values() if own]
    return [(optimizer, *zip(*own.values(), strict=True)) for optimizer, own in moved]


def distinct(things: Iterable[Any]) -> list[Any]:
    """Each thing once, in order."""
    return list({id(thing): thing for thing in things}.values())
