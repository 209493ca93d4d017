"""From run folders to results: which runs of a row there are, and what each was scored."""

import dataclasses
import logging
import math
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aae_keras.errors import UserError, first_line
from aae_keras.experiment.configuration.changes import changed, difference
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.presets import PRESETS, preset
from aae_keras.experiment.reproduction.rows import TIMED_ERRORS, Row
from aae_keras.experiment.run_folder import outcomes, records, runs

log = logging.getLogger(__name__)

# Where data lies, and when pictures are drawn, changes no figure.
INDIFFERENT = ("data_dir", "draw_every")


@dataclasses.dataclass(frozen=True)
class Result:
    """A run that has been trained and evaluated.

    Attributes:
        seed: Its seed.
        scores: Those of its test part, from `metrics.json`.
        epochs: How many it was trained for, all stages together.
        record: How it was made; `records.UNKNOWN` if `tools.reproduce` did not make it.
        epoch_minutes: What its epochs took, without start-up and evaluation.
    """

    seed: int
    scores: Mapping[str, float]
    epochs: int
    record: records.Record = records.UNKNOWN
    epoch_minutes: float = 0.0

    @property
    def minutes(self) -> float | None:
        """Wall minutes of training and evaluation, if they were recorded.

        A run goes on where the process that minds it is killed, so its epochs may say more.
        """
        seconds = self.record.seconds
        return None if seconds is None else max(seconds / 60, self.epoch_minutes)


@dataclasses.dataclass(frozen=True)
class Runs:
    """What there is of a row, sorted by seed.

    Attributes:
        row: The `Row`.
        results: Its finished runs.
        labels_only: Those of the same network, taught by the labels alone.
        unfinished: Seeds of its runs that were begun and have not ended.
        labels_only_unfinished: The same of the other network.
    """

    row: Row
    results: tuple[Result, ...] = ()
    labels_only: tuple[Result, ...] = ()
    unfinished: tuple[int, ...] = ()
    labels_only_unfinished: tuple[int, ...] = ()

    @property
    def seeds(self) -> list[int]:
        """All that were begun, in order."""
        ended = {result.seed for result in (*self.results, *self.labels_only)}
        return sorted({*ended, *self.unfinished, *self.labels_only_unfinished})


def config_of(
    row: Row,
    seed: int = 0,
    *,
    labels_only: bool = False,
    data_dir: str = "",
    photos_dir: str = "",
) -> Config:
    """The configuration of a run of a row.

    Args:
        row: A `Row` whose preset there is.
        seed: Of the run.
        labels_only: Whether the network is to learn from the labels alone: then without any term
            or stage beside, which would use the other images.
        data_dir: Folder of tensorflow-datasets, for rows that read one.
        photos_dir: Folder of images, for a row of photos.

    Raises:
        ValueError: If there is no such preset, or a field cannot have such a value.
    """
    config = preset(row.preset, **row.changes)
    if labels_only:
        config = changed(config, setting="labels-only")
    where: dict[str, Any] = {}
    if row.photos:
        where = {"dataset": photos_dir} if photos_dir else {}
    elif config.dataset != "digits":
        where = {"data_dir": data_dir}
    return dataclasses.replace(config, seed=seed, **where)


def folder_name(row: Row, seed: int | str, labels_only: bool = False) -> str:
    """What the folder of a run of a row is called: as `train` calls it, where it is a preset's."""
    return f"{row.name}{'-labels-only' if labels_only else ''}-seed{seed}"


def check_same(run: runs.Run, expected: Config, *, any_dataset: bool = False) -> None:
    """Refuse a run of another configuration, whose figures would be shown under a wrong name.

    Args:
        run: The `Run`.
        expected: What the row says.
        any_dataset: Whether its data may lie anywhere, as a user's own folder does.

    Raises:
        RunError: If they differ, but for where the data lies.
    """
    passed_over = (*INDIFFERENT, "dataset") if any_dataset else INDIFFERENT
    names = [name for name in expected.to_dict() if name not in passed_over]
    other, listing = difference(expected, run.config, names)
    if other:
        raise runs.RunError(
            f"{run.folder} holds a run of another configuration: {listing}. "
            "Move it away, or pass another --runs_dir."
        )


def read_result(run: runs.Run) -> Result:
    """The result of a run.

    Raises:
        UserError: If a file of it is missing or damaged.
    """
    try:
        metrics = outcomes.read_metrics(run) or {}
        history = outcomes.read_history(run)
        scores, minutes = metrics["test"] | minutes_to_errors(history), metrics["minutes"]
    except (ValueError, TypeError, KeyError) as error:
        raise runs.RunError(
            f"The scores or the history of {run.folder} cannot be read: {first_line(error)}. "
            f"Score it again with python -m tools.evaluate --run_dir={run.folder}"
        ) from error
    record = records.read(run.folder) or records.UNKNOWN
    return Result(run.config.seed, scores, len(history), record, minutes)


def minutes_to_errors(history: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """When training first had a validation error: `minutes_to_3_percent` and so on.

    Args:
        history: Rows of the run's epochs, of all its stages.

    Returns:
        Minutes by name, infinite for an error that was never reached; none where there is no
        validation error.
    """
    minutes = np.cumsum([row["seconds"] for row in history]) / 60
    errors = [row.get("val_error_rate", math.inf) for row in history]
    if not np.isfinite(errors).any():
        return {}
    reached = {n: np.less_equal(errors, n / 100) for n in TIMED_ERRORS}
    return {
        f"minutes_to_{n}_percent": float(minutes[at.argmax()]) if at.any() else math.inf
        for n, at in reached.items()
    }


def collect(row: Row, runs_dir: pathlib.Path | str) -> Runs:
    """Every run of a row that lies in a folder; nobody chooses which seeds are shown.

    Args:
        row: The `Row`.
        runs_dir: Folder of run folders.

    Returns:
        The `Runs`. Those of another configuration, or damaged, are named in the log and left out.
    """
    if row.preset not in PRESETS:
        return Runs(row)
    results, unfinished = _collect(row, pathlib.Path(runs_dir), False)
    beside, waiting = _collect(row, pathlib.Path(runs_dir), True)
    return Runs(row, results, beside, unfinished, waiting)


def _collect(row, runs_dir, labels_only):
    if labels_only and not row.labels_only:
        return (), ()
    results, unfinished = [], []
    prefix = folder_name(row, "", labels_only)
    for folder in runs_dir.glob(f"{prefix}*"):
        number = folder.name.removeprefix(prefix)
        if not (runs.exists(folder) and re.fullmatch(r"\d+", number)):
            continue
        try:
            run = runs.open_run(folder)
            expected = config_of(row, int(number), labels_only=labels_only)
            check_same(run, expected, any_dataset=row.photos)
            if run.model_file.exists() and run.metrics_file.exists():
                results.append(read_result(run))
            else:
                unfinished.append(run.config.seed)
        except UserError as error:
            log.warning("Left out: %s", error)
    return tuple(sorted(results, key=lambda result: result.seed)), tuple(unfinished)
