"""In which order the terms of a step are followed: two schedules over the same phases."""

import tensorflow as tf

from aae_keras.models.terms import Forward


def alternating(model, batch):
    """The paper's: one phase after the other, each at the weights the phase before it left.

    Returns:
        Dict of the losses by term, one value per example, and the last `Forward`.
    """
    values = {}
    for phase in model.phases:
        losses, forward = descend(model, phase, batch)
        values |= losses
    return values, forward


def descend(model, phase, batch):
    """One phase: lower the sum of its terms, in the variables that they move.

    Returns:
        Dict of the losses before it, by term, one value per example, and the `Forward`.
    """
    with tf.GradientTape() as tape:
        forward = Forward(model, batch, training=True)
        losses = {term.name: term.loss(forward) for term in phase.terms}
        loss = phase.weight * sum(map(model.batch_mean, losses.values()))
    phase.optimizer.apply(tape.gradient(loss, phase.variables), phase.variables)
    return losses, forward


def simultaneous(model, batch):
    """All gradients at the same weights, from passes that the phases share.

    The encoder sees the unlabelled images once, each discriminator its samples and codes once. The
    generator's gradient comes out of the discriminator's backward pass (see `Reversal`). Phases
    with the same optimizer are followed as one loss.

    Returns:
        As `alternating`.
    """
    weights = {phase.name: phase.weight for phase in model.phases}
    ratio = weights.get("generator", 1.0) / weights.get("discriminator", 1.0)
    with tf.GradientTape(persistent=True) as tape:
        forward = Forward(model, batch, training=True, reverse=ratio)
        values = {term.name: term.loss(forward) for term in model.terms}
        losses = {
            phase.name: phase.weight
            * sum(model.batch_mean(values[term.name]) for term in phase.terms)
            for phase in model.phases
        }
    for passed in backward_passes(model.phases):
        followed = [losses[phase.name] for phase in passed if phase.name != "generator"]
        variables = _distinct(variable for phase in passed for variable in phase.variables)
        gradients = dict(zip(map(id, variables), tape.gradient(followed, variables), strict=True))
        for optimizer in _distinct(phase.optimizer for phase in passed):
            moved = _distinct(v for p in passed if p.optimizer is optimizer for v in p.variables)
            optimizer.apply([gradients[id(variable)] for variable in moved], moved)
    return values, forward


SCHEDULES = {"alternating": alternating, "simultaneous": simultaneous}


def backward_passes(phases):
    """Phases in groups whose gradients come from one backward pass.

    Together are those that share an optimizer, and discriminator with generator.
    """
    groups = []
    for phase in phases:
        tied = [group for group in groups if any(_tied(phase, other) for other in group)]
        groups = [group for group in groups if group not in tied]
        groups.append([*(other for group in tied for other in group), phase])
    return groups


def _tied(phase, other):
    return phase.optimizer is other.optimizer or {phase.name, other.name} == {
        "discriminator",
        "generator",
    }


def _distinct(things):
    return list({id(thing): thing for thing in things}.values())
