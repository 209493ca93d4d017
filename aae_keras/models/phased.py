"""A Keras model with an optimizer per phase: how it is set up, compiled, reported and saved."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf
from keras import ops

from aae_keras import losses, ranges
from aae_keras.images import to_unit_range
from aae_keras.models import compiling, replicas
from aae_keras.models.averaging import RunningAverage
from aae_keras.models.elements import check_images
from aae_keras.models.entrances import CheckedModel
from aae_keras.models.latent_y import LatentY
from aae_keras.models.objective import Named, Term, distinct
from aae_keras.models.posteriors import Posterior
from aae_keras.models.trackers import Average, averages
from aae_keras.networks import input_shapes, output_shapes
from aae_keras.phases import PHASES
from aae_keras.priors import Prior

if TYPE_CHECKING:
    from aae_keras.models.aae import Forward


class PhasedModel(CheckedModel):
    """Keras's side of an `AdversarialModel`: arguments, compilation, reports, saving.

    A subclass sets its networks and priors as attributes, and defines `build_terms`, `priors` and
    `get_config`.

    Args:
        encoder: Functional model; see `Posterior` for its inputs and outputs.
        input_noise: Standard deviation of the Gaussian noise on the encoder's input in training,
            in units of the pixel range [0, 1]. The target of reconstruction stays clean.
        input_dropout: Share of the encoder's input values set to 0 in training, in [0, 1).
        reconstruction: Key of `losses.RECONSTRUCTION`.
        encoder_average: Decay of the running average of the encoder's weights that is used
            outside training, in [0, 1); 0 uses the weights themselves. `encoder` has the latter:
            after weights are put into it, `model.average.restart()` has the average begin there.
        averaged_statistics: Whether batch normalisation has statistics of its own for the averaged
            weights, measured in training; files that do not name it have none.
        extra_terms: A list of `Regularizer`s, whose terms are added to the setting's own.
        seed: Whole number: with the step (and replica) it decides every random draw of a step.

    Raises:
        TypeError: If the encoder is no functional model.
        ValueError: If the encoder has other inputs or outputs, or an argument is out of range.
    """

    # What latent y is; a setting says so.
    latent_y = LatentY.NONE

    def __init__(
        self,
        encoder: keras.Model,
        input_noise: float = 0.3,
        input_dropout: float = 0.0,
        reconstruction: str = "squared-error",
        encoder_average: float = 0.0,
        averaged_statistics: bool = True,
        extra_terms: Iterable[Any] = (),
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if reconstruction not in losses.RECONSTRUCTION:
            raise ValueError(
                f"`reconstruction` must be one of {', '.join(losses.RECONSTRUCTION)}. "
                f"Received: reconstruction={reconstruction!r}"
            )
        self.encoder = encoder
        self.posterior = Posterior(encoder, with_y=self.latent_y.is_encoded)
        self.input_noise = ranges.checked("input_noise", input_noise)
        self.input_dropout = ranges.checked("input_dropout", input_dropout)
        self.encoder_average = ranges.checked("encoder_average", encoder_average)
        self.reconstruction = reconstruction
        self.extra_terms = tuple(extra_terms)
        self.seed = int(seed)
        # Every random draw depends on it.
        self.step = self.add_weight(
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="step",
        )
        self.averaged_statistics = bool(averaged_statistics)
        self.average = RunningAverage(self, encoder, self.encoder_average, self.averaged_statistics)
        self.built = True

    # What a setting says.

    def build_terms(self) -> list[Term]:
        """The `Term`s that define the setting; a subclass returns them."""
        raise NotImplementedError(f"{type(self).__name__} must define `build_terms`.")

    @property
    def priors(self) -> dict[str, Prior]:
        """The priors by the code that each is the target of: `y`, `z`."""
        return {}

    @property
    def categories(self) -> int:
        """How many values y has; 0 where it is no part of the code."""
        return output_shapes(self.encoder)["y_logits"][-1] if self.latent_y.is_encoded else 0

    @property
    def classes(self) -> int:
        """How many classes labels may name; 0 in a setting that uses no label."""
        return self.categories if self.latent_y.is_class else 0

    def objective(self) -> list[Term]:
        """The setting's terms and the extra ones, for the layers that are trainable now."""
        extra = (term for source in self.extra_terms for term in source.terms(self))
        return [*self.build_terms(), *extra]

    # Compiling.

    def compile(
        self,
        optimizer: keras.optimizers.Optimizer | str | None = None,
        discriminator_optimizer: keras.optimizers.Optimizer | str | None = None,
        generator_optimizer: keras.optimizers.Optimizer | str | None = None,
        classification_optimizer: keras.optimizers.Optimizer | str | None = None,
        schedule: str = "alternating",
        phase_weights: Mapping[str, float] | None = None,
        fused: bool = True,
        jit_updates: bool = False,
        metrics: Any = None,
        weighted_metrics: Any = None,
        **kwargs: Any,
    ) -> None:
        """Give each phase its optimizer and build it, so that its state is saved and restored.

        Args:
            optimizer: Of the reconstruction phase; a Keras optimizer or its name. Like the other
                three it defaults to the paper's SGD: rates 0.01 (reconstruction) and 0.1, momentum
                0.9 (0.1 for discriminator and generator).
            discriminator_optimizer, generator_optimizer, classification_optimizer: Likewise, or
                where the schedule takes both in one pass the name of an earlier phase, to share
                its optimizer. One that the setting has no phase for is not used.
            schedule: Key of `phases.SCHEDULES`: `alternating`, the paper's, `paired` or
                `simultaneous`.
            phase_weights: Factors of the phases' losses by phase, 1 where not given.
            fused: Whether phases that share a pass share backward passes where they can: the same
                gradients, sooner.
            jit_updates: Whether XLA compiles the optimizers' updates where `jit_compile=False`
                keeps it from the step as a whole. On one device only.
            metrics, weighted_metrics: Keras metrics that compare labels with latent y, one or a
                list. Both count every image that has a label once.
            **kwargs: `steps_per_execution`, `jit_compile` and the rest of `keras.Model.compile`,
                but for `loss`.

        Raises:
            ValueError: If an argument is unknown or cannot be followed.
        """
        given = dict(
            reconstruction=optimizer,
            discriminator=discriminator_optimizer,
            generator=generator_optimizer,
            classification=classification_optimizer,
        )
        own = metrics or weighted_metrics
        compiling.check(self, schedule, phase_weights, jit_updates, own, **kwargs)
        compiling.check_no_loss(**kwargs)
        self.terms = self.objective()
        compiling.check_terms(self.terms, self.variables)
        known = getattr(self, "trackers", {})  # of an earlier compilation: Keras forgets no metric
        self.trackers = {name: known.get(name) or new for name, new in averages(self.terms).items()}
        self.error_rate = getattr(self, "error_rate", None) or Average("error_rate")
        own_metrics = [*_listed(metrics), *_listed(weighted_metrics)]
        self.has_metrics = bool(own_metrics)
        self.schedule, self.fused, self.jit_updates = schedule, bool(fused), bool(jit_updates)
        self.phase_weights = dict(phase_weights or {})
        self.phases = compiling.build_phases(self.terms, given, schedule, self.phase_weights)
        self.passes = compiling.passes(schedule, self.phases)
        # By name where it is another phase's, so that a loaded model shares it again.
        self._given = {name: own if own in PHASES else None for name, own in given.items()}
        for phase in self.phases:
            if PHASES[phase.name].argument != "optimizer":
                setattr(self, PHASES[phase.name].argument, phase.optimizer)
        # The first phase's optimizer is the main one: callbacks look for `model.optimizer`.
        super().compile(
            optimizer=self.phases[0].optimizer,
            # Keras passes weights to the latter alone: 0 for an image without a label.
            weighted_metrics=own_metrics or None,
            **kwargs,
        )

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        """The optimizers, each once, in the order of `phases`."""
        return distinct(phase.optimizer for phase in self.phases)

    # What a step needs beside the method itself.

    def to_images(self, x: tf.Tensor) -> tf.Tensor:
        """Images as the encoder takes them: float32 in [0, 1], flat vectors brought to its shape.

        Args:
            x: uint8, or float in [0, 1]; shape (batch, height, width, channels), (batch, height,
                width) of grey images, or flat.

        Raises:
            TypeError, DataError: If it is known to have another type or shape.
        """
        shape = input_shapes(self.encoder)["image"][1:]
        check_images(x, shape)
        images = to_unit_range(x)
        known = tf.TensorShape(images.shape)
        if known.rank and known[1:].is_compatible_with(shape):
            return images
        return tf.reshape(images, (tf.shape(images)[0], *shape))

    def validated_terms(self, with_labels: bool) -> list[Term]:
        """The terms that mean something on held-out images, with or without labels.

        Raises:
            ValueError: If there are none.
        """
        terms = [
            term for term in self.terms if term.validated and (with_labels or not term.needs_labels)
        ]
        if not terms:
            raise ValueError(
                "Validation of this setting needs labels: pass elements of (images, labels), or "
                "`fit` no `validation_data`. Received: no label"
            )
        return terms

    def report(self, values: Named, forwards: Sequence["Forward"]) -> Named:
        """Update the means of the epoch, which are over all its examples; returns them.

        Args:
            values: Dict by term of its values.
            forwards: The `Forward` of each pass.
        """
        batch = forwards[0].batch
        classified = batch.labels is not None and self.latent_y == LatentY.CLASS
        with replicas.adding_up(self.metrics_variables):
            for term in self.terms:
                if term.name in values:
                    counted = batch.known if term.of_labels else None
                    if term.per == "batch":  # the last of an epoch may be a small one
                        counted = ops.cast(ops.shape(batch.images)[0], "float32")
                    self.trackers[term.name].update_state(values[term.name], sample_weight=counted)
            if classified:
                # Of the pass that has encoded the labelled images already.
                forward = next((f for f in forwards if "labeled_code" in vars(f)), forwards[0])
                y = forward.labeled_code["y"]
                wrong = ops.not_equal(ops.argmax(y, axis=-1), ops.cast(batch.labels, "int32"))
                self.error_rate.update_state(ops.cast(wrong, "float32"), sample_weight=batch.known)
                labels = ops.maximum(batch.labels, 0)
                self.compute_metrics(batch.labeled, labels, y, sample_weight=batch.known)
        logs = self.get_metrics_result()
        reported = {self._loss_tracker.name, *values}
        if classified:
            reported |= logs.keys() - self.trackers.keys()
        return {name: value for name, value in logs.items() if name in reported}

    def get_metrics_result(self) -> dict[str, Any]:
        """What is reported so far; `loss` is the sum of the terms' means, each over its examples.

        Keras asks for it after each step and at the end of an epoch.
        """
        fed = [metric for metric in self.metrics if getattr(metric, "built", True)]
        results = {metric.name: metric.result() for metric in fed}
        own = results.pop("compile_metrics", {})
        total = sum(tracker.result_or_zero() for tracker in self.trackers.values())
        return results | own | {self._loss_tracker.name: total}

    # Saving.

    def get_config(self) -> dict[str, Any]:
        """Networks, priors and numbers: what the constructor takes."""
        return {
            **super().get_config(),
            "encoder": self.encoder,
            "input_noise": self.input_noise,
            "input_dropout": self.input_dropout,
            "reconstruction": self.reconstruction,
            "encoder_average": self.encoder_average,
            "averaged_statistics": self.averaged_statistics,
            "extra_terms": list(self.extra_terms),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The model that `get_config` describes, of the parts themselves or as a file has them."""
        config = {"averaged_statistics": False} | config  # unless a file says otherwise
        return cls(**{name: _read(value) for name, value in config.items()})

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile_from_config` needs to compile a loaded model like this one."""
        config = super().get_compile_config()
        if config:
            config.pop("optimizer")
            for phase in self.phases:
                own = keras.saving.serialize_keras_object(phase.optimizer)
                config[PHASES[phase.name].argument] = self._given[phase.name] or own
            names = ("schedule", "phase_weights", "fused", "jit_updates")
            config |= {name: getattr(self, name) for name in names}
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` says."""
        self.compile(**keras.saving.deserialize_keras_object(config))


def _read(value):
    """A part of a configuration: read where it is written, itself where it is not."""
    if isinstance(value, list):
        return [_read(item) for item in value]
    return keras.saving.deserialize_keras_object(value) if isinstance(value, dict) else value


def _listed(metrics):
    return metrics if isinstance(metrics, list | tuple) else [metrics] if metrics else []
