"""Plots of how values are distributed, and of counts of images by class or cluster."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from aae_keras.plots.style import COLOURS, MOST, write_names

# Inches a side at most, and cells a side at most that are shaded.
LARGEST = 24
SHADED = 1000


def max_y_histogram(y: np.ndarray) -> Figure:
    """Plot how sure the encoder is: a histogram of the largest entry of each latent y.

    Args:
        y: Probabilities of the categories, shape (n, categories).
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.hist(y.max(axis=1), bins=np.linspace(0, 1, 41).tolist(), color=COLOURS[0])
    axes.axvline(1 / y.shape[1], color="0.5", linestyle=":", label="all categories alike")
    axes.set_yscale("log")
    axes.set(title=f"Confidence on {len(y)} held-out images", xlabel="max y", ylabel="images")
    axes.legend(fontsize="small", frameon=False)
    return figure


def z_histogram(values: np.ndarray, prior: np.ndarray, dimension: int) -> Figure:
    """Plot one dimension of z over held-out images, and the prior's density.

    Args:
        values: That dimension of the codes, shape (n,).
        prior: The same dimension of samples of the prior, shape (m,).
        dimension: Index of the dimension, for the title.
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    reach = np.quantile(np.abs(prior), 0.999)
    reach = max(reach, np.abs(values).max())
    num_bins = int(np.clip(math.sqrt(len(values)), 10, 60))
    bins = np.linspace(-reach, reach, num_bins + 1).tolist()
    axes.hist(values, bins=bins, density=True, color=COLOURS[5], alpha=0.6, label="codes q(z)")
    axes.hist(
        prior, bins=2 * len(bins), density=True, histtype="step", color=COLOURS[1],
        label="prior p(z)",
    )  # fmt: skip
    axes.set(
        title=f"Dimension {dimension} of z, {len(values)} held-out images",
        xlabel=f"z[{dimension}]",
        ylabel="density",
    )
    axes.legend(fontsize="small", frameon=False)
    return figure


def predicted_labels(y: np.ndarray, names: Sequence[str]) -> Figure:
    """Plot how many held-out images have their largest y in each category, and the sum of y.

    Args:
        y: Probabilities of the categories, shape (n, categories).
        names: One string per category.
    """
    width = min(max(5, 0.28 * len(names) + 1.5), LARGEST)
    figure = Figure(figsize=(width, 3.4), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    counts = np.bincount(y.argmax(axis=1), minlength=len(names))
    bars: dict[str, Any] = {"color": COLOURS[5], "alpha": 0.6, "label": "largest y"}
    if len(names) <= MOST:
        axes.bar(places, counts, **bars)
    else:  # as one shape: thousands of bars take minutes
        axes.stairs(counts, np.arange(len(names) + 1) - 0.5, fill=True, **bars)
    axes.plot(places, y.sum(axis=0), "o", color=COLOURS[1], markersize=4, label="sum of y")
    axes.axhline(len(y) / len(names), color="0.5", linestyle=":", label="prior")
    write_names(axes.xaxis, names)
    _turn(axes, names)
    axes.set(title=f"Predicted labels of {len(y)} held-out images", ylabel="images")
    axes.set_ylim(
        0, 1.2 * max(counts.max(), y.sum(axis=0).max(), 1)
    )  # room for the legend above the bars
    axes.legend(fontsize="small", frameon=False, ncols=3, loc="upper center")
    return figure


def confusion_matrix(counts: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Plot the number of images by true class (down) and predicted class (across).

    Args:
        counts: Number of images, shape (classes, classes).
        class_names: One string per class.
    """
    side = min(max(4.5, 0.5 * len(class_names) + 1.5), LARGEST)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    _write_counts(axes, counts, 8)
    wrong = int(counts.sum() - np.trace(counts))
    axes.set(
        title=f"{wrong} of {int(counts.sum())} held-out images wrong",
        xlabel="predicted class",
        ylabel="true class",
    )
    write_names(axes.xaxis, class_names)
    write_names(axes.yaxis, class_names)
    _turn(axes, class_names)
    return figure


def clusters_by_class(
    counts: np.ndarray, clusters: Sequence[str], class_names: Sequence[str]
) -> Figure:
    """Plot the number of images by cluster (down) and true class (across).

    Args:
        counts: Number of images, shape (clusters, classes).
        clusters: Name of each row.
        class_names: One string per class.
    """
    width = max(4.5, 0.45 * len(class_names) + 2)
    height = max(3.5, 0.28 * len(clusters) + 1.2)
    size = min(width, LARGEST), min(height, LARGEST)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    share = _write_counts(axes, counts, 7)
    axes.set_aspect("auto")
    pure = share.max(axis=1, initial=0)[counts.sum(axis=1) > 0]
    axes.set(
        title=f"Clusters of {int(counts.sum())} held-out images, {pure.mean():.0%} pure on average",
        xlabel="true class",
    )
    write_names(axes.xaxis, class_names)
    write_names(axes.yaxis, clusters, fontsize=7)
    _turn(axes, class_names)
    return figure


def _write_counts(axes, counts, size):
    """Shade each cell by its share of its row, and write its count; returns the shares."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    grain = -(-max(counts.shape) // SHADED)
    cells = _largest_of_blocks(share, grain)
    extent = (-0.5, cells.shape[1] * grain - 0.5, cells.shape[0] * grain - 0.5, -0.5)
    axes.imshow(cells, cmap="Blues", vmin=0, vmax=1, extent=extent)
    if max(counts.shape) > MOST:
        return share
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if share[row, column] > 0.5 else "black"
            axes.text(
                column, row, str(count), ha="center", va="center", color=colour, fontsize=size
            )
    return share


def _largest_of_blocks(values, side):
    """The largest value in each square block of a matrix; those at its end may be smaller."""
    for axis in (0, 1):
        values = np.maximum.reduceat(values, np.arange(0, values.shape[axis], side), axis=axis)
    return values


def _turn(axes, names):
    """Turn the names below a picture, so that long ones do not overlap."""
    axes.tick_params(axis="x", rotation=60 if max(len(name) for name in names) > 3 else 0)
