"""The adversarial autoencoder: what its networks compute, and the step that trains them.

The step is the paper's: a batch, then phase after phase a tape, losses, updates. Speed: `fused`.
"""

import contextlib
import dataclasses
import functools

import tensorflow as tf
from keras import Model, ops
from tensorflow import Tensor

from aae_keras import noise
from aae_keras.models import fused, objective, replicas
from aae_keras.models.elements import (
    Element,
    class_indices,
    label_weights,
    unpack,
    unpack_training,
)
from aae_keras.models.objective import Batch, LogOdds, Named, Phase, Phases
from aae_keras.models.phased import PhasedModel
from aae_keras.networks import call_network
from aae_keras.priors import samples_of


class AdversarialModel(PhasedModel):
    """Base of the learning settings: a subclass sets its networks and priors, and lists its terms.

    For arguments see `PhasedModel`, for the elements of data sets `models.elements`.
    """

    def train_step(self, data: Element) -> Named:
        """One step of the paper: reconstruction, regularization, classification."""
        with replicas.adding_up(self.non_trainable_weights, mean=True):
            batch = self.make_batch(data)
            values, forwards = dict[str, Tensor](), []
            for phases in self.passes:  # the paper's: one phase in each
                with tf.GradientTape(persistent=True) as tape:
                    forward = Forward(self, batch, training=True, phases=phases)
                    values |= {term.name: term.loss(forward) for p in phases for term in p.terms}
                    losses = {phase.name: self.loss_of(phase, values, batch) for phase in phases}
                shared = self.fused and len(phases) > 1
                gradients_of = fused.gradients_of if shared else plain_gradients_of
                for optimizer, gradients, variables in gradients_of(tape, phases, losses):
                    apply = fused.compiled(optimizer) if self.jit_updates else optimizer.apply
                    apply(replicas.summed(gradients), variables)
                forwards.append(forward)
            self.step.assign_add(1)
            self.after_step(forwards[0])
        return self.report(values, forwards)

    def test_step(self, data: Element) -> Named:
        """The losses that mean something on held-out images, and the error where labels exist."""
        x, labels = unpack(data)
        labels = class_indices(labels) if labels is not None and self.classes else labels
        images = self.to_images(x)
        batch = Batch(images, images, images, labels, prior={})
        forward, terms = Forward(self, batch, False), self.validated_terms(labels is not None)
        return self.report({term.name: term.loss(forward) for term in terms}, [forward])

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        """Latent y, the probability of each category; latent z where the encoder finds no y."""
        code = self.encode(self.to_images(images), training)
        return code["y" if self.latent_y.is_encoded else "z"]

    # The batch: images and everything that is drawn at random, the same for every phase.

    def make_batch(self, data: Element) -> Batch:
        """The `Batch` of a training step, of an element of the data set."""
        needs_labels = any(term.needs_labels for term in self.terms)
        inputs, labels, weights = unpack_training(data, needs_labels)
        labels = class_indices(labels) if needs_labels else None
        weights = None if weights is None else label_weights(weights)
        labeled = self.to_images(inputs["labeled"]) if "labeled" in inputs else None
        batch = self.batch_of(self.to_images(inputs["unlabeled"]), labeled, labels)
        return dataclasses.replace(batch, distances=inputs.get("distances"), weights=weights)

    def batch_of(self, images: Tensor, labeled: Tensor | None, labels: Tensor | None) -> Batch:
        """A `Batch`: images corrupted, samples of the priors and noise of the posterior drawn."""
        return Batch(
            images=images,
            corrupted=self.corrupt(images, "corruption"),
            labeled=self.corrupt(labeled, "corruption of labeled"),
            labels=labels,
            prior=self.sample_priors(ops.shape(images)[0], labels),
            noise=self.posterior.draw(images, self.stream("posterior")),
            labeled_noise=self.posterior.draw(labeled, self.stream("posterior of labeled")),
        )

    def corrupt(self, images: Tensor | None, stream: str) -> Tensor | None:
        """What the encoder sees of images in training (appendix A); None of None."""
        if images is None:
            return None
        return noise.corrupt(images, self.stream(stream), self.input_noise, self.input_dropout)

    def sample_priors(self, count: Tensor, labels: Tensor | None) -> Named:
        """What the discriminators take for real: dict by code of samples, shape (count, dim)."""
        seeds = {name: self.stream(f"prior of {name}") for name in self.priors}
        return {name: samples_of(self.priors[name], count, seed) for name, seed in seeds.items()}

    def stream(self, name: str) -> Tensor:
        """A seed for the random draw of that name: a function of (seed, step, replica)."""
        return noise.stream(self.seed, self.step, replicas.rank(), name)

    # Codes and images.

    def encode(self, images: Tensor, training: bool = False, noise: Tensor | None = None) -> Named:
        """Codes of images, by the averaged encoder outside training.

        Args:
            images: Float in [0, 1], shape (batch, height, width, channels).
            training: As in any Keras call.
            noise: Of the posterior, shape (batch, `posterior.noise_dim`); None for zero.

        Returns:
            Dict of float32 tensors: `z` (batch, latent_dim), and where the encoder finds a latent y
            `y_logits` and `y`, its softmax, both (batch, categories).
        """
        with contextlib.nullcontext() if training else self.average.in_place():
            outputs = call_network(self.encoder, self.posterior.inputs(images, noise), training)
        code = {"z": self.posterior.z(outputs, noise)}
        if self.latent_y.is_encoded:
            code |= {"y_logits": outputs["y_logits"], "y": ops.softmax(outputs["y_logits"])}
        return code

    def code_of(self, batch: Batch, training: bool) -> Named:
        """Codes of a `Batch`'s unlabelled images, and what else its terms ask for by name."""
        return self.encode(batch.corrupted, training, batch.noise)

    def decode(self, code: Named, training: bool = False) -> Tensor:
        """Image logits, shape (batch, height, width, channels), of a dict of codes by name."""
        inputs = {tensor.name: code[tensor.name] for tensor in self.decoder.inputs}
        return call_network(self.decoder, inputs, training)["image_logits"]

    def loss_of(self, phase: Phase, values: Named, batch: Batch) -> Tensor:
        """The loss of a phase: its terms' values, each averaged and weighted, added up."""
        total = 0.0
        for term in phase.terms:
            mean = objective.mean_of(term, values[term.name], batch)
            total += (term.weight(self.step) if callable(term.weight) else term.weight) * mean
        return phase.weight * total

    def after_step(self, forward: "Forward") -> None:
        """Called once the weights have moved; `forward` is that of the step's first pass."""
        self.average.update(self.step, self.posterior.inputs(forward.batch.images, None))


class Forward:
    """One pass of a batch through the networks: each part is computed when a term first asks.

    Terms that ask for the same part share its computation, and its gradient.

    Args:
        model: The `AdversarialModel`.
        batch: The `Batch`.
        training: As in any Keras call.
        phases: The phases that share the pass; none outside training.
    """

    def __init__(self, model: AdversarialModel, batch: Batch, training: bool, phases: Phases = ()):
        self.batch, self.model, self.training = batch, model, training
        self._judge = fused.judge_of(phases, judge_codes) if model.fused else judge_codes
        self._logits: dict[tuple, LogOdds] = {}

    @functools.cached_property
    def code(self) -> Named:
        """Codes of the unlabelled images: dict of `y_logits`, `y`, `z`, or what the setting has."""
        return self.model.code_of(self.batch, self.training)

    @functools.cached_property
    def labeled_code(self) -> Named:
        """Codes of the labelled images; on held-out images, those of all."""
        if self.batch.labeled is self.batch.corrupted:
            return self.code
        return self.model.encode(self.batch.labeled, self.training, self.batch.labeled_noise)

    @functools.cached_property
    def image_logits(self) -> Tensor:
        """The decoder's reconstruction of the unlabelled images, before the sigmoid."""
        return self.model.decode(self.code, self.training)

    def log_odds(self, discriminator: Model, code: str) -> LogOdds:
        """Logits that a discriminator gives samples of the prior, and codes: (batch, 1) each."""
        return self._judged(judge_codes, discriminator, code)

    def played(self, discriminator: Model, code: str) -> LogOdds:
        """The same for `objective.adversarial_terms` alone; a term of your own takes `log_odds`.

        Where one pass serves both sides of the game, `fused` turns the gradient of these round.
        """
        return self._judged(self._judge, discriminator, code)

    def _judged(self, judge, discriminator, code):
        key = id(judge), id(discriminator), code
        if key not in self._logits:
            samples, codes = objective.judged(discriminator, self.batch.prior, self.code, code)
            self._logits[key] = judge(discriminator, samples, codes, self.training)
        return self._logits[key]


def judge_codes(discriminator: Model, samples: Tensor, codes: Tensor, training: bool) -> LogOdds:
    """Logits of prior samples and of codes, which a discriminator judges as one batch."""
    inputs = {discriminator.inputs[0].name: tf.concat([samples, codes], axis=0)}
    (logits,) = call_network(discriminator, inputs, training).values()
    return tf.split(logits, [tf.shape(samples)[0], tf.shape(codes)[0]])


def plain_gradients_of(tape: tf.GradientTape, phases: Phases, losses: Named) -> list[tuple]:
    """(optimizer, gradients, variables) of a pass; phases that share an optimizer are added up."""
    sums: dict[int, tuple] = {}
    for phase in phases:
        gradients = tape.gradient(losses[phase.name], phase.variables)
        objective.add_gradients(sums, phase.optimizer, phase.variables, gradients)
    return objective.updates(sums)
