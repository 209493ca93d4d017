"""The gradients of a step computed the plain way: a second implementation to compare with."""

import tensorflow as tf

from aae_keras.models import Forward
from aae_keras.phases import PHASES


def plain_gradients(model, batch, weights, phases=tuple(PHASES)):
    """Sum of the phases' gradients at the same weights, by variable; a tape for each term."""
    total = {}
    for term in model.objective():
        if term.phase not in phases:
            continue
        with tf.GradientTape() as tape:
            value = term.loss(Forward(model, batch, training=True))
            weight = term.weight(model.step) if callable(term.weight) else term.weight
            factor = weight * weights.get(term.phase, 1.0)
            loss = factor * tf.reduce_mean(value)
        gradients = tape.gradient(loss, term.variables)
        for variable, gradient in zip(term.variables, gradients, strict=True):
            if gradient is not None:  # a decoder's bias, say, where only differences count
                total[id(variable)] = total.get(id(variable), 0) + gradient
    return total


def step_on(model, batch, passes=None):
    """One training step on a batch that is given, of some passes only if they are named."""
    whole, model.passes = model.passes, passes or model.passes
    model.make_batch = lambda data: batch
    try:
        return model.train_step(None)
    finally:
        model.passes = whole
        del model.make_batch
