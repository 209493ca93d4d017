"""A running average of weights: a network that is steadier than the one being trained."""

import contextlib

import keras
import tensorflow as tf
from keras import ops

from aae_keras.models.objective import Named
from aae_keras.networks import all_layers, call_network, normalises_batches

# Steps between two measurements of the averaged network's statistics, once they are settled: before
# that every step counts, or what they began with would last five times as long.
MEASURE_EVERY = 5
SETTLED_AFTER = 100


class RunningAverage:
    """Exponential average of a network's weights over the steps of training.

    It changes nothing in training. The first steps weigh more: the decay grows to its value as
    (1 + n) / (10 + n) after n steps, so that initial weights are soon forgotten.

    Batch normalisation needs the statistics of the averaged network, which are not the average of
    the statistics. They are measured as the trained network measures its own: by the layers
    themselves, on batches of clean training images, every few steps.

    Args:
        model: Model that the averages become variables of, to be saved and restored with it.
        network: Whose weights to average, frozen ones too: they may be thawed later.
        decay: In [0, 1); 0 keeps no averages.
        with_statistics: Whether to measure statistics too; if not, those of the last weights stand.
    """

    def __init__(
        self,
        model: keras.Model,
        network: keras.Model,
        decay: float,
        with_statistics: bool = True,
    ):
        self.model, self.network, self.decay = model, network, decay
        measured = _statistics(network)
        averaged = _weights(network, measured)
        self.pairs = self._twins(averaged if decay else [], "average")
        self.statistics = self._twins(measured if decay and with_statistics else [], "statistic")
        self.restart()

    def _twins(self, variables, kind):
        twins = []
        for variable in variables:
            twin = self.model.add_weight(
                shape=variable.shape,
                dtype=variable.dtype,
                initializer="zeros",
                trainable=False,
                aggregation="only_first_replica" if kind == "average" else "mean",
                name=f"{kind}_of_{variable.path.replace('/', '_')}",
            )
            twins.append((variable, twin))
        return twins

    def restart(self) -> None:
        """Begin anew from the network's weights as they are."""
        for variable, twin in self.pairs + self.statistics:
            twin.assign(variable)

    def update(self, step: tf.Tensor | keras.Variable, inputs: Named) -> None:
        """Take in the weights after a step, and every few steps measure statistics.

        Args:
            step: How many steps have been taken.
            inputs: Of the network, by name: a batch to measure on.
        """
        count = ops.cast(step, "float32")
        share = 1.0 - ops.minimum(self.decay, (1.0 + count) / (10.0 + count))
        for variable, average in self.pairs:
            average.assign_add(share * (variable.value - average.value))
        if self.statistics:
            self._measure(step, inputs)

    def _measure(self, step, inputs):
        def measured() -> list[tf.Tensor]:
            with self._scope() as scope:
                call_network(self.network, inputs, training=True)
            return [scope.get_current_value(variable) for variable, _ in self.statistics]

        # Replicas must agree on when, and an assignment of theirs may stand in no branch.
        if self.model.distribute_strategy.num_replicas_in_sync > 1:
            values = measured()
        else:
            step = tf.convert_to_tensor(step)
            due = (step % MEASURE_EVERY == 0) | (step < SETTLED_AFTER)
            old = [tf.convert_to_tensor(twin.value) for _, twin in self.statistics]
            values = tf.cond(due, measured, lambda: old)
        for (_, twin), value in zip(self.statistics, values, strict=True):
            twin.assign(value)

    def in_place(self) -> contextlib.AbstractContextManager:
        """A context in which the network computes with its averaged weights and statistics."""
        return self._scope() if self.pairs else contextlib.nullcontext()

    def _scope(self):
        twins = self.pairs + self.statistics
        return keras.StatelessScope([(variable, twin.value) for variable, twin in twins])


def _statistics(network):
    """The moving means and variances of batch normalisation, those of layers within layers too."""
    normalising = filter(normalises_batches, all_layers(network))
    return [v for layer in normalising for v in (layer.moving_mean, layer.moving_variance)]


def _weights(network, statistics):
    """All others but the states of random draws; not by `trainable`, which a user may change."""
    known = set(map(id, statistics))
    floats = [v for v in network.variables if tf.as_dtype(v.dtype).is_floating]
    return [variable for variable in floats if id(variable) not in known]
