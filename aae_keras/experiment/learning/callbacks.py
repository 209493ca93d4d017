"""Callbacks of a run: the checkpoint that resumes exactly, guards against NaN and a lost folder."""

import logging
import math
import pathlib
import shutil
from typing import Any

import keras
import numpy as np

from aae_keras.data import Data
from aae_keras.errors import UserError
from aae_keras.experiment.run_folder import checkpoints, ownership
from aae_keras.experiment.run_folder.outcomes import write_csv
from aae_keras.files import flush, naming_a_full_disk

log = logging.getLogger(__name__)


class Backup(keras.callbacks.Callback):
    """After each epoch, one atomic checkpoint of everything the next epoch depends on.

    That is: all variables of the model (states of random generators in a user's layers among
    them), all variables of its optimizers, the number of whole epochs, and the history so far. A
    run killed at any moment goes on from its last whole epoch and ends with the weights, bit for
    bit, of a run left alone:

        backup = Backup("my-run/backup", data)
        start = backup.restore(model)
        model.fit(data.train, epochs=50, initial_epoch=start, callbacks=[backup])
        model.save("my-run/model.keras")
        backup.remove()

    Args:
        folder: Where the checkpoints lie. The last two are kept: should the newest be damaged, the
            other is gone on from.
        data: The `Data` whose `train` is fitted, so that a resumed epoch has its own order; None
            for another data set, whose order is then its own affair.
        history_file: Path of a CSV file to write the history to, one row an epoch; or None.
        revision: Of the run, which then stands in all that is written; checkpoints that have
            another are refused.
        replicas: How many train together. With another number than before a run goes on, but not
            exactly: each has draws of its own.
    """

    def __init__(
        self,
        folder: pathlib.Path | str,
        data: Data | None = None,
        history_file: pathlib.Path | str | None = None,
        revision: str = "",
        replicas: int = 1,
    ):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.data = data
        self.history_file = history_file
        self.revision = revision
        self.replicas = replicas
        self.history: list[dict[str, Any]] = []
        self._found: checkpoints.Checkpoint | None = None
        # Where the model as it is was last written, or read from: a damaged one may be newer.
        self._current = self.folder
        # The number of the run's stage, for its rows of the history; None where there is but one.
        self.stage: int | None = None

    def saved_history(self) -> list[dict[str, Any]]:
        """The rows of the checkpoint's history, one for each whole epoch; none if there is none.

        Raises:
            UserError: If it is damaged, or of another run.
        """
        found = self._newest()
        return [] if found is None else found.history

    def restore(self, model: keras.Model) -> int:
        """Put a model where the newest whole checkpoint left it.

        Args:
            model: A compiled model, built as the one that wrote the checkpoint.

        Returns:
            How many whole epochs it has been trained for; 0 if there is no checkpoint.

        Raises:
            UserError: If every checkpoint is damaged, or they are of another run, or of a model of
                another shape.
        """
        found = self._newest()
        if found is None:
            return 0
        if found.replicas != self.replicas:
            log.warning(
                "The run goes on with another number of devices, %d after %d: by the same recipe, "
                "but not with the same random draws.",
                self.replicas,
                found.replicas,
            )
        _assign(found, model)
        self.history = found.history
        self._found, self._current = None, found.folder
        if self.history_file:  # a kill may have come between the checkpoint and its row
            self._write_history()
        return found.epochs

    def keep(self, start: int) -> None:
        """Keep a copy of the last epoch's checkpoint until the run has ended: that of one start."""
        kept, aside = self._kept(start), self.folder / ".keeping"
        for path in (aside, kept):
            shutil.rmtree(path, ignore_errors=True)
        size = sum(file.stat().st_size for file in self._current.iterdir())
        with naming_a_full_disk(kept, size, "go on with --resume."):
            shutil.copytree(self._current, aside)
        aside.rename(kept)
        flush(self.folder)

    def restore_kept(self, start: int, model: keras.Model) -> None:
        """Put a model where `keep` left it.

        Args:
            start: The number of the start.
            model: A compiled model, built as the one that was kept.

        Raises:
            UserError: If what was kept is damaged, of another run, or of a model of another shape.
        """
        _assign(checkpoints.whole(self._kept(start), self.revision), model)

    def _kept(self, start):
        return self.folder / f"start-{start}"

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Give the epoch its own order."""
        if self.data is not None:
            self.data.next_epoch.assign(epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the checkpoint, then the history."""
        row = {name: float(value) for name, value in (logs or {}).items()}
        stage: dict[str, int] = {} if self.stage is None else {"stage": self.stage}
        self.history.append({"epoch": epoch + 1, **stage, **row})
        self._write(epoch + 1)
        if self.history_file:
            self._write_history()

    def remove(self) -> None:
        """Delete the checkpoints: the final model stands."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write_history(self):
        of_run = {"revision": self.revision} if self.revision else {}
        write_csv(self.history_file, [{**row, **of_run} for row in self.history])

    def _write(self, epochs):
        self._found = None
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / ".writing"
        shutil.rmtree(aside, ignore_errors=True)
        arrays = {key: np.asarray(variable) for key, variable in state(self.model).items()}
        size = sum(array.nbytes for array in arrays.values())
        target = self.folder / f"epoch-{epochs:06d}"
        earlier = [path for path in checkpoints.found(self.folder) if path < target]
        remedy = "go on with --resume." if earlier else "train anew: no epoch is kept yet."
        try:
            with naming_a_full_disk(target, size, remedy):
                checkpoints.write(aside, epochs, self.history, arrays, self.revision, self.replicas)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        shutil.rmtree(target, ignore_errors=True)
        aside.rename(target)
        self._current = target
        flush(self.folder)
        for checkpoint in checkpoints.found(self.folder):
            if checkpoint not in (*earlier[-1:], target):
                shutil.rmtree(checkpoint)

    def _newest(self):
        if self._found is None:
            self._found = checkpoints.newest_whole(self.folder, self.revision)
        return self._found


class StopOnNaN(keras.callbacks.Callback):
    """End training with an error, naming losses and steps, once a logged value is not finite.

    The weights of the last whole epoch, if there is one, stay in the backup.
    """

    def __init__(self):
        super().__init__()
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remember the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Check every running mean: once NaN, it stays NaN.

        With `steps_per_execution` the losses are seen after so many steps, and those that became
        NaN first may have spoilt others by then: all are named, in the order of the phases.
        """
        logs = logs or {}
        spoilt = [name for name, value in logs.items() if not math.isfinite(value)]
        if spoilt:
            names = ", ".join(sorted(spoilt, key=self._rank))
            first, last = batch + 2 - self.model.steps_per_execution, batch + 1
            last = min(last, (self.params or {}).get("steps") or last)
            steps = f"step {last}" if first >= last else f"steps {first} to {last}"
            self._stop(f"{names} became {float(logs[spoilt[0]])} in {steps}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Check validation and weights too, before anything is saved of them."""
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                self._stop(f"{name} became {float(value)} at the end")
        for weight in self.model.weights:
            if not np.isfinite(weight).all():
                self._stop(f"{weight.path} became NaN or infinite in the last step")

    def _stop(self, what):
        kept = "The weights of the epoch before it are in the run's backup/."
        if self.epoch == 0:
            kept = "No epoch came before it, so nothing is kept."
        raise FloatingPointError(
            f"{what} of epoch {self.epoch + 1}. Train a new run with lower rates, or look for "
            f"damaged images. {kept}"
        )

    def _rank(self, name):
        names = [term.name for term in self.model.terms]
        return names.index(name) if name in names else len(names)


def state(model: keras.Model) -> dict[str, Any]:
    """Every variable that training changes, by its rank.

    Not by its path: that holds names which Keras counts up within a process.
    """
    variables = list(model.variables)
    for optimizer in model.optimizers:
        variables += optimizer.variables
    return {f"{rank:04d}": variable for rank, variable in enumerate(variables)}


def _assign(found, model):
    """Give a model the variables of a checkpoint."""
    variables = state(model)
    shapes = {key: array.shape for key, array in found.arrays.items()}
    if shapes != {key: tuple(variable.shape) for key, variable in variables.items()}:
        raise UserError(
            f"{found.folder} was written by another model: its variables have other shapes. "
            "Resume with the networks, optimizers and data the run began with."
        )
    for key, variable in variables.items():
        variable.assign(found.arrays[key])


class StayOwner(keras.callbacks.Callback):
    """Ends training, before a checkpoint is written, once the run folder is gone or replaced.

    Args:
        lock: The `Lock` on the folder.
    """

    def __init__(self, lock: ownership.Lock):
        super().__init__()
        self.lock = lock

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the lock."""
        self.lock.check()
