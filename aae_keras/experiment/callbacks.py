"""Callbacks of a run: the checkpoint that resumes exactly, and the guard against NaN."""

import csv
import io
import json
import math
import os
import pathlib
import shutil
import zipfile
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from aae_keras.data import Data
from aae_keras.errors import UserError, first_line
from aae_keras.files import flush, write_atomically


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
        folder: Where the checkpoint lies. Only the newest is kept.
        data: The `Data` whose `train` is fitted, so that a resumed epoch has its own order; None
            for another data set, whose order is then its own affair.
        history_file: Path of a CSV file to write the history to, one row an epoch; or None.
    """

    def __init__(
        self,
        folder: pathlib.Path | str,
        data: Data | None = None,
        history_file: pathlib.Path | str | None = None,
    ):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.data = data
        self.history_file = history_file
        self.history: list[dict[str, Any]] = []
        # The number of the run's stage, for its rows of the history; None where there is but one.
        self.stage: int | None = None

    def epochs_done(self) -> int:
        """How many whole epochs the checkpoint has; 0 if there is none.

        Raises:
            UserError: If it is damaged.
        """
        checkpoint = self._newest()
        return 0 if checkpoint is None else self._progress(checkpoint)["epochs"]

    def restore(self, model: keras.Model) -> int:
        """Put a model where the checkpoint left it.

        Args:
            model: A compiled model, built as the one that wrote the checkpoint.

        Returns:
            How many whole epochs it has been trained for; 0 if there is no checkpoint.

        Raises:
            UserError: If the checkpoint is damaged, or of a model of another shape.
        """
        checkpoint = self._newest()
        if checkpoint is None:
            return 0
        progress = self._progress(checkpoint)
        try:
            with np.load(checkpoint / "state.npz", allow_pickle=False) as file:
                saved = dict(file)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise _damaged(checkpoint, error) from error
        variables = _state(model)
        found = {key: array.shape for key, array in saved.items()}
        if found != {key: tuple(variable.shape) for key, variable in variables.items()}:
            raise UserError(
                f"{checkpoint} was written by another model: its variables have other shapes. "
                "Resume with the networks, optimizers and data the run began with."
            )
        for key, variable in variables.items():
            variable.assign(saved[key])
        self.history = progress["history"]
        if self.history_file:  # a kill may have come between the checkpoint and its row
            write_history(self.history_file, self.history)
        return progress["epochs"]

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
            write_history(self.history_file, self.history)

    def remove(self) -> None:
        """Delete the checkpoint: the final model stands."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, epochs):
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / ".writing"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        arrays = {key: np.asarray(variable) for key, variable in _state(self.model).items()}
        with open(aside / "state.npz", "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        write_atomically(
            aside / "progress.json", json.dumps({"epochs": epochs, "history": self.history})
        )
        older = self._checkpoints()
        target = self.folder / f"epoch-{epochs:06d}"
        shutil.rmtree(target, ignore_errors=True)
        flush(aside)
        aside.rename(target)
        flush(self.folder)
        for checkpoint in older:
            if checkpoint != target:
                shutil.rmtree(checkpoint)

    def _progress(self, checkpoint):
        try:
            return json.loads((checkpoint / "progress.json").read_text())
        except (OSError, ValueError) as error:
            raise _damaged(checkpoint, error) from error

    def _checkpoints(self):
        return sorted(self.folder.glob("epoch-*"))

    def _newest(self):
        return next(reversed(self._checkpoints()), None)


class StopOnNaN(keras.callbacks.Callback):
    """End training with an error, naming losses and steps, once a logged value is not finite.

    The weights of the last whole epoch stay in the backup.
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
        raise FloatingPointError(
            f"{what} of epoch {self.epoch + 1}. Train a new run with lower rates, or look for "
            "damaged images. The weights of the epoch before it are in the run's backup/."
        )

    def _rank(self, name):
        names = [term.name for term in self.model.terms]
        return names.index(name) if name in names else len(names)


def _damaged(checkpoint, error):
    return UserError(
        f"{checkpoint} is damaged and cannot be resumed from; train the run anew. The "
        f"reader said: {first_line(error)}"
    )


def write_history(path: pathlib.Path | str, history: Sequence[dict[str, Any]]) -> None:
    """Write dicts as CSV; a value that an epoch lacks is left empty."""
    columns = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_atomically(path, text.getvalue())


def _state(model):
    """Every variable that training changes, by its rank.

    Not by its path: that holds names which Keras counts up within a process.
    """
    variables = list(model.variables)
    for optimizer in model.optimizers:
        variables += optimizer.variables
    return {f"{rank:04d}": variable for rank, variable in enumerate(variables)}
