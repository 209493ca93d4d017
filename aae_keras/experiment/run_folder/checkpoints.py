"""A checkpoint on disk: two files in a folder, written so that damage is noticed."""

import dataclasses
import json
import logging
import os
import pathlib
from typing import Any

import numpy as np

from aae_keras.errors import UserError, first_line
from aae_keras.experiment.run_folder import seals
from aae_keras.files import DAMAGE, flush, write_atomically

log = logging.getLogger(__name__)
# What earlier versions wrote, without a checksum; the archive of the arrays has one of its own.
_UNSEALED = {"epochs", "history"}


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint, read.

    Attributes:
        folder: Where it lies.
        epochs: How many whole epochs came before it.
        history: A row for each.
        arrays: Every variable that training changes, by its rank.
        revision: Of its run; empty if it does not say.
        replicas: How many trained it.
    """

    folder: pathlib.Path
    epochs: int
    history: list[dict[str, Any]]
    arrays: dict[str, np.ndarray]
    revision: str = ""
    replicas: int = 1


def found(folder: pathlib.Path) -> list[pathlib.Path]:
    """The checkpoints in a backup, whole or not, oldest first."""
    return sorted(folder.glob("epoch-*"))


def write(
    folder: pathlib.Path,
    epochs: int,
    history: list[dict[str, Any]],
    arrays: dict[str, np.ndarray],
    revision: str,
    replicas: int = 1,
) -> None:
    """Write a checkpoint into a folder that is made for it, down to the disk."""
    folder.mkdir()
    state = folder / "state.npz"
    with open(state, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    progress = {
        "epochs": epochs,
        "history": history,
        "revision": revision,
        "replicas": replicas,
        "state_sha256": seals.file_checksum(state),
    }
    write_atomically(folder / "progress.json", seals.seal(progress))
    flush(folder)


def newest_whole(folder: pathlib.Path, revision: str = "") -> Checkpoint | None:
    """The newest checkpoint of a backup that is whole; None if there is none at all.

    Args:
        folder: The backup.
        revision: Of the run that it must be of; empty for any.

    Raises:
        UserError: If all are damaged, or one is of another run.
    """
    damage = []
    for path in reversed(found(folder)):
        try:
            checkpoint = _read(path)
        except DAMAGE as error:
            damage.append(f"{path} is damaged ({first_line(error)})")
            continue
        _check_run(checkpoint, revision)
        for what in damage:
            log.warning("%s: going on from the one before it.", what)
        return checkpoint
    if damage:
        raise UserError(
            f"{'; '.join(damage)}: no whole checkpoint is left to resume from. Put a copy of the "
            "backup back, or train the run anew."
        )
    return None


def whole(path: pathlib.Path, revision: str = "") -> Checkpoint:
    """Read one checkpoint.

    Args:
        path: Its folder.
        revision: Of the run that it must be of; empty for any.

    Raises:
        UserError: If it is missing, damaged, or of another run.
    """
    try:
        checkpoint = _read(path)
    except DAMAGE as error:
        raise UserError(
            f"{path} is damaged ({first_line(error)}). Put a copy of it back, or train the run "
            "anew."
        ) from error
    _check_run(checkpoint, revision)
    return checkpoint


def _check_run(checkpoint, revision):
    if revision and checkpoint.revision and checkpoint.revision != revision:
        raise UserError(
            f"{checkpoint.folder} is of another run. Put the run's own backup back. "
            f"Expected revision {revision}. Received: {checkpoint.revision}"
        )


def _read(path):
    text = (path / "progress.json").read_bytes()
    progress = json.loads(text)
    if set(progress) != _UNSEALED:
        progress = seals.unseal(text)
        if progress["state_sha256"] != seals.file_checksum(path / "state.npz"):
            raise ValueError("the checksum of state.npz does not fit")
    with np.load(path / "state.npz", allow_pickle=False) as file:
        arrays = dict(file)
    epochs, history = progress["epochs"], progress["history"]
    of_run = progress.get("revision", ""), progress.get("replicas", 1)
    return Checkpoint(path, epochs, history, arrays, *of_run)
