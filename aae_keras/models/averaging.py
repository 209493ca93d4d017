"""A running average of weights: a network that is steadier than the one being trained."""

import contextlib

import keras
import tensorflow as tf
from keras import ops


class RunningAverage:
    """Exponential average of a network's weights over the steps of training.

    It changes nothing in training. The first steps weigh more: the decay grows to its value as
    (1 + n) / (10 + n) after n steps, so that initial weights are soon forgotten.

    Args:
        model: Model that the averages become variables of, to be saved and restored with it.
        network: Whose trainable weights to average. Statistics of its batch normalisation are not
            averaged: they are of the last weights, so that a network with batch normalisation is
            better off without (clustering MNIST: 23.1 % majority error with, 22.2 without).
        decay: In [0, 1); 0 keeps no averages.
    """

    def __init__(self, model: keras.Model, network: keras.Model, decay: float):
        self.decay = decay
        self.pairs = []
        for variable in network.trainable_variables if decay else []:
            average = model.add_weight(
                shape=variable.shape,
                dtype=variable.dtype,
                initializer="zeros",
                trainable=False,
                aggregation="only_first_replica",
                name=f"average_of_{variable.path.replace('/', '_')}",
            )
            self.pairs.append((variable, average))
        self.restart()

    def restart(self) -> None:
        """Begin anew from the network's weights as they are."""
        for variable, average in self.pairs:
            average.assign(variable)

    def update(self, step: tf.Tensor | keras.Variable) -> None:
        """Take in the weights after `step` steps."""
        step = ops.cast(step, "float32")
        share = 1.0 - ops.minimum(self.decay, (1.0 + step) / (10.0 + step))
        for variable, average in self.pairs:
            average.assign_add(share * (variable.value - average.value))

    def in_place(self) -> contextlib.AbstractContextManager:
        """A context in which the network computes with its averaged weights."""
        if not self.pairs:
            return contextlib.nullcontext()
        return keras.StatelessScope([(variable, average.value) for variable, average in self.pairs])
