"""The gradients of a step computed the plain way: a second implementation to compare with."""

import tensorflow as tf

from aae_keras.models.phased import PHASES
from aae_keras.models.terms import Forward


def plain_gradients(model, batch, weights, phases=tuple(PHASES)):
    """Sum of the phases' gradients at the same weights, by variable; a tape for each term."""
    total = {}
    for term in model.terms:
        if term.phase not in phases:
            continue
        with tf.GradientTape() as tape:
            loss = (
                term.weight
                * weights.get(term.phase, 1.0)
                * model.batch_mean(term.loss(Forward(model, batch, training=True)))
            )
        for variable, gradient in zip(term.moves, tape.gradient(loss, term.moves), strict=True):
            if gradient is not None:  # a decoder's bias, say, where only differences count
                total[id(variable)] = total.get(id(variable), 0) + gradient
    return total
