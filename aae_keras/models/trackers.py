"""What is reported of an epoch: the mean of each term over the examples that it speaks of."""

from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import ops

from aae_keras.models.objective import Term


class Average(keras.metrics.Mean):
    """A mean over an epoch that says NaN, not 0, where there was nothing to average.

    Args:
        name: What it is called in logs.
        falls: Whether less is better, which cannot be said of either side of a game.
    """

    def __init__(self, name: str, falls: bool = True):
        super().__init__(name=name)
        self.falls = falls

    def result(self) -> tf.Tensor:
        """The mean so far, a scalar."""
        return ops.where(self.count > 0, super().result(), float("nan"))

    def result_or_zero(self) -> tf.Tensor:
        """The mean so far, 0 of nothing: a summand of the whole loss."""
        return super().result()


def averages(terms: Sequence[Term]) -> dict[str, Average]:
    """An `Average` for each term, by name."""
    game = ("discriminator", "generator")
    return {term.name: Average(term.name, term.phase not in game) for term in terms}
