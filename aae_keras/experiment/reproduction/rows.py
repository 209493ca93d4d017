"""The rows of RESULTS.md: a preset each, the figures it shows, and what they are held against.

Pure data. `tools.reproduce` runs the rows; `results` reads their runs and judges the goals.
"""

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any

from aae_keras.experiment.configuration.fields import nearest

# How a score of metrics.json is printed: its factor and its decimal places, by unit.
UNITS = {"%": (100, 2), "nats": (1, 1), "min": (1, 1)}
# Validation errors, in percent, that the time to is a score of.
TIMED_ERRORS = (3, 2)
# What a network that is taught by labels alone is scored by.
LABELS_ONLY_KEY = "error_rate"


@dataclasses.dataclass(frozen=True)
class Figure:
    """A score that a row shows. Goals are in the unit that is printed.

    Attributes:
        key: Among the scores of the test part in `metrics.json`, or `minutes_to_N_percent`, which
            the history gives.
        name: What a reader calls it.
        unit: One of `UNITS`.
        paper: The paper's figure, as text with its unit; "" where it has none.
        best: The best published ones of the kind, as text; "" where there are none.
        goal: What the mean over the seeds is to reach; None for no goal.
        worst_goal: What the worst seed is to reach; None for no such goal.
        share_of_labels_only: The mean is to reach this share of what labels alone give; or None.
        more_is_better: Whether a goal is a least value, not a greatest one.

    Raises:
        ValueError: If the unit is unknown, or the share is none.
    """

    key: str
    name: str
    unit: str = "%"
    paper: str = ""
    best: str = ""
    goal: float | None = None
    worst_goal: float | None = None
    share_of_labels_only: float | None = None
    more_is_better: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(
                f"`unit` must be one of {', '.join(UNITS)}. Received: unit={self.unit!r}"
            )
        share = self.share_of_labels_only
        if share is not None and not 0 < share <= 1:
            raise ValueError(
                "`share_of_labels_only` must be above 0 and at most 1. "
                f"Received: share_of_labels_only={share}"
            )

    def printed(self, value: float) -> str:
        """A value in the figure's unit as a reader sees it: `1.25 %`, or `never`."""
        if math.isinf(value):
            return "never"
        return f"{value:.{UNITS[self.unit][1]}f} {self.unit}"


@dataclasses.dataclass(frozen=True)
class Row:
    """A recipe whose figures RESULTS.md shows.

    Attributes:
        name: Of the row, and of its preset unless it is an ablation.
        labels: How many labels of what data training sees, as text.
        figures: The `Figure`s; the first is the headline.
        seeds: How many seeds it is run with, from 0 on.
        labels_only: Whether the same network, taught by the labels alone, is run beside it.
        minutes: The most minutes that a run is to take; None for no such goal.
        readme: What the README's table calls it; "" where it does not stand there.
        photos: Whether its data is a folder of class folders that the user must have.
        of: The row whose recipe an ablation changes; "" for a row of its own.
        changes: Fields of `Config` that it sets.

    Raises:
        ValueError: If it has no seed or no figure, or labels alone give no headline.
    """

    name: str
    labels: str
    figures: tuple[Figure, ...]
    seeds: int = 3
    labels_only: bool = False
    minutes: float | None = None
    readme: str = ""
    photos: bool = False
    of: str = ""
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ValueError(f"`seeds` must be at least 1. Received: seeds={self.seeds}")
        if not self.figures:
            raise ValueError(f"The row {self.name} needs at least one figure. Received: none")
        if self.labels_only and self.headline.key != LABELS_ONLY_KEY:
            raise ValueError(
                f"A row with `labels_only` must have {LABELS_ONLY_KEY} as its first figure, which "
                f"is all that both networks are scored by. Received: {self.headline.key}"
            )
        for figure in self.figures:
            if figure.share_of_labels_only and not (self.labels_only and figure is self.headline):
                raise ValueError(
                    "`share_of_labels_only` is for the first figure of a row with `labels_only`. "
                    f"Received: {figure.key} of {self.name}"
                )

    @property
    def preset(self) -> str:
        """The name of its preset, which may be yet to come."""
        return self.of or self.name

    @property
    def headline(self) -> Figure:
        """The figure that the README shows and that labels alone are compared by."""
        return self.figures[0]


_error = functools.partial(Figure, LABELS_ONLY_KEY, "test error")
_hungarian = functools.partial(Figure, "error_rate_hungarian", "error, one cluster a class")
_paper_rule = functools.partial(Figure, "error_rate_paper_rule", "error by the paper's rule")


def _generation(drawn: float | None = None, probe: float | None = None) -> tuple[Figure, ...]:
    """What shows that style and label are apart, with goals for both where there are any."""
    return (
        Figure("generated_accuracy", "generated digits right", goal=drawn, more_is_better=True),
        Figure("label_probe_accuracy", "label read from z", goal=probe),
    )


def _time_to(percent, goal):
    """In every seed, the minutes of training, first stage included, to a validation error."""
    key, name = f"minutes_to_{percent}_percent", f"training until {percent} % on validation"
    return Figure(key, name, unit="min", worst_goal=goal)


ROWS = (
    Row(
        "digits",
        "50 of digits",
        (_error(best="label spreading 3.8 %", goal=3.2),),
        seeds=10,
        labels_only=True,
        minutes=1 / 3,
        readme="digits (8x8), 50 labels",
    ),
    Row(
        "mnist-100-plus",
        "100 of MNIST",
        (
            _error(
                paper="1.90 ± 0.10 %",
                best="Ladder 1.06 %, Improved GAN 0.93 %, best known 0.80 %",
                goal=1.2,
                worst_goal=1.6,
            ),
            *_generation(drawn=97, probe=20),
            _time_to(3, goal=2),
            _time_to(2, goal=3),
        ),
        seeds=10,
        labels_only=True,
        minutes=8,
        readme="MNIST, 100 labels",
    ),
    Row(
        "mnist-100-image",
        "100 of MNIST; shifts",
        (_error(),),
        labels_only=True,
        readme="MNIST, 100 labels, known to be images",
    ),
    Row(
        "mnist-10-plus",
        "10 of MNIST",
        (_error(goal=2.0),),
        seeds=10,
        labels_only=True,
        readme="MNIST, 10 labels",
    ),
    Row(
        "mnist-20-plus",
        "20 of MNIST",
        (_error(best="Improved GAN 16.8 %, Triple GAN 4.8 %", goal=1.6),),
        seeds=10,
        labels_only=True,
    ),
    Row(
        "mnist-1000-plus",
        "1000 of MNIST",
        (_error(paper="1.60 ± 0.08 %", best="Ladder 0.84 %", goal=0.95),),
        labels_only=True,
        readme="MNIST, 1000 labels",
    ),
    Row(
        "mnist-all-plus",
        "all of MNIST",
        (_error(paper="0.85 ± 0.02 %", best="Ladder 0.57 %", goal=0.75),),
        readme="MNIST, all labels",
        labels_only=True,
    ),
    Row(
        "mnist-100",
        "100 of MNIST",
        (_error(paper="1.90 ± 0.10 %", goal=1.9),),
        labels_only=True,
        readme="MNIST, 100 labels, the paper's recipe",
    ),
    Row(
        "mnist-1000",
        "1000 of MNIST",
        (_error(paper="1.60 ± 0.08 %", goal=1.6),),
        labels_only=True,
    ),
    Row(
        "mnist-all",
        "all of MNIST",
        (_error(paper="0.85 ± 0.02 %", goal=0.85),),
        labels_only=True,
    ),
    Row(
        "mnist-clusters-10-plus",
        "none of MNIST",
        (_hungarian(best="IMSAT 1.6 %, VaDE 5.5 %", goal=1.6, worst_goal=3.0), *_generation()),
        seeds=10,
        minutes=5,
        readme="MNIST, no labels, 10 clusters",
    ),
    Row(
        "mnist-clusters-16-plus",
        "none of MNIST",
        (_paper_rule(paper="9.55 ± 2.05 %", goal=5.0),),
        readme="MNIST, no labels, 16 clusters",
    ),
    Row(
        "mnist-clusters-30-plus",
        "none of MNIST",
        (_paper_rule(paper="4.10 ± 1.13 %", goal=3.0),),
    ),
    Row("mnist-clusters-16", "none of MNIST", (_paper_rule(paper="9.55 ± 2.05 %"),), seeds=1),
    Row("mnist-clusters-30", "none of MNIST", (_paper_rule(paper="4.10 ± 1.13 %"),), seeds=1),
    Row("mnist-2d-100-plus", "100 of MNIST", (_error(paper="6.08 %", goal=2.5),), labels_only=True),
    Row(
        "mnist-2d-1000-plus",
        "1000 of MNIST",
        (_error(paper="4.20 %", goal=2.0),),
        labels_only=True,
    ),
    Row(
        "mnist-10d-100-plus",
        "100 of MNIST",
        (_error(paper="3.90 %", goal=2.0),),
        labels_only=True,
    ),
    Row("mnist-2d-clusters-20-plus", "none of MNIST", (_paper_rule(paper="13.95 %", goal=6.0),)),
    Row(
        "mnist-likelihood",
        "none of MNIST",
        (
            Figure(
                "log_likelihood",
                "log-likelihood, 10 000 samples",
                unit="nats",
                paper="340 ± 2 nats",
                goal=340,
                more_is_better=True,
            ),
        ),
        seeds=2,
    ),
    Row("mnist-style", "all of MNIST", _generation(drawn=98, probe=15), seeds=2),
    Row(
        "mnist-manual",
        "3000 of MNIST; shifts",
        (_error(best="3 % was asked for", goal=1.0),),
        labels_only=True,
        readme="MNIST, 3000 labels, known to be images",
    ),
    Row(
        "fashion-1000",
        "1000 of Fashion-MNIST; shifts",
        (_error(best="labels alone", share_of_labels_only=0.8),),
        labels_only=True,
    ),
    Row(
        "photos-1000",
        "1000 of colour photos; shifts",
        (_error(best="labels alone", share_of_labels_only=0.8),),
        labels_only=True,
        photos=True,
    ),
)


def _ablations(of: str, parts: Mapping[str, Mapping[str, Any]]) -> tuple[Row, ...]:
    """Rows of a recipe with a part of it taken away, each with the figures of the whole."""
    whole = row_of(of)
    figures = tuple(
        Figure(figure.key, figure.name, figure.unit, more_is_better=figure.more_is_better)
        for figure in whole.figures
    )
    return tuple(
        Row(f"{of}-without-{part}", whole.labels, figures, of=of, changes=changes)
        for part, changes in parts.items()
    )


def row_of(name: str, table: Iterable[Row] = ROWS) -> Row:
    """The row of a name.

    Args:
        name: Of a row.
        table: The rows there are.

    Raises:
        ValueError: If there is no such row; the message names the nearest.
    """
    by_name = {row.name: row for row in table}
    if name not in by_name:
        raise ValueError(f"Unknown row {name!r}.{nearest(name, by_name)}")
    return by_name[name]


# Epochs are such that each takes about the minutes of the whole: without VAT a step costs less than
# half. A part that cannot be taken away alone goes with what stands on it.
_OF_Y: dict[str, dict[str, Any]] = {
    "vat": {"extra_terms": ("conditional_entropy", "marginal_entropy"), "epochs": 45},
    "radius-of-its-own": {"vat_relative": False, "vat_radius": 1.3},
    "conditional-entropy": {"extra_terms": ("marginal_entropy", "vat")},
    "marginal-entropy": {"extra_terms": ("conditional_entropy", "vat")},
    "game-over-y": {"y_game_weight": 0.0},
    "game-over-z": {"z_game_weight": 0.0},
    "averaging": {"encoder_average": 0.0},
    "batch-norm": {"batch_norm": False, "batch_norm_heads": True},
    "trunk-of-z": {"trunks": 1, "z_units": (), "detached_y": False},
}
ABLATIONS = (
    *_ablations(
        "mnist-100-plus",
        _OF_Y
        | {
            "clusters": {"pretrain": "", "epochs": 25},
            "kept-y": {"pretrain_keeps_y": False},
        },
    ),
    *_ablations("mnist-clusters-10-plus", _OF_Y | {"clusters": {"pretrain": "", "epochs": 17}}),
)
