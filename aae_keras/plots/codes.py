"""Plots of codes as points of a plane."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from aae_keras.plots.scatter import scatter_by_class

BINS = 120


def codes_over_prior(
    codes: np.ndarray, labels: np.ndarray, names: Sequence[str], prior: np.ndarray, title: str
) -> Figure:
    """Plot codes of held-out images by class, over the density of the prior.

    Args:
        codes: Shape (n, 2).
        labels: Indices into `names`, shape (n,), -1 where not known.
        names: One string per class.
        prior: Samples of the prior in the same plane, shape (m, 2).
        title: Title of the figure.
    """
    figure = Figure(figsize=(6.3, 6), layout="constrained")
    axes = figure.subplots()
    # Quantiles of each by itself: a few codes far from the many samples must not be cut off.
    low, high = np.quantile(codes, [0.001, 0.999], axis=0)
    prior_low, prior_high = np.quantile(prior, [0.001, 0.999], axis=0)
    low, high = np.minimum(low, prior_low), np.maximum(high, prior_high)
    # A square fills the figure, and the legend stands right beside it.
    middle, reach = (low + high) / 2, 0.56 * (high - low).max()
    low, high = middle - reach, middle + reach
    limits = np.stack([low, high], axis=1)
    density, _, _ = np.histogram2d(prior[:, 0], prior[:, 1], bins=BINS, range=limits)
    axes.imshow(
        np.sqrt(density.T), cmap="Greys", origin="lower", alpha=0.45,
        extent=(low[0], high[0], low[1], high[1]), interpolation="bilinear",
    )  # fmt: skip
    axes.set(
        title=title, xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="first", ylabel="second"
    )
    axes.set_aspect("equal", adjustable="box")
    scatter_by_class(axes, codes, labels, names)
    return figure


def tsne(points: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> Figure:
    """Plot codes of held-out images that t-SNE has laid out in a plane.

    Args:
        points: The layout, shape (n, 2).
        labels: Indices into `names`, shape (n,), -1 where not known.
        names: One string per class.
    """
    figure = Figure(figsize=(6.3, 6), layout="constrained")
    axes = figure.subplots()
    axes.set(title=f"t-SNE of the latent codes of {len(points)} held-out images")
    axes.set_xticks([])
    axes.set_yticks([])
    scatter_by_class(axes, points, labels, names)
    return figure
