"""Pictures: arrays in, a matplotlib figure out. Nothing here knows a model, a run or a file."""

from aae_keras.plots.codes import codes_over_prior, tsne
from aae_keras.plots.curves import label_curves, learning_curves
from aae_keras.plots.grids import (
    between,
    cluster_heads,
    image_grid,
    latent_roles,
    manifold,
    modes,
    modes_and_samples,
    reconstructions,
    sheet,
    styles_by_label,
)
from aae_keras.plots.histograms import (
    clusters_by_class,
    confusion_matrix,
    max_y_histogram,
    predicted_labels,
    z_histogram,
)

__all__ = [
    "between",
    "cluster_heads",
    "clusters_by_class",
    "codes_over_prior",
    "confusion_matrix",
    "image_grid",
    "label_curves",
    "latent_roles",
    "learning_curves",
    "manifold",
    "max_y_histogram",
    "modes",
    "modes_and_samples",
    "predicted_labels",
    "reconstructions",
    "sheet",
    "styles_by_label",
    "tsne",
    "z_histogram",
]
