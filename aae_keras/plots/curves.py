"""Plots of losses and error over the epochs."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from aae_keras.plots.style import COLOURS

# Columns of a history that the last panel leaves out: they are no losses of additional terms.
NOT_LOSSES = {"epoch", "stage", "seconds", "loss", "error_rate"}
History = Sequence[Mapping[str, float]]


class Curve(NamedTuple):
    """One line: what the legend calls it, its epochs and its values."""

    label: str
    epochs: list[float]
    values: list[float]


class Panel(NamedTuple):
    """Curves that belong together.

    Attributes:
        title, unit: What they are of, and in what unit; percent where that begins with `%`.
        curves: At least one.
        references: Heights to compare them with, by what the legend calls them.
    """

    title: str
    unit: str
    curves: list[Curve]
    references: dict[str, float]


def panels(history: History, reconstruction_unit: str = "per image") -> list[Panel]:
    """What there is to plot of a history: each discriminator, training and validation apart.

    Args:
        history: One dict per epoch, with `epoch` and values by their log names; error rates are
            fractions.
        reconstruction_unit: Unit of the first panel.
    """
    rows = [
        ("Reconstruction", reconstruction_unit, ["reconstruction_loss"], {}),
        ("Classification", "cross-entropy, nats", ["classification_loss"], {}),
        ("Error", "% of images", ["error_rate"], {}),
        (
            "Discriminators",
            "nats",
            _starting(history, "discriminator_"),
            {"undecided, 2 log 2": 2 * math.log(2)},
        ),
        (
            "Encoder as generator",
            "nats",
            _starting(history, "generator_"),
            {"undecided, log 2": math.log(2)},
        ),
    ]
    shown = {name for _, _, names, _ in rows for name in names}
    others = [name for name in _starting(history, "") if name not in NOT_LOSSES | shown]
    others = [name for name in others if not name.startswith("val_")]
    rows.append(("Additions", "before their weights", others, {}))
    found = [
        Panel(title, unit, _curves_of(history, unit, names), references)
        for title, unit, names, references in rows
    ]
    return [panel for panel in found if panel.curves]


def learning_curves(history: History, reconstruction_unit: str = "per image") -> Figure:
    """Plot losses and error over the epochs.

    Args:
        history, reconstruction_unit: See `panels`.
    """
    shown = panels(history, reconstruction_unit)
    columns = min(3, len(shown))
    lines = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(4.2 * columns, 3.2 * lines), layout="constrained")
    for place, panel in enumerate(shown):
        _plot(figure.add_subplot(lines, columns, place + 1), panel)
    return figure


def label_curves(counts: Sequence[int], errors: Mapping[str, Sequence[float]]) -> Figure:
    """Plot the error over the number of labels, for several ways of choosing them.

    Args:
        counts: Numbers of labels.
        errors: For each way an error rate for each number, a fraction.
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    for (way, values), colour in zip(errors.items(), COLOURS, strict=False):
        axes.plot(counts, [100 * value for value in values], "o-", color=colour, label=way)
    axes.set_ylim(bottom=0)
    axes.set_xticks(counts)
    axes.set(title="Error by labels given", xlabel="labels", ylabel="% of validation images")
    axes.legend(fontsize="small", frameon=False)
    return figure


def _curves_of(history, unit, names):
    """A curve for each name that the history has."""
    scale = 100 if unit.startswith("%") else 1
    curves = []
    for key in (key for name in names for key in (name, f"val_{name}")):
        rows = [row for row in history if key in row]
        if rows:
            values = [scale * row[key] for row in rows]
            curves.append(Curve(_label(key), [row["epoch"] for row in rows], values))
    return curves


def _plot(axes, panel):
    """One panel: its curves, and horizontal lines to compare."""
    for rank, (label, epochs, values) in enumerate(panel.curves):
        marker = "o" if len(values) == 1 else None
        again, place = divmod(rank, len(COLOURS))
        look = {"color": COLOURS[place], "linestyle": "--" if again else "-", "marker": marker}
        axes.plot(epochs, values, label=label, **look)
    for label, height in panel.references.items():
        axes.axhline(height, color="0.5", linestyle=":", label=label)
    if not panel.references:
        axes.set_ylim(bottom=0)
    axes.set(title=panel.title, xlabel="epoch", ylabel=panel.unit)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(fontsize="small", frameon=False)


def _starting(history, start):
    """The names of a history that begin so, in their order."""
    keys = dict.fromkeys(key for row in history for key in row)
    return [key for key in keys if key.startswith(start)]


def _label(key):
    """What the legend calls a name of the history."""
    part = "validation" if key.startswith("val_") else "training"
    name = key.removeprefix("val_")
    if not name.startswith(("reconstruction", "classification", "error", "disc", "gen")):
        return name.replace("_", " ") + (", validation" if part == "validation" else "")
    if name.endswith("_cat_loss"):
        return "of y (categorical)"
    if name.endswith("_gauss_loss"):
        return "of z (Gaussian)"
    return part + (" labels" if name == "error_rate" and part == "training" else "")
