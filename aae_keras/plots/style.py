"""What every picture shares: colours that colour-blind readers tell apart, markers, legends."""

import numpy as np

# Okabe and Ito's palette, without its black and yellow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "^", "s", "D", "v", "P")


def marks(count):
    """So many pairs of colour and marker, no two alike up to 36."""
    pairs = [(colour, marker) for marker in MARKERS for colour in COLOURS]
    return [pairs[rank % len(pairs)] for rank in range(count)]


def scatter_by_class(axes, points, labels, names, size):
    """Points in the mark of their class, with a legend; those without a label in grey, below.

    Args:
        axes: Of matplotlib.
        points: Shape (n, 2).
        labels: Indices into `names`, shape (n,), -1 where not known.
        names: One string per class.
        size: Of a marker, in square points.
    """
    unknown = labels < 0
    if unknown.any():
        axes.scatter(*points[unknown].T, s=size, color="0.7", linewidths=0, label="no label")
    for rank, (colour, marker) in enumerate(marks(len(names))):
        chosen = points[labels == rank]
        if len(chosen):
            axes.scatter(
                *chosen.T, s=size, color=colour, marker=marker, linewidths=0, label=names[rank]
            )
    if len(np.unique(labels)) > 1 or not unknown.all():
        columns = 1 + (len(names) - 1) // 16
        axes.legend(
            loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, markerscale=2,
            ncols=columns, fontsize="small",
        )  # fmt: skip
