"""Keras callbacks and a model of several losses and optimizers: what they monitor, and the rates.

Stock callbacks, `ReduceLROnPlateau` and `LearningRateScheduler` among them, set the rate of
`model.optimizer`, the first phase's. The others follow it: the rates of a recipe keep their ratios.
"""

from typing import TYPE_CHECKING, Any

import keras

from aae_keras.models.latent_y import LatentY

if TYPE_CHECKING:
    from aae_keras.models.phased import PhasedModel

MOVERS = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)


class RatesFollow(keras.callbacks.Callback):
    """Changes the rates of all optimizers by the factor that the main one's has been changed by.

    It stands after the callbacks that it follows, and looks before and after each epoch: a rate
    changed within an epoch is followed at its end. `fit` brings it.
    """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Remember the main rate, and what the others are of it."""
        self.rate = self._main_rate()
        self.ratios: list[float] = []
        self._follow()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Follow a schedule."""
        self._follow()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Follow a plateau."""
        self._follow()

    def _follow(self):
        rate = self._main_rate()
        others = [o for o in self.model.optimizers[1:] if not _has_schedule(o)]
        if rate != self.rate and not _has_schedule(self.model.optimizer):
            for optimizer, ratio in zip(others, self.ratios, strict=False):
                by_factor = _rate(optimizer) * (rate / self.rate) if self.rate else rate * ratio
                optimizer.learning_rate = by_factor
        if rate:  # a rate that rises from 0 rises by no factor
            self.ratios = [_rate(optimizer) / rate for optimizer in others]
        self.rate = rate

    def _main_rate(self):
        return _rate(self.model.optimizer)


def prepared(model: "PhasedModel", callbacks: Any) -> Any:
    """Callbacks of `fit`: refused where they could not do their work, `RatesFollow` behind them.

    One that monitors an error or a loss of the model is told that less of it is better, which
    Keras knows of `loss` alone.

    Args:
        model: The compiled model.
        callbacks: A callback, a list of them, a `CallbackList`, or None.

    Raises:
        ValueError: If one sets a rate that follows a schedule, or monitors what has no better.
    """
    listed = isinstance(callbacks, keras.callbacks.CallbackList)
    given = callbacks.callbacks if listed else keras.tree.flatten(callbacks or [])
    for callback in given:
        _check_mover(model, callback)
        if getattr(callback, "mode", None) == "auto" and hasattr(callback, "monitor"):
            _say_what_is_better(model, callback)
    if not listed:
        return [*given, RatesFollow()]
    if not any(isinstance(callback, RatesFollow) for callback in given):
        callbacks.callbacks.append(RatesFollow())
        callbacks.callbacks[-1].set_model(model)
    return callbacks


def _check_mover(model, callback):
    if isinstance(callback, MOVERS) and any(map(_has_schedule, model.optimizers)):
        raise ValueError(
            f"{type(callback).__name__} sets rates, but these follow a schedule of their own, as "
            "the optimizers of a preset do (`rate_drops`). Compile with optimizers whose "
            "`learning_rate` is a number, or leave the callback out."
        )


def _say_what_is_better(model, callback):
    """Set the mode of a callback; refuse at once what Keras would refuse after the first epoch."""
    name = callback.monitor.removeprefix("val_")
    falling = {"loss"} | {tracker.name for tracker in model.trackers.values() if tracker.falls}
    if model.latent_y == LatentY.CLASS:
        falling.add("error_rate")
    if name in falling:
        callback.mode = "min"
    elif name in model.trackers:
        raise ValueError(
            f"{name} is a side of a game: whether less of it is better nobody can say. Monitor "
            f"one of {', '.join(sorted(falling))}, or pass `mode`. "
            f"Received: monitor={callback.monitor!r}"
        )
    elif not model.has_metrics:
        raise ValueError(
            f"Nothing of that name is reported. Monitor one of {', '.join(sorted(falling))} (with "
            "`val_` before it if there is validation data), or pass `mode` for what a callback of "
            f"your own adds. Received: monitor={callback.monitor!r}"
        )


def _rate(optimizer):
    # Not by `float`, which replicas' variables have not.
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def _has_schedule(optimizer):
    # The public property gives the schedule's present value.
    schedule = keras.optimizers.schedules.LearningRateSchedule
    return isinstance(optimizer._learning_rate, schedule)
