"""Replicas of a model that train together: how many there are, and what they add up.

In one process, a `tf.distribute` strategy whose scope a model was built in has a replica on each
device, and TensorFlow mirrors the variables. Across processes each, a worker, has a plain model of
its own: the models stay equal, since workers add up their gradients before any moves a weight, and
what each changes by itself: moving statistics, sums that are reported. Every other line of the step
is the same in both, and where there is one replica alone.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

# What the workers share while they train, and which of them this process is.
_workers: Any = None
_rank = 0


@contextlib.contextmanager
def joined(strategy: tf.distribute.MultiWorkerMirroredStrategy, rank: int) -> Iterator[None]:
    """Within it, this process is one worker of a strategy; models are built outside its scope."""
    global _workers, _rank
    _workers, _rank = strategy, rank
    try:
        yield
    finally:
        _workers = None


def are_workers() -> bool:
    """Whether this process is one of several that train together."""
    return _workers is not None


def count() -> int:
    """How many replicas take part in a step, here or in the scope of a strategy."""
    return (_workers or tf.distribute.get_strategy()).num_replicas_in_sync


def rank() -> tf.Tensor | int:
    """Which of them this is, from 0."""
    if _workers is not None:
        return _rank
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def summed(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Tensors of each worker, added up over all of them; without workers, the tensors themselves.

    Args:
        tensors: As many, of the same shapes and types, in each worker. None stays None, as in
            gradients.
    """
    if _workers is None or all(tensor is None for tensor in tensors):
        return list(tensors)

    def reduce(*parts: tf.Tensor) -> list[tf.Tensor]:
        context = tf.distribute.get_replica_context()
        # Copies made here have a device, which a reduction asks for.
        return context.all_reduce(tf.distribute.ReduceOp.SUM, [tf.identity(p) for p in parts])

    parts = [tf.convert_to_tensor(tensor) for tensor in tensors if tensor is not None]
    sums = iter(_workers.run(reduce, args=parts))
    return [None if tensor is None else next(sums) for tensor in tensors]


@contextlib.contextmanager
def adding_up(variables: Iterable[keras.Variable], mean: bool = False) -> Iterator[None]:
    """Around changes that each worker makes to its own variables: then all have them in common.

    Args:
        variables: Equal in all workers before. Whole numbers are left alone, and what is the same
            function of the weights in each (`aggregation="only_first_replica"`).
        mean: Whether to take the mean of the changes, not their sum.
    """
    if _workers is None:
        yield
        return
    shared = [
        variable
        for variable in variables
        if tf.as_dtype(variable.dtype).is_floating and variable.aggregation != "only_first_replica"
    ]
    before = [tf.identity(variable.value) for variable in shared]
    yield
    changes = summed([variable.value - old for variable, old in zip(shared, before, strict=True)])
    for variable, old, change in zip(shared, before, changes, strict=True):
        variable.assign(old + (change / count() if mean else change))


def global_mean(values: tf.Tensor) -> tf.Tensor:
    """Mean over the global batch, of all replicas together, with its gradient.

    A term per batch that is no linear function of such a mean needs it: with the mean of each
    replica's own rows, replicas would add up to something else.

    Args:
        values: Shape (batch, ...); replicas may have batches of different lengths.

    Returns:
        Shape (...).
    """
    if count() == 1:
        return tf.reduce_mean(values, axis=0)
    rows = tf.cast(tf.shape(values)[0], values.dtype)
    total, rows = _sum_with_gradient(tf.reduce_sum(values, axis=0), rows)
    return total / rows


def total(value: tf.Tensor) -> tf.Tensor:
    """A number of each replica, added up over all of them, with its gradient."""
    return value if count() == 1 else _sum_with_gradient(value)[0]


def _sum_with_gradient(*tensors):
    if _workers is None:
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, list(tensors))

    @tf.custom_gradient
    def sums(*tensors: tf.Tensor) -> tuple:
        # The gradient of a sum over all is the sum of what all send back.
        return tuple(summed(tensors)), lambda *upstream: tuple(summed(upstream))

    return sums(*tensors)
