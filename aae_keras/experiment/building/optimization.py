"""How a model is compiled: an optimizer for each phase, its rates, and what XLA compiles."""

from typing import Any

import keras
import tensorflow as tf

from aae_keras.experiment.building import hardware
from aae_keras.experiment.configuration.config import Config
from aae_keras.models import AdversarialModel, FallingRate, replicas
from aae_keras.phases import PHASES, SCHEDULES


def compile_model(model: AdversarialModel, config: Config, steps_per_epoch: int) -> None:
    """Compile a model, built here or by the user, as a configuration says."""
    arguments: dict[str, Any] = {}
    recipes = phase_recipe(config, model)
    for phase, recipe in recipes.items():
        partner = _partner(config, recipes, phase)
        optimizer = _optimizer(config, *recipe, steps_per_epoch) if partner is None else partner
        arguments[PHASES[phase].argument] = optimizer
    # Replicas meet in each step.
    at_once = config.steps_per_execution if replicas.count() == 1 else 1
    model.compile(
        **arguments,
        schedule=config.schedule,
        **compilation(config),
        steps_per_execution=min(at_once, steps_per_epoch),
    )


def precision(config: Config) -> str:
    """The arithmetic of the hidden layers: `auto` is bfloat16 where the processor has it."""
    if config.precision != "auto":
        return config.precision
    return "bfloat16" if _on_cpu() and hardware.bfloat16_instructions() else "float32"


def _on_cpu():
    return not tf.config.list_physical_devices("GPU")


def compilation(config: Config) -> dict[str, Any]:
    """The arguments of `compile` that say what XLA compiles."""
    part = config.jit_compile
    if part == "auto":
        part = "step"
        if replicas.count() > 1:  # whose gradients are added up between tape and update
            part = "updates" if replicas.are_workers() else "off"
        elif precision(config) == "bfloat16" and _on_cpu():
            # TensorFlow's kernels have a rule as short as SGD's done before XLA has been called.
            part = "updates" if config.optimizer == "adam" else "off"
    return {"jit_compile": part == "step", "jit_updates": part == "updates"}


def phase_recipe(config: Config, model: AdversarialModel) -> dict[str, tuple[float, float]]:
    """Rate and momentum of each phase that the model has."""
    present = {term.phase for term in model.objective()}
    return {
        name: (
            getattr(config, f"{name}_rate"),
            config.adversarial_momentum if kind.is_adversarial else config.momentum,
        )
        for name, kind in PHASES.items()
        if name in present
    }


def _partner(config, recipes, phase):
    """The first phase of the same pass with the same rate and momentum, if it is an earlier one.

    Its optimizer serves both: their gradients are added up. For SGD that is the same as two
    optimizers; an Adam that sees the sum takes one step where two would take one each.
    """
    together = next(group for group in SCHEDULES[config.schedule] if phase in group)
    alike = (other for other in recipes if other in together and recipes[other] == recipes[phase])
    first = next(alike)
    return None if first == phase else first


def _optimizer(config, rate, momentum, steps_per_epoch):
    schedule = rate_schedule(rate, config, steps_per_epoch)
    if config.optimizer == "adam":
        return keras.optimizers.Adam(schedule, beta_1=momentum)
    return keras.optimizers.SGD(schedule, momentum=momentum)


def rate_schedule(
    rate: float, config: Config, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """`rate` over the steps: it drops after each epoch of `rate_drops`, and falls to 0 at the end.

    Drops are stated in epochs, so a run cut short has the rates of the long one's first epochs; the
    fall is a share of the epochs, and belongs to a run of that length.
    """
    if not config.rate_drops and not config.rate_fall:
        return rate
    # The Keras schedule gives step s the rate left of a boundary b while s <= b.
    boundaries = [epoch * steps_per_epoch - 1 for epoch in config.rate_drops]
    rates = [rate * config.rate_drop_factor**drops for drops in range(len(boundaries) + 1)]
    dropping = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, rates)
    if not config.rate_fall:
        return dropping
    return FallingRate(
        dropping if boundaries else rate, config.epochs * steps_per_epoch, config.rate_fall
    )
