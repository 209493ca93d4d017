"""A Keras model with an optimizer per phase: compiling it, and saving how it was compiled."""

import keras

from aae_keras.models.schedules import SCHEDULES, passes
from aae_keras.models.terms import Phase, distinct

# The paper's order (section 2 and 5), and the argument of `compile` that steps each phase.
PHASES = {
    "reconstruction": "optimizer",
    "discriminator": "discriminator_optimizer",
    "generator": "generator_optimizer",
    "classification": "classification_optimizer",
}

# The paper's semi-supervised MNIST recipe: (rate, momentum). The adversarial momentum is low.
PAPER_SGD = {
    "reconstruction": (0.01, 0.9),
    "discriminator": (0.1, 0.1),
    "generator": (0.1, 0.1),
    "classification": (0.1, 0.9),
}


class PhasedModel(keras.Model):
    """A model whose objective is a list of terms, each belonging to a phase.

    A subclass defines `build_terms`.
    """

    def compile(
        self,
        optimizer=None,
        discriminator_optimizer=None,
        generator_optimizer=None,
        classification_optimizer=None,
        schedule="alternating",
        phase_weights=None,
        jit_updates=False,
        **kwargs,
    ):
        """Give each phase its optimizer and build it, so that its state is saved and restored.

        Args:
            optimizer: Of the reconstruction phase; a Keras optimizer or its name. Like the other
                three it defaults to the paper's SGD: rates 0.01 (reconstruction) and 0.1, momentum
                0.9 (0.1 for discriminator and generator).
            discriminator_optimizer, generator_optimizer, classification_optimizer: Likewise, or
                where the schedule takes both in one pass the name of an earlier phase, to share
                its optimizer.
                One that the setting has no phase for is not used.
            schedule: Key of `SCHEDULES`: `alternating`, the paper's, `paired` or `simultaneous`.
            phase_weights: Factors of the phases' losses by phase, 1 where not given. With a shared
                SGD optimizer they stand for the ratio of the phases' rates, exactly.
            jit_updates: Whether XLA compiles the optimizers' updates where `jit_compile=False`
                keeps it from the step as a whole. On one device only.
            **kwargs: `metrics`, `steps_per_execution`, `jit_compile` and the rest of
                `keras.Model.compile`, but for `loss`. Metrics compare labels with latent y.

        Raises:
            ValueError: If an argument is unknown or cannot be followed.
        """
        if kwargs.get("loss") or kwargs.get("loss_weights"):
            raise ValueError(
                "The losses are the setting's terms: leave `loss` and `loss_weights` out; "
                "`phase_weights` weighs the phases."
            )
        if schedule not in SCHEDULES:
            raise ValueError(
                f"`schedule` must be one of {', '.join(SCHEDULES)}. Received: schedule={schedule!r}"
            )
        given = {
            "reconstruction": optimizer,
            "discriminator": discriminator_optimizer,
            "generator": generator_optimizer,
            "classification": classification_optimizer,
        }
        if unknown := set(phase_weights or {}) - set(PHASES):
            raise ValueError(
                f"`phase_weights` must have keys among {', '.join(PHASES)}. "
                f"Received: {', '.join(sorted(unknown))}"
            )
        for name, weight in (phase_weights or {}).items():
            if not weight > 0:
                raise ValueError(f"`phase_weights` must be above 0. Received: {name}={weight}")
        if jit_updates and self.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError(
                "`jit_updates` works on one device: replicas must add up their gradients first. "
                f"Received: jit_updates=True on {self.distribute_strategy.num_replicas_in_sync}"
            )
        # Again, since layers may have been frozen since the model was made.
        self.terms = self.build_terms()
        self.schedule = schedule
        self.jit_updates = bool(jit_updates)
        self._phase_weights = dict(phase_weights or {})
        self._shared = {}
        self._phases = self._build_phases(given)
        for phase in self._phases:
            if PHASES[phase.name] != "optimizer":
                setattr(self, PHASES[phase.name], phase.optimizer)
        # The first phase's optimizer is the main one: callbacks look for `model.optimizer`.
        super().compile(optimizer=self._phases[0].optimizer, **kwargs)

    def _build_phases(self, given):
        phases = {}
        for name in PHASES:
            terms = [term for term in self.terms if term.phase == name]
            if not terms:
                continue
            if given[name] in phases:
                self._shared[name] = given[name]
                optimizer = phases[given[name]].optimizer
            else:
                optimizer = keras.optimizers.get(
                    given[name] or keras.optimizers.SGD(*PAPER_SGD[name])
                )
            if optimizer.use_ema:
                raise ValueError(
                    "`use_ema` is not supported: Keras would put averages of one phase's variables "
                    f"in place of others. Received: use_ema=True for the {name} phase"
                )
            variables = distinct(variable for term in terms for variable in term.moves)
            weight = self._phase_weights.get(name, 1.0)
            phases[name] = Phase(name, terms, variables, optimizer, weight)
        for optimizer in distinct(phase.optimizer for phase in phases.values()):
            sharing = [phase for phase in phases.values() if phase.optimizer is optimizer]
            if not any(
                all(phase in together for phase in sharing)
                for together in passes(self.schedule, phases.values())
            ):
                raise ValueError(
                    f"In the {self.schedule} schedule these phases step by themselves, so each "
                    "needs an optimizer of its own. Received: the same one for "
                    f"{' and '.join(phase.name for phase in sharing)}"
                )
            optimizer.build(distinct(v for phase in sharing for v in phase.variables))
        return list(phases.values())

    @property
    def phases(self):
        """The phases of the compiled model, in the paper's order."""
        return self._phases

    @property
    def optimizers(self):
        """The optimizers, each once, in the order of `phases`."""
        return distinct(phase.optimizer for phase in self._phases)

    def get_compile_config(self):
        """What `compile_from_config` needs to compile a loaded model like this one."""
        config = super().get_compile_config()
        if config:
            config.pop("optimizer")
            for phase in self.phases:
                config[PHASES[phase.name]] = self._shared.get(
                    phase.name
                ) or keras.saving.serialize_keras_object(phase.optimizer)
            config["schedule"] = self.schedule
            config["phase_weights"] = self._phase_weights
            config["jit_updates"] = self.jit_updates
        return config

    def compile_from_config(self, config):
        """Compile as `get_compile_config` says."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def fit(self, *args, shuffle=False, **kwargs):
        """`keras.Model.fit`; the order is the data set's own, so `shuffle` is False by default."""
        return super().fit(*args, shuffle=shuffle, **kwargs)
