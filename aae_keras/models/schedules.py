"""In which order the terms of a step are followed: a schedule says which phases share a pass."""

import tensorflow as tf

from aae_keras.models.terms import Forward, distinct

# Each pass takes its gradients at the weights that the pass before it left.
SCHEDULES = {
    # The paper's: one phase after the other.
    "alternating": [["reconstruction"], ["discriminator"], ["generator"], ["classification"]],
    # What fits the data, then the game.
    "paired": [["reconstruction", "classification"], ["discriminator", "generator"]],
    # Everything at the same weights.
    "simultaneous": [["reconstruction", "discriminator", "generator", "classification"]],
}


def passes(schedule, phases):
    """The phases in the groups of a schedule."""
    groups = ([phase for phase in phases if phase.name in names] for names in SCHEDULES[schedule])
    return [group for group in groups if group]


def follow(model, groups, batch):
    """One step: in each group of phases, lower the sum of their terms in what these move.

    Within a group the encoder sees the unlabelled images once, and each discriminator its samples
    and codes once; the codes serve the next group too, if the encoder has not been moved.

    Returns:
        Dict of the losses by term, one value per example, and a `Forward`: the one that has the
        codes of the labelled images, if any.
    """
    values, code, seen = {}, None, None
    for phases in groups:
        if code is None:
            tape = tf.GradientTape(persistent=True)
        with tape:
            forward = Forward(model, batch, training=True, reverse=reverse_of(phases), code=code)
            values |= {term.name: term.loss(forward) for phase in phases for term in phase.terms}
            losses = {
                phase.name: phase.weight
                * sum(term.weight * model.batch_mean(values[term.name]) for term in phase.terms)
                for phase in phases
            }
        descend(model, phases, tape, losses)
        moved = any(moves(phase, model.encoder) for phase in phases)
        code = None if moved else vars(forward).get("code")
        seen = forward if seen is None or "labeled_code" in vars(forward) else seen
    return values, seen


def reverse_of(phases):
    """Weight of the generator's loss in that of the discriminator, where one serves for both.

    None where they do not share a pass, or the generator has a term with a gradient of its own.
    """
    by_name = {phase.name: phase for phase in phases}
    if "discriminator" not in by_name or "generator" not in by_name:
        return None
    discriminator, generator = by_name["discriminator"], by_name["generator"]
    if not all(term.reversed for term in generator.terms):
        return None
    return generator.weight / discriminator.weight


def descend(model, phases, tape, losses):
    """Apply the gradients of a group of phases, phases with the same optimizer as one loss."""
    gradients = {}
    for passed in backward_passes(phases):
        names = [phase.name for phase in passed]
        if "discriminator" in names and "generator" in names:
            names.remove("generator")  # its gradient comes out of the discriminator's
        variables = distinct(variable for phase in passed for variable in phase.variables)
        found = tape.gradient([losses[name] for name in names], variables)
        found = dict(zip(map(id, variables), found, strict=True))
        for phase in passed:
            own = gradients.setdefault(id(phase.optimizer), {})
            own |= {id(variable): found[id(variable)] for variable in phase.variables}
    for optimizer in distinct(phase.optimizer for phase in phases):
        served = [phase for phase in phases if phase.optimizer is optimizer]
        variables = distinct(variable for phase in served for variable in phase.variables)
        own = gradients[id(optimizer)]
        update(model, optimizer, [own[id(variable)] for variable in variables], variables)


def backward_passes(phases):
    """Phases in groups whose gradients come from one backward pass.

    Together are phases with the same optimizer, whose gradients may be added up. The discriminator,
    whose loss would move the encoder the wrong way, goes with the generator if its gradient is
    turned into the generator's (see `Reversal`), and by itself otherwise.
    """
    groups = []
    for phase in phases:
        if phase.name == "discriminator":
            continue
        sharing = (group for group in groups if group[0].optimizer is phase.optimizer)
        group = next(sharing, None)
        if group is None:
            groups.append(group := [])
        group.append(phase)
    for phase in phases:
        if phase.name == "discriminator":
            hosts = (g for g in groups if any(other.name == "generator" for other in g))
            group = next(hosts, None) if reverse_of(phases) is not None else None
            if group is None:
                groups.append(group := [])
            group.append(phase)
    return groups


def update(model, optimizer, gradients, variables):
    """One step of an optimizer; with `jit_updates` one XLA program.

    A rule like Adam's is a dozen element-wise operations, each a pass over the weights. XLA makes
    them two, which is what counts where it does not compile the step around them.
    """
    if model.jit_updates and not tf.executing_eagerly():
        apply = tf.function(
            lambda *gradients: optimizer.apply(gradients, variables),
            jit_compile=True,
            autograph=False,
        )
        apply(*gradients)
    else:
        optimizer.apply(gradients, variables)


def moves(phase, network):
    """Whether a phase changes a network."""
    own = set(map(id, network.variables))
    return any(id(variable) in own for variable in phase.variables)
