"""What terms are made of that any setting may add to its own: base, weight.

A regularizer is a small object with one duty, `terms(model)`. It is off unless it is asked for, and
costs nothing then. Whatever it draws at random comes from a stream of its own name,
`forward.model.stream("my_term")`; whatever its weight does, from the step, which is saved and
resumed. To add one: a class in `extra_terms`, its formula in `losses`, its fields in
`experiment/configuration/config.py`.
"""

import abc
from collections.abc import Callable
from typing import Any, Self

import keras
import tensorflow as tf
from keras import ops

from aae_keras.models.aae import AdversarialModel
from aae_keras.models.objective import Term


@keras.saving.register_keras_serializable(package="aae_keras")
class FadeIn:
    """A weight that is 0 until a step, then grows linearly to its value, and stays.

    Args:
        weight: The value, at least 0.
        start, end: Steps between which it grows, 0 <= start < end.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(self, weight: float, start: int, end: int):
        if not weight >= 0:
            raise ValueError(f"`weight` must be at least 0. Received: weight={weight}")
        if not 0 <= start < end:
            raise ValueError(
                f"`start` must be at least 0 and below `end`. Received: start={start}, end={end}"
            )
        self.weight, self.start, self.end = float(weight), int(start), int(end)

    def __call__(self, step: tf.Tensor | keras.Variable) -> tf.Tensor:
        """The weight at a step, an int64 scalar: a float32 scalar."""
        share = (ops.cast(step, "float32") - self.start) / (self.end - self.start)
        return self.weight * ops.clip(share, 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, for saving inside a model."""
        return {"weight": self.weight, "start": self.start, "end": self.end}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The weight that `get_config` describes."""
        return cls(**config)


class Regularizer(abc.ABC):
    """A source of terms beside the setting's own.

    Args:
        weight: Of its term: a number of at least 0, or a function of the step such as `FadeIn`.
    """

    def __init__(self, weight: float | Callable):
        if not callable(weight) and not weight >= 0:
            raise ValueError(f"`weight` must be at least 0. Received: weight={weight}")
        self.weight = weight

    @abc.abstractmethod
    def terms(self, model: AdversarialModel) -> list[Term]:
        """The `Term`s that it adds to a model.

        Raises:
            ValueError: If the model's setting has not what they speak of.
        """

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, for saving inside a model."""
        return {"weight": self.weight}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The regularizer that `get_config` describes."""
        return cls(
            **{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()}
        )


def check_has_y(regularizer: Regularizer, model: AdversarialModel) -> None:
    """Refuse a model whose encoder finds no y, for a regularizer that speaks of it.

    Raises:
        ValueError: If it finds none.
    """
    if not model.latent_y.is_encoded:
        raise ValueError(
            f"`{type(regularizer).__name__}` speaks of a y that the encoder finds, and this "
            f"setting has none. Leave it out. Received: {type(model).__name__}"
        )
