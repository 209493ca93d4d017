"""`model.fit` as a run does it: the callbacks that every run has, its signals, its progress."""

import contextlib
import logging
import sys
import time
from collections.abc import Sequence
from typing import Any

import keras

from aae_keras import interrupts
from aae_keras.data import Data
from aae_keras.experiment.learning.callbacks import StopOnNaN
from aae_keras.experiment.learning.devices import Group, TakeOver
from aae_keras.experiment.learning.stages import Stage, epochs_before
from aae_keras.experiment.learning.watch import Watch
from aae_keras.experiment.run_folder import runs
from aae_keras.models import AdversarialModel

log = logging.getLogger(__name__)


def fit(
    model: AdversarialModel,
    data: Data,
    run: runs.Run,
    callbacks: Sequence[keras.callbacks.Callback],
    stage: Stage,
    history: Sequence[dict[str, Any]],
    verbose: str | int = "auto",
    group: Group | None = None,
) -> None:
    """`model.fit` with the callbacks of a run and more; its progress goes to stderr.

    Args:
        model: The compiled model of the stage.
        data: The `Data`.
        run: The `Run`.
        callbacks: Keras callbacks.
        stage: The `Stage`.
        history: Rows of the run's whole epochs so far.
        verbose: As in `keras.Model.fit`.
        group: The replicas that train; None for one.
    """
    group = group or Group()
    done = len(history)
    start = epochs_before(stage, history)
    stop = start + stage.config.epochs
    if done >= stop:
        return
    if verbose == "auto":
        verbose = 1 if sys.stderr.isatty() else 2
    clock = EpochClock()
    validation = data.validation
    needs_labels = all(term.needs_labels for term in model.terms if term.validated)
    if validation is not None and needs_labels and len(validation.element_spec) == 1:
        log.warning("This setting needs labels for validation, and none are left: it has none.")
        validation = None
    own = [LookForSignals(), clock, StopOnNaN()]
    if group.place is not None:
        own.append(TakeOver(group, data))
    if group.is_chief:
        own.append(Watch(data, start, stop))
        callbacks = [*callbacks, keras.callbacks.TensorBoard(str(run.logs), write_graph=False)]
    # A signal that raises within TensorFlow's own callbacks may end the process without a word.
    with contextlib.redirect_stdout(sys.stderr), interrupts.deferred():
        model.fit(
            group.share(data.train),
            validation_data=None if validation is None else group.share(validation),
            # Where it is left out, Keras makes two iterators an epoch and uses one.
            steps_per_epoch=int(data.train.cardinality()),
            epochs=stop,
            initial_epoch=done,
            verbose=verbose,
            callbacks=[*own, *callbacks],
        )


class LookForSignals(keras.callbacks.Callback):
    """Ends training between two batches once a signal has come."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look."""
        interrupts.check()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look."""
        interrupts.check()


class EpochClock(keras.callbacks.Callback):
    """Adds to an epoch's logs, and so to its history, how many seconds it took."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the watch."""
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Read it."""
        if logs is not None:
            logs["seconds"] = round(time.perf_counter() - self.start, 3)
