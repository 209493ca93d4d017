"""Rates that change with the step.

They stand with the models since a saved model names them: whoever loads one must find them.
"""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="aae_keras")
class FallingRate(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that falls linearly to 0 over the last share of the steps, and stays 0 then.

    Args:
        rate: The rate before: a number or a Keras schedule.
        steps: Steps in all.
        share: Of them, in (0, 1].
    """

    def __init__(self, rate: Any, steps: int, share: float):
        self.rate, self.steps, self.share = rate, int(steps), float(share)

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The rate at a step: a float32 scalar."""
        rate = self.rate(step) if callable(self.rate) else self.rate
        left = 1.0 - tf.cast(step, tf.float32) / self.steps
        return rate * tf.clip_by_value(left / self.share, 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, for saving inside a model."""
        return {"rate": self.rate, "steps": self.steps, "share": self.share}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FallingRate":
        """The schedule that `get_config` describes."""
        return cls(**config | {"rate": keras.saving.deserialize_keras_object(config["rate"])})
