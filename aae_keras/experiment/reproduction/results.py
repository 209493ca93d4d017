"""From run folders to the figures of the rows: which runs there are, their means, their goals."""

import dataclasses
import logging
import math
import pathlib
import re
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aae_keras.errors import UserError, first_line
from aae_keras.experiment.configuration.changes import changed
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.presets import PRESETS, preset
from aae_keras.experiment.reproduction.rows import TIMED_ERRORS, UNITS, Figure, Row
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


@dataclasses.dataclass(frozen=True)
class Summary:
    """A figure over seeds, in its unit.

    Attributes:
        count: Number of seeds.
        mean: Their mean.
        stddev: Their sample standard deviation; None of a single seed.
        worst: The worst of them.
        worst_seed: Whose that is.
    """

    count: int
    mean: float
    stddev: float | None
    worst: float
    worst_seed: int


@dataclasses.dataclass(frozen=True)
class Goal:
    """A goal, and whether it was reached.

    Attributes:
        text: Such as `at most 1.20 %`.
        met: None where nothing was run that could tell.
    """

    text: str
    met: bool | None


def config_of(
    row: Row,
    seed: int = 0,
    *,
    labels_only: bool = False,
    data_dir: str = "",
    photos_dir: str = "",
    changes: Mapping[str, Any] | None = None,
) -> Config:
    """The configuration of a run of a row.

    Args:
        row: A `Row` whose preset there is.
        seed: Of the run.
        labels_only: Whether the network is to learn from the labels alone: then without any term
            or stage beside, which would use the other images.
        data_dir: Folder of tensorflow-datasets, for rows that read one.
        photos_dir: Folder of images, for a row of photos.
        changes: Fields of `Config` to set on top.

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
    return dataclasses.replace(config, seed=seed, **where, **(changes or {}))


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
    found, wanted = run.config.to_dict(), expected.to_dict()
    other = [name for name in wanted if found[name] != wanted[name] and name not in passed_over]
    if other:
        listing = ", ".join(f"{name} is {found[name]!r}, not {wanted[name]!r}" for name in other)
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


def collect(
    row: Row, runs_dir: pathlib.Path | str, changes: Mapping[str, Any] | None = None
) -> Runs:
    """Every run of a row that lies in a folder; nobody chooses which seeds are shown.

    Args:
        row: The `Row`.
        runs_dir: Folder of run folders.
        changes: As in `config_of`.

    Returns:
        The `Runs`. Those of another configuration, or damaged, are named in the log and left out.
    """
    if row.preset not in PRESETS:
        return Runs(row)
    results, unfinished = _collect(row, pathlib.Path(runs_dir), False, changes)
    beside, waiting = _collect(row, pathlib.Path(runs_dir), True, changes)
    return Runs(row, results, beside, unfinished, waiting)


def _collect(row, runs_dir, labels_only, changes):
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
            expected = config_of(row, int(number), labels_only=labels_only, changes=changes)
            check_same(run, expected, any_dataset=row.photos)
            if run.model_file.exists() and run.metrics_file.exists():
                results.append(read_result(run))
            else:
                unfinished.append(run.config.seed)
        except UserError as error:
            log.warning("Left out: %s", error)
    return tuple(sorted(results, key=lambda result: result.seed)), tuple(unfinished)


def summary(figure: Figure, results: Sequence[Result]) -> Summary | None:
    """A figure over the seeds that have it; None if none has."""
    factor = UNITS[figure.unit][0]
    values = {
        result.seed: factor * result.scores[figure.key]
        for result in results
        if figure.key in result.scores
    }
    if not values:
        return None
    mean = statistics.mean(values.values())
    worst_seed = (min if figure.more_is_better else max)(values, key=values.__getitem__)
    return Summary(
        len(values),
        mean,
        statistics.stdev(values.values()) if len(values) > 1 and math.isfinite(mean) else None,
        values[worst_seed],
        worst_seed,
    )


def median_minutes(results: Sequence[Result]) -> float | None:
    """Of the runs whose minutes were recorded; None if none were."""
    minutes = [result.minutes for result in results if result.minutes is not None]
    return statistics.median(minutes) if minutes else None


def goals(runs_of_row: Runs, figure: Figure) -> list[Goal]:
    """The goals of a figure, and with the headline those of its row.

    A figure is compared as it is printed, so that the reader can do the same.
    """
    row, found = runs_of_row.row, summary(figure, runs_of_row.results)
    kind = "at least" if figure.more_is_better else "at most"
    result = []
    if figure.goal is not None:
        met = _reached(figure, found and found.mean, figure.goal)
        result.append(Goal(f"{kind} {figure.printed(figure.goal)}", met))
    if figure.worst_goal is not None:
        met = _reached(figure, found and found.worst, figure.worst_goal)
        result.append(Goal(f"worst seed {kind} {figure.printed(figure.worst_goal)}", met))
    share = figure.share_of_labels_only
    if share is not None:
        alone = summary(figure, runs_of_row.labels_only)
        met = _reached(figure, found.mean, share * alone.mean) if found and alone else None
        result.append(Goal(f"{kind} {share:.2f} of labels alone", met))
    if row.minutes is not None and figure is row.headline:
        minutes = median_minutes(runs_of_row.results)
        met = None if minutes is None else minutes <= row.minutes
        text = f"{row.minutes:g} minutes" if row.minutes >= 1 else f"{60 * row.minutes:g} seconds"
        result.append(Goal(f"at most {text}", met))
    return result


def _reached(figure, value, goal):
    """Whether a value, as it is printed, reaches a goal; None where there is no value."""
    if value is None:
        return None
    value = round(value, UNITS[figure.unit][1])
    return value >= goal if figure.more_is_better else value <= goal
