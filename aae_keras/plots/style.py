"""What every picture shares: colours that colour-blind readers tell apart, markers, legends."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

# Okabe and Ito's palette, without its black and yellow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "^", "s", "D", "v", "P")


def marks(count: int) -> list[tuple[str, str]]:
    """Pairs of a colour and a marker, `count` of them; up to 36 they are all different."""
    pairs = [(colour, marker) for marker in MARKERS for colour in COLOURS]
    return [pairs[rank % len(pairs)] for rank in range(count)]


def scatter_by_class(
    axes: Axes, points: np.ndarray, labels: np.ndarray, names: Sequence[str], size: float
) -> None:
    """Plot points in the colour and marker of their class; those without a label in grey, below.

    Args:
        axes: Axes to plot into; they get a legend.
        points: Places in the plane, shape (n, 2).
        labels: Indices into `names`, shape (n,), -1 where not known.
        names: One string per class.
        size: Area of a marker, in square points.
    """
    unknown = labels < 0
    if unknown.any():
        x, y = points[unknown].T
        axes.scatter(x, y, s=size, color="0.7", linewidths=0, label="no label")
    for rank, (colour, marker) in enumerate(marks(len(names))):
        chosen = points[labels == rank]
        if len(chosen):
            x, y = chosen.T
            axes.scatter(x, y, s=size, color=colour, marker=marker, linewidths=0, label=names[rank])
    if len(np.unique(labels)) > 1 or not unknown.all():
        columns = 1 + (len(names) - 1) // 16
        axes.legend(
            loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, markerscale=2,
            ncols=columns, fontsize="small",
        )  # fmt: skip
