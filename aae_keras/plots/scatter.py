"""Points of a plane by class: each class in its colour, its name written in its midst."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from aae_keras.plots.style import NO_LABEL, families, marks, with_boxes

# Classes at most that a legend lists, and lines in a column of it. More would fill the picture.
LISTED = 40
LINES = 20
# Classes at most, the largest, that a place for their name is looked for.
SOUGHT = 200
# Points of a class at most that are searched for its midst, and at least so that its name may
# cover some of them.
SEARCHED = 500
COVERED = 10
# Pixels around a name that belong to it, for its halo.
ROOM = 2
HALO = withStroke(linewidth=3, foreground="white")
# Steps to places around a name, in its heights: the shortest first, of these the highest.
STEPS = sorted(
    itertools.product(range(-2, 3), repeat=2), key=lambda step: (math.hypot(*step), -step[1])
)
AROUND = np.array(STEPS[1:])
ABOVE_OR_BELOW = AROUND[AROUND[:, 1] != 0]


def scatter_by_class(
    axes: Axes, points: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> None:
    """Plot points in the colour and marker of their class; those without a label in grey, below.

    Each class gets its name, in its midst or as near to it as no other name stands. Where there is
    no room for all, those of the largest classes are written, and a note says how many.

    Args:
        axes: Axes to plot into. They need their title, limits and ticks before, since the names
            are placed for that layout. They get a legend of up to `LISTED` classes, and their
            figure grows by its width.
        points: Places in the plane, shape (n, 2).
        labels: Indices into `names`, shape (n,), -1 where not known.
        names: One string per class.
    """
    # Square points: a few are large enough to show their colour, thousands small enough to be
    # told apart, and with the density to be seen.
    size, alpha = np.clip(6e4 / len(points), 9, 36), max(0.6, 0.9 - len(points) / 2e4)
    # In random order, or the last class would hide the others wherever they overlap.
    rows = np.random.default_rng(0).permutation(len(points))
    known = labels[rows] >= 0
    handles = []
    if not known.all():
        x, y = points[rows[~known]].T
        axes.scatter(x, y, s=size, color=NO_LABEL, alpha=alpha, linewidths=0)
        handles.append(_handle("no label", NO_LABEL, "o"))
    rows = rows[known]
    if not len(rows):
        return
    colours, markers = map(np.array, zip(*marks(len(names)), strict=True))
    for marker in dict.fromkeys(markers[labels[rows]]):
        chosen = rows[markers[labels[rows]] == marker]
        x, y = points[chosen].T
        c = colours[labels[chosen]]
        axes.scatter(x, y, s=size, c=c, marker=marker, alpha=alpha, linewidths=0)
    present = np.unique(labels[rows])
    with with_boxes():
        if len(present) <= LISTED:
            handles += [_handle(names[rank], colours[rank], markers[rank]) for rank in present]
            _add_legend(axes, handles)
        _write_names(axes, {names[rank]: points[labels == rank] for rank in present})


def densest_first(points: np.ndarray) -> np.ndarray:
    """The denser half of a class's points, the densest first: a midst that is in the class.

    The mean or median of a round cluster would do as well. That of a ring or of two clusters lies
    between the points, and the point next to it is a stray one.

    Args:
        points: Shape (n, 2), at least one.

    Returns:
        Some of these points; of thousands not all are looked at.
    """
    points = points[:: -(-len(points) // SEARCHED)]
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    # A fifth of all pairs are as near: wide enough for one peak in a cluster, and still within a
    # cluster where a class has several.
    width = np.quantile(distances, 0.2) or 1
    density = np.exp(-distances / width).sum(axis=1)
    return points[np.argsort(-density, kind="stable")[: (len(points) + 1) // 2]]


def _handle(name, colour, marker):
    """What the legend shows of a class: one size, and no transparency."""
    return Line2D([], [], color=colour, marker=marker, linestyle="", label=name)


def _add_legend(axes, handles):
    """List the classes beside the axes, and widen the figure by that list."""
    legend = axes.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False,
        ncols=-(-len(handles) // LINES), fontsize="small", handletextpad=0.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_fontfamily(families())
    figure = axes.figure
    figure.set_figwidth(figure.get_figwidth() + legend.get_window_extent().width / figure.dpi)


def _write_names(axes, classes):
    """Write the names of classes on their points, the largest class first, none over another."""
    axes.figure.draw_without_rendering()  # lays the axes out, so that pixels can be asked for
    taken = np.empty((0, 4))
    size = 11 if len(classes) <= 10 else 9 if len(classes) <= LISTED else 7
    largest = sorted(classes.items(), key=lambda item: -len(item[1]))[:SOUGHT]
    for name, points in largest:
        text = axes.text(
            0, 0, name, ha="center", va="center", size=size, weight="bold", path_effects=[HALO],
            parse_math=False, in_layout=False, fontfamily=families(),
        )  # fmt: skip
        extent = text.get_window_extent()
        half = np.array([extent.width, extent.height]) / 2 + ROOM
        on_points = axes.transData.transform(densest_first(points))
        if len(points) < COVERED:
            centres = on_points[0] + 2 * half[1] * ABOVE_OR_BELOW
        else:
            centres = np.concatenate([on_points, on_points[0] + 2 * half[1] * AROUND])
        centres = np.clip(centres, axes.bbox.min + half, axes.bbox.max - half)
        boxes = np.hstack([centres - half, centres + half])
        free = ~_overlap(boxes, taken).any(axis=1)
        if free.any():
            text.set_position(axes.transData.inverted().transform(centres[free.argmax()]))
            taken = np.vstack([taken, boxes[free.argmax()]])
        else:
            text.remove()
    if len(taken) < len(classes):
        note = f"Names of {len(taken)} of {len(classes)} classes"
        axes.annotate(note, (0.01, 0.01), xycoords="axes fraction", size=8, path_effects=[HALO])


def _overlap(boxes, others):
    """Whether each box (left, bottom, right, top) overlaps each of the others: a table."""
    boxes = boxes[:, None]
    return ((boxes[..., :2] < others[:, 2:]) & (boxes[..., 2:] > others[:, :2])).all(axis=-1)
