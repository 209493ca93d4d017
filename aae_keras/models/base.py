"""What every learning setting shares: its terms, the step, its noise, and saving.

A setting is a list of `Term`s: a loss, the phase it belongs to, and the variables it moves. The
step is written once: it takes the phases in the groups of a schedule, and lowers the sum of each
phase's terms with the phase's optimizer.
"""

import contextlib

import keras
import tensorflow as tf
from keras import ops

from aae_keras import losses, noise
from aae_keras.images import to_unit_range
from aae_keras.models.averaging import RunningAverage
from aae_keras.models.phased import PhasedModel
from aae_keras.models.schedules import follow, passes
from aae_keras.models.terms import Batch, Forward, Term
from aae_keras.networks import (
    call_network,
    check_network,
    mixes_rows,
    output_shapes,
    upstream_variables,
)

# The encoder's output that each code comes from.
ENCODER_OUTPUT = {"y": "y_logits", "z": "z"}


class AdversarialModel(PhasedModel):
    """Base of the learning settings: a subclass says what its networks and its terms are.

    Use it like any Keras model. A training element is `({"unlabeled": x_u, "labeled": x_l},
    labels)`, a validation element `(x, labels)` or `(x,)`; images are uint8, or float in [0, 1].

    Args:
        parts: Dict of the networks and priors, by the names they have in the subclass's
            constructor; each becomes an attribute.
        priors: Dict of those priors by the code they are the target of, `y` or `z`.
        input_noise: Standard deviation of the Gaussian noise on the encoder's input in training,
            in units of the pixel range [0, 1]. The target of reconstruction stays clean.
        reconstruction: Key of `losses.RECONSTRUCTION`.
        encoder_average: Decay of the running average of the encoder's weights that is used
            outside training, in [0, 1); 0 uses the weights themselves. `encoder` has the latter.
        seed: Whole number: with the step (and replica) it decides every random draw.

    Raises:
        TypeError: If the encoder is no functional model.
        ValueError: If the encoder has other inputs or outputs, a prior has not as many dimensions
            as its code, or an argument is out of range.
    """

    def __init__(
        self,
        parts,
        priors,
        input_noise=0.3,
        reconstruction="squared-error",
        encoder_average=0.0,
        seed=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_network("encoder", parts["encoder"], ["image"], ["y_logits", "z"])
        if not input_noise >= 0:
            raise ValueError(f"`input_noise` must be at least 0. Received: {input_noise=}")
        if not 0 <= encoder_average < 1:
            raise ValueError(f"`encoder_average` must lie in [0, 1). Received: {encoder_average=}")
        if reconstruction not in losses.RECONSTRUCTION:
            raise ValueError(
                f"`reconstruction` must be one of {', '.join(losses.RECONSTRUCTION)}. "
                f"Received: reconstruction={reconstruction!r}"
            )
        self.part_names = tuple(parts)
        for name, part in parts.items():
            setattr(self, name, part)
        self.priors = priors
        self.input_noise = float(input_noise)
        self.reconstruction = reconstruction
        self.seed = int(seed)
        self.step = self.add_weight(
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="step",
        )
        self.encoder_average = float(encoder_average)
        self._average = RunningAverage(self, self.encoder, self.encoder_average)
        self._check_codes()
        self._check_regularizers()
        self.terms = self.build_terms()
        self.trackers = {term.name: keras.metrics.Mean(name=term.name) for term in self.terms}
        self.error_rate = keras.metrics.Mean(name="error_rate")
        self.built = True

    # What a setting is made of.

    def build_terms(self):
        """The `Term`s that define the setting; a subclass returns them."""
        raise NotImplementedError(f"{type(self).__name__} must define `build_terms`.")

    def reconstruction_term(self):
        """The decoded code of the corrupted image against the clean image (section 2)."""
        distance = losses.RECONSTRUCTION[self.reconstruction]
        return Term(
            "reconstruction_loss",
            phase="reconstruction",
            loss=lambda forward: distance(forward.batch.images, forward.image_logits),
            moves=self.encoder.trainable_variables + self.decoder.trainable_variables,
            validated=True,
        )

    def adversarial_terms(self, name, discriminator, code):
        """The game over one code: the discriminator's term and the encoder's (section 2).

        Args:
            name: Short name of the discriminator, for logs: `cat` or `gauss`.
            discriminator: Its network.
            code: Which code it judges, `y` or `z`.
        """

        return [
            Term(
                f"discriminator_{name}_loss",
                phase="discriminator",
                loss=lambda forward: losses.discriminator_loss(
                    *forward.log_odds(discriminator, code)
                ),
                moves=discriminator.trainable_variables,
            ),
            Term(
                f"generator_{name}_loss",
                phase="generator",
                loss=lambda forward: losses.generator_loss(
                    forward.code_log_odds(discriminator, code)
                ),
                moves=upstream_variables(self.encoder, ENCODER_OUTPUT[code]),
                reversed=not mixes_rows(discriminator),
            ),
        ]

    def classification_term(self):
        """Cross-entropy of latent y on the labelled images (section 5)."""
        return Term(
            "classification_loss",
            phase="classification",
            loss=lambda forward: losses.classification_loss(
                forward.batch.labels, forward.labeled_code["y_logits"]
            ),
            moves=upstream_variables(self.encoder, "y_logits"),
            validated=True,
        )

    # What the model computes.

    def encode(self, images, training=False):
        """Codes of images.

        Args:
            images: Float in [0, 1], shape (batch, height, width, channels).

        Returns:
            Dict of `y_logits`, `y` (its softmax; both (batch, num_classes)) and `z`
            (batch, latent_dim), float32.
        """
        with contextlib.nullcontext() if training else self._average.in_place():
            code = call_network(self.encoder, {"image": images}, training)
        return {**code, "y": ops.softmax(code["y_logits"])}

    def decode(self, code, training=False):
        """Image logits of the codes `y` and `z`, shape (batch, height, width, channels)."""
        inputs = {"y": code["y"], "z": code["z"]}
        return call_network(self.decoder, inputs, training)["image_logits"]

    def call(self, images, training=False):
        """Latent y: the probability of each class, shape (batch, num_classes)."""
        return self.encode(to_unit_range(images), training)["y"]

    # The step.

    def train_step(self, data):
        """One step of the paper: reconstruction, regularization, classification.

        The schedule decides whether the phases follow each other or share their passes.
        """
        batch = self.draw(data)
        values, forward = follow(self, passes(self.schedule, self.phases), batch)
        self.step.assign_add(1)
        self._average.update(self.step)
        return self.track(values, forward)

    def batch_mean(self, per_example):
        """Sum over the examples, divided by the global batch size, so that replicas add up."""
        replicas = self.distribute_strategy.num_replicas_in_sync
        return ops.sum(per_example) / ops.cast(ops.shape(per_example)[0] * replicas, "float32")

    def draw(self, data):
        """The batch of a training step: its images scaled and corrupted, its prior samples."""
        inputs, labels = _unpack(data)
        images = to_unit_range(inputs["unlabeled"])
        labeled = to_unit_range(inputs["labeled"])
        seeds = self.random_seeds()
        return Batch(
            images=images,
            corrupted=self.corrupt(images, next(seeds)),
            labeled=self.corrupt(labeled, next(seeds)),
            labels=labels,
            prior={
                name: prior.sample(ops.shape(images)[0], next(seeds))
                for name, prior in self.priors.items()
            },
        )

    def corrupt(self, images, seed):
        """Images with Gaussian noise added, the denoising criterion of appendix A."""
        if not self.input_noise:
            return images
        return images + self.input_noise * noise.normal(ops.shape(images), seed)

    def random_seeds(self):
        """Endless seeds for stateless draws: functions of (seed, step, replica) and their rank."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        base = tf.stack([tf.cast(self.seed, "int64"), tf.convert_to_tensor(self.step)])
        base = noise.fold_in(base, tf.cast(replica, "int64"))
        rank = 0
        while True:
            yield noise.fold_in(base, rank)
            rank += 1

    def test_step(self, data):
        """The losses that mean something on held-out images, and the error where labels exist."""
        x, labels = _unpack(data)
        images = to_unit_range(x)
        batch = Batch(images, images, images, labels, prior={})
        forward = Forward(self, batch, training=False)
        values = {
            term.name: term.loss(forward)
            for term in self.terms
            if term.validated and (labels is not None or term.phase != "classification")
        }
        logs = self.track(values, forward)
        silent = self.trackers.keys() - values.keys()
        return {name: value for name, value in logs.items() if name not in silent}

    def track(self, values, forward):
        """Update the running means of the epoch; returns them all.

        Means are over every example of the epoch, not over the last batch.
        """
        for name, value in values.items():
            self.trackers[name].update_state(value)
        self._loss_tracker.update_state(
            sum(ops.mean(value) for value in values.values()),
            sample_weight=ops.shape(forward.batch.images)[0],
        )
        labels = forward.batch.labels
        if labels is None:
            trackers = (self._loss_tracker, *self.trackers.values())
            return {tracker.name: tracker.result() for tracker in trackers}
        y = forward.labeled_code["y"]
        wrong = ops.not_equal(ops.argmax(y, axis=-1), ops.cast(labels, "int32"))
        self.error_rate.update_state(ops.cast(wrong, "float32"))
        return self.compute_metrics(forward.batch.labeled, labels, y)

    # Saving.

    def get_config(self):
        """Networks, priors and numbers: what the constructor takes."""
        numbers = ("input_noise", "reconstruction", "encoder_average", "seed")
        own = {name: getattr(self, name) for name in (*self.part_names, *numbers)}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config):
        """The model that `get_config` describes."""
        return cls(
            **{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()}
        )

    def _check_regularizers(self):
        for name in self.part_names:
            if getattr(getattr(self, name), "losses", None):
                raise ValueError(
                    f"`{name}` has regularizers or activity losses, which belong to no phase and "
                    "would be left out. Use the optimizers' `weight_decay`, or a term of your own."
                )

    def _check_codes(self):
        shapes = output_shapes(self.encoder)
        for code, prior in self.priors.items():
            found = shapes[ENCODER_OUTPUT[code]]
            if found != (None, prior.dim):
                raise ValueError(
                    f"The prior of {code} must have as many dimensions as the encoder's "
                    f"{ENCODER_OUTPUT[code]}, whose shape is {found}. Received: dim={prior.dim}"
                )


def _unpack(data):
    x, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    if weights is not None:
        raise ValueError("`sample_weight` and `class_weight` are not supported; leave them out.")
    return x, labels
