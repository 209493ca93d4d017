"""What the results of a row come to: means, worst seeds, minutes, and the goals they reach."""

import dataclasses
import math
import statistics
from collections.abc import Sequence

from aae_keras.experiment.reproduction.results import Result, Runs
from aae_keras.experiment.reproduction.rows import UNITS, Figure


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
    """Of the `timed` runs; None if the minutes of none were recorded."""
    minutes = [result.minutes for result in timed(results) if result.minutes is not None]
    return statistics.median(minutes) if minutes else None


def timed(results: Sequence[Result]) -> list[Result]:
    """The runs whose minutes count: those made one at a time, or all where there are none."""
    recorded = [result for result in results if result.minutes is not None]
    return [result for result in recorded if result.record.at_once == 1] or recorded


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
