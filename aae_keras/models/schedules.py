"""In which order the terms of a step are followed: two schedules over the same phases.

A schedule is a function of the model, its phases and the batch.
"""

import tensorflow as tf

from aae_keras.models.terms import Forward, distinct


def alternating(model, phases, batch):
    """The paper's: one phase after the other, each at the weights the phase before it left.

    The codes are encoded anew after a phase that moved the encoder, and shared otherwise: by
    discriminator and generator.

    Returns:
        Dict of the losses by term, one value per example, and the last `Forward`.
    """
    values, code = {}, None
    for phase in phases:
        if code is None:
            tape = tf.GradientTape(persistent=True)
        with tape:
            forward = Forward(model, batch, training=True, code=code)
            losses = {term.name: term.loss(forward) for term in phase.terms}
            loss = phase.weight * sum(map(model.batch_mean, losses.values()))
        update(model, phase.optimizer, tape.gradient(loss, phase.variables), phase.variables)
        values |= losses
        code = None if moves(phase, model.encoder) else vars(forward).get("code")
    return values, forward


def moves(phase, network):
    """Whether a phase changes a network."""
    own = set(map(id, network.trainable_variables))
    return any(id(variable) in own for variable in phase.variables)


def simultaneous(model, phases, batch):
    """All gradients at the same weights, from passes that the phases share.

    The encoder sees the unlabelled images once, each discriminator its samples and codes once. The
    generator's gradient comes out of the discriminator's backward pass (see `Reversal`). Phases
    with the same optimizer are followed as one loss.

    Returns:
        As `alternating`.
    """
    weights = {phase.name: phase.weight for phase in phases}
    ratio = weights.get("generator", 1.0) / weights.get("discriminator", 1.0)
    with tf.GradientTape(persistent=True) as tape:
        forward = Forward(model, batch, training=True, reverse=ratio)
        values = {term.name: term.loss(forward) for phase in phases for term in phase.terms}
        losses = {
            phase.name: phase.weight
            * sum(model.batch_mean(values[term.name]) for term in phase.terms)
            for phase in phases
        }
    gradients = {}
    for passed in backward_passes(phases):
        followed = [losses[phase.name] for phase in passed if phase.name != "generator"]
        variables = distinct(variable for phase in passed for variable in phase.variables)
        found = dict(zip(map(id, variables), tape.gradient(followed, variables), strict=True))
        for phase in passed:
            moved = gradients.setdefault(id(phase.optimizer), {})
            moved |= {id(variable): found[id(variable)] for variable in phase.variables}
    for optimizer in distinct(phase.optimizer for phase in phases):
        served = [phase for phase in phases if phase.optimizer is optimizer]
        variables = distinct(variable for phase in served for variable in phase.variables)
        moved = gradients[id(optimizer)]
        update(model, optimizer, [moved[id(variable)] for variable in variables], variables)
    return values, forward


def update(model, optimizer, gradients, variables):
    """One step of an optimizer; with `jit_updates` one XLA program.

    A rule like Adam's is a dozen element-wise operations, each a pass over the weights. XLA makes
    them two, which is what counts where it does not compile the step around them.
    """
    if model.jit_updates and not model.run_eagerly:
        apply = tf.function(
            lambda *gradients: optimizer.apply(gradients, variables),
            jit_compile=True,
            autograph=False,
        )
        apply(*gradients)
    else:
        optimizer.apply(gradients, variables)


SCHEDULES = {"alternating": alternating, "simultaneous": simultaneous}


def backward_passes(phases):
    """Phases in groups whose gradients come from one backward pass.

    Together are phases that move the encoder with the same optimizer, whose gradients may be added
    up; and the discriminator goes with the generator, whose gradient comes out of its own.
    """
    groups = []
    for phase in phases:
        if phase.name == "discriminator":
            continue
        for group in groups:
            if group[0].optimizer is phase.optimizer:
                group.append(phase)
                break
        else:
            groups.append([phase])
    for phase in phases:
        if phase.name == "discriminator":
            group = next(g for g in groups if any(other.name == "generator" for other in g))
            group.append(phase)
    return groups
