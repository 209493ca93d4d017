"""Plots of losses and error over the epochs."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from aae_keras.plots.style import COLOURS

# Columns of a history that the last panel leaves out: they are no losses of additional terms.
NOT_LOSSES = {"epoch", "stage", "seconds", "loss", "error_rate"}


def learning_curves(
    history: Sequence[Mapping[str, float]], reconstruction_unit: str = "per image"
) -> Figure:
    """Plot losses and error over the epochs: each discriminator, training and validation apart.

    Args:
        history: One dict per epoch, with `epoch` and values by their log names; error rates are
            fractions.
        reconstruction_unit: Label of the first panel's vertical axis.
    """
    undecided = "undecided, {}"
    panels = [
        ("Reconstruction", reconstruction_unit, ["reconstruction_loss"], {}),
        ("Classification", "cross-entropy, nats", ["classification_loss"], {}),
        ("Error", "% of images", ["error_rate"], {}),
        (
            "Discriminators",
            "nats",
            _starting(history, "discriminator_"),
            {undecided.format("2 log 2"): 2 * math.log(2)},
        ),
        (
            "Encoder as generator",
            "nats",
            _starting(history, "generator_"),
            {undecided.format("log 2"): math.log(2)},
        ),
    ]
    shown = {name for _, _, names, _ in panels for name in names}
    others = [name for name in _starting(history, "") if name not in NOT_LOSSES | shown]
    others = [name for name in others if not name.startswith("val_")]
    panels.append(("Additions", "before their weights", others, {}))
    panels = [panel for panel in panels if any(_has(history, name) for name in panel[2])]
    columns = min(3, len(panels))
    lines = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(4.2 * columns, 3.2 * lines), layout="constrained")
    for place, panel in enumerate(panels):
        _curves(figure.add_subplot(lines, columns, place + 1), history, *panel)
    return figure


def _curves(axes, history, title, unit, names, references):
    """One panel: a line for each name that the history has, and horizontal lines to compare."""
    keys = [key for name in names for key in (name, f"val_{name}") if _has(history, key)]
    scale = 100 if unit.startswith("%") else 1
    for rank, key in enumerate(keys):
        rows = [(row["epoch"], scale * row[key]) for row in history if key in row]
        marker = "o" if len(rows) == 1 else None
        again, place = divmod(rank, len(COLOURS))
        look = {"color": COLOURS[place], "linestyle": "--" if again else "-", "marker": marker}
        axes.plot(*zip(*rows, strict=True), label=_label(key), **look)
    for label, height in references.items():
        axes.axhline(height, color="0.5", linestyle=":", label=label)
    if not references:
        axes.set_ylim(bottom=0)
    axes.set(title=title, xlabel="epoch", ylabel=unit)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(fontsize="small", frameon=False)


def _has(history, key):
    """Whether any epoch has a value of that name."""
    return any(key in row for row in history)


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
