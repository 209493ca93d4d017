"""From terms and optimizers to the phases of a compiled model, checked."""

import typing
from collections.abc import Mapping, Sequence

import keras
from keras import ops

from aae_keras.models import replicas
from aae_keras.models.latent_y import LatentY
from aae_keras.models.objective import Phase, Term, distinct
from aae_keras.networks import all_layers, call_network
from aae_keras.phases import PHASES, SCHEDULES

if typing.TYPE_CHECKING:
    from aae_keras.models.phased import PhasedModel


def build_phases(
    terms: Sequence[Term],
    given: Mapping[str, typing.Any],
    schedule: str,
    weights: Mapping[str, float],
) -> list[Phase]:
    """The `Phase`s that a setting has terms for, in the paper's order, each optimizer built.

    Args:
        terms: The `Term`s of the model.
        given: Dict by phase of its optimizer: a Keras optimizer, its name, the name of an earlier
            phase that it is shared with, or None for the paper's SGD.
        schedule: Key of `phases.SCHEDULES`.
        weights: Dict by phase of the factor of its loss; 1 where not given.

    Raises:
        ValueError: If phases of different passes share an optimizer, or one is of no use here.
    """
    by_name: dict[str, Phase] = {}
    for name, kind in PHASES.items():
        own = [term for term in terms if term.phase == name]
        if not own:
            continue
        if given[name] in by_name:
            optimizer = by_name[given[name]].optimizer
        else:
            optimizer = given[name] or keras.optimizers.SGD(kind.rate, kind.momentum)
            optimizer = keras.optimizers.get(optimizer)
            _check_optimizer(optimizer, name)
        variables = distinct(variable for term in own for variable in term.variables)
        by_name[name] = Phase(name, own, variables, optimizer, weights.get(name, 1.0))
    if idle := set(weights) - set(by_name):
        raise ValueError(
            f"`phase_weights`: this model has the phases {', '.join(by_name)}. "
            f"Received: {', '.join(sorted(idle))}"
        )
    phases = list(by_name.values())
    together = passes(schedule, phases)
    for optimizer in distinct(phase.optimizer for phase in phases):
        sharing = [phase for phase in phases if phase.optimizer is optimizer]
        if not any(all(phase in one for phase in sharing) for one in together):
            raise ValueError(
                f"In the {schedule} schedule these phases step by themselves, so each "
                "needs an optimizer of its own. Received: the same one for "
                f"{' and '.join(phase.name for phase in sharing)}"
            )
        optimizer.build(distinct(v for phase in sharing for v in phase.variables))
    return phases


def _check_optimizer(optimizer, phase):
    """Refuse what Keras does beside a step, which here is of a part of the variables."""
    if optimizer.use_ema:
        raise ValueError(
            "`use_ema` is not supported: Keras would put averages of one phase's variables "
            f"in place of others. Received: use_ema=True for the {phase} phase"
        )
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if scaled or optimizer.loss_scale_factor:
        raise ValueError(
            "Scaled losses are not supported: gradients would be divided by a factor that no "
            "loss has been multiplied by. Pass the optimizer within it, and compute in "
            "bfloat16 (`mixed_bfloat16`), which needs no scaling. Received: "
            f"{type(optimizer).__name__} for the {phase} phase"
        )


def passes(schedule: str, phases: Sequence[Phase]) -> list[list[Phase]]:
    """The phases in the groups of a schedule: each group shares a pass."""
    groups = ([phase for phase in phases if phase.name in names] for names in SCHEDULES[schedule])
    return [group for group in groups if group]


def check(
    model: "PhasedModel",
    schedule: str,
    phase_weights: Mapping[str, float] | None,
    jit_updates: bool,
    metrics: typing.Any,
    steps_per_execution: int = 1,
    jit_compile: typing.Any = False,
    **others: typing.Any,
) -> None:
    """Refuse arguments of `compile` that cannot be followed.

    Raises:
        ValueError: If one is unknown, out of range, or of no use for this model.
    """
    if schedule not in SCHEDULES:
        raise ValueError(
            f"`schedule` must be one of {', '.join(SCHEDULES)}. Received: schedule={schedule!r}"
        )
    if unknown := set(phase_weights or {}) - set(PHASES):
        raise ValueError(
            f"`phase_weights` must have keys among {', '.join(PHASES)}. "
            f"Received: {', '.join(sorted(unknown))}"
        )
    for name, weight in (phase_weights or {}).items():
        if not weight > 0:
            raise ValueError(f"`phase_weights` must be above 0. Received: {name}={weight}")
    _check_replicas(model.distribute_strategy, jit_updates, jit_compile, steps_per_execution)
    if metrics and model.latent_y != LatentY.CLASS:
        raise ValueError(
            "`metrics` compare labels with latent y, and no label teaches it in this setting. "
            f"Leave them out; `scoring.scores` has those that fit. Received: {metrics=}"
        )
    for name, network in model.get_config().items():
        if not isinstance(network, keras.Model):
            continue
        if any(layer.compute_dtype == "float16" for layer in all_layers(network)):
            raise ValueError(
                f"`{name}` computes in float16, whose small gradients need a scaled loss, which is "
                "not supported. Build it in `mixed_bfloat16`, but for its last layers, or float32."
            )
        if _has_losses(network):
            raise ValueError(
                f"`{name}` has regularizers or activity losses, which belong to no phase and "
                "would be left out. Use the optimizers' `weight_decay`, or a term of your own."
            )


def _has_losses(network):
    """Whether a network has losses of its own; some are there only once it has been called."""
    inputs = {
        tensor.name: ops.zeros([size or 1 for size in tensor.shape], tensor.dtype)
        for tensor in network.inputs
    }
    with keras.StatelessScope(collect_losses=True) as scope:
        call_network(network, inputs, training=True)
    return bool(network.losses or scope.losses)


def _check_replicas(strategy, jit_updates, jit_compile, steps_per_execution):
    """Refuse what Keras or XLA cannot do for several replicas."""
    mirrored = strategy.num_replicas_in_sync
    number = max(mirrored, replicas.count())
    if jit_updates and mirrored > 1:
        raise ValueError(
            "`jit_updates` works on one device: replicas must add up their gradients first. "
            f"Received: jit_updates=True on {mirrored}"
        )
    if jit_compile is True and number > 1:
        raise ValueError(
            "`jit_compile` works on one device: XLA has no way to add up what replicas computed. "
            f"Received: jit_compile=True on {number}"
        )
    if steps_per_execution > 1 and number > 1:
        raise ValueError(
            "`steps_per_execution` must be 1 on several devices, as replicas meet in each step. "
            f"Received: steps_per_execution={steps_per_execution} on {number}"
        )


def check_terms(terms: Sequence[Term], variables: Sequence[keras.Variable]) -> None:
    """Refuse no terms at all, some that could not be told apart, or variables that are not saved.

    Args:
        terms: Of the model.
        variables: Of the model.

    Raises:
        ValueError: If there are any.
    """
    if not terms:
        raise ValueError(
            "There is nothing to learn: this setting has no term of its own. Give it "
            "`extra_terms`, such as MarginalEntropy and ConditionalEntropy. Received: none"
        )
    names = [term.name for term in terms]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(
            "Each term needs a name of its own in logs and history. "
            f"Received twice: {', '.join(sorted(twice))}"
        )
    known = set(map(id, variables))
    for term in terms:
        strange = [variable.path for variable in term.variables if id(variable) not in known]
        if strange:
            raise ValueError(
                f"The term {term.name} moves variables that are no part of the model, so that no "
                "file and no checkpoint would hold them. Make their network an attribute of the "
                f"model. Received: {strange[0]}"
            )


def check_no_loss(
    loss: typing.Any = None, loss_weights: typing.Any = None, **others: typing.Any
) -> None:
    """Refuse Keras's own losses.

    Raises:
        ValueError: If there are any.
    """
    if loss or loss_weights:
        raise ValueError(
            "The losses are the setting's terms: leave `loss` and `loss_weights` out; "
            "`phase_weights` weighs the phases."
        )
