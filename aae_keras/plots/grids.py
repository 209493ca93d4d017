"""Plots of images in grids with named rows and columns."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from aae_keras.plots.style import MOST, families, write_names

INCH_PER_TILE = 0.62


def reconstructions(
    originals: np.ndarray, decoded: np.ndarray, class_names: Sequence[str]
) -> Figure:
    """Plot images, and below each of them its reconstruction.

    Args:
        originals, decoded: Images in [0, 1], shape (n, height, width, channels).
        class_names: Name of each column, n strings.
    """
    rows = ("original", "decoded")
    title = "Held-out images and their reconstructions"
    return image_grid(np.stack([originals, decoded]), rows, class_names, title)


def styles_by_label(images: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Plot generated images: one style (a z from the prior) per row, one label per column.

    Args:
        images: Decoded images in [0, 1], shape (styles, labels, height, width, channels).
        class_names: One string per label.
    """
    rows = [f"style {n + 1}" for n in range(len(images))]
    return image_grid(images, rows, class_names, "Generated images: label across, style down")


def sheet(images: np.ndarray, columns: int, title: str) -> Figure:
    """Plot images row by row, without names.

    Args:
        images: Images in [0, 1], shape (n, height, width, channels).
        columns: Images in a row, at least 1.
        title: Title of the figure.
    """
    rows = -(-len(images) // columns)
    filled = np.ones((rows * columns, *images.shape[1:]))
    filled[: len(images)] = images
    grid = filled.reshape(rows, columns, *images.shape[1:])
    return image_grid(grid, [""] * rows, [""] * columns, title)


def image_grid(
    images: np.ndarray, rows: Sequence[str], columns: Sequence[str], title: str
) -> Figure:
    """Plot a grid of images with named rows and columns.

    Args:
        images: Images in [0, 1], shape (rows, columns, height, width, channels).
        rows, columns: Name of each row and of each column.
        title: Title of the figure. Of more than `MOST` rows or columns only the first are shown,
            and the title says so.
    """
    for axis, what in ((0, "rows"), (1, "columns")):
        if images.shape[axis] > MOST:
            title = f"{title} ({MOST} of {images.shape[axis]} {what})"
    images, rows, columns = images[:MOST, :MOST], rows[:MOST], columns[:MOST]
    num_rows, num_columns, height, width, channels = images.shape
    padded = np.ones((num_rows, num_columns, height + 1, width + 1, channels))
    padded[:, :, :height, :width] = images
    sheet = padded.transpose(0, 2, 1, 3, 4).reshape(
        num_rows * (height + 1), num_columns * (width + 1), channels
    )
    size = (max(4.5, INCH_PER_TILE * num_columns + 1.2), INCH_PER_TILE * num_rows + 1.1)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    extent = (0, num_columns, num_rows, 0)
    axes.imshow(_shown(sheet), cmap="gray", vmin=0, vmax=1, extent=extent, aspect=height / width)
    write_names(axes.xaxis, columns, 0.5)
    write_names(axes.yaxis, rows, 0.5)
    if max(len(str(name)) for name in columns) > 4:
        axes.tick_params(axis="x", rotation=60)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(title, parse_math=False, fontfamily=families())  # it may name a label
    return figure


def latent_roles(
    images: np.ndarray, categories: Sequence[str], values: Sequence[float] | np.ndarray
) -> Figure:
    """Plot what the first dimension of z does in each category, the others being 0.

    Args:
        images: Decoded images in [0, 1], shape (categories, values, height, width, channels).
        categories: Name of each row.
        values: Value of that dimension in each column.
    """
    columns = [f"{value:.1f}" for value in values]
    return image_grid(images, categories, columns, "Role of latent features: y down, z[0] across")


def modes_and_samples(
    decoded: np.ndarray, held_out: np.ndarray, categories: Sequence[str]
) -> Figure:
    """Plot the mode of each category (z = 0), samples of it, and held-out images that are in it.

    Args:
        decoded: Images in [0, 1], shape (categories, 1 + samples, height, width, channels), the
            mode first.
        held_out: Real images in [0, 1], shape (categories, n, height, width, channels), white
            where there are none.
        categories: Name of each row.
    """
    images = np.concatenate([decoded, held_out], axis=1)
    columns = ["mode"] + ["sample"] * (decoded.shape[1] - 1) + ["real"] * held_out.shape[1]
    return image_grid(
        images, categories, columns, "Mode, samples, and held-out images surest of it"
    )


def modes(images: np.ndarray, categories: Sequence[str]) -> Figure:
    """Plot the typical image of each category (of the first `MOST`), ten to a row.

    Args:
        images: Decoded images in [0, 1], shape (categories, height, width, channels).
        categories: Name of each category.
    """
    images, categories = images[:MOST], categories[:MOST]
    across = min(10, len(images))
    down = -(-len(images) // across)
    figure = Figure(figsize=(max(4.5, 0.8 * across), 0.95 * down + 0.6), layout="constrained")
    for rank, (image, name) in enumerate(zip(images, categories, strict=True)):
        axes = figure.add_subplot(down, across, rank + 1)
        axes.imshow(_shown(image), cmap="gray", vmin=0, vmax=1)
        axes.set_title(name, fontsize=8, pad=2, parse_math=False, fontfamily=families())
        axes.set_axis_off()
    figure.suptitle("Learned modes: the image of each y alone", fontsize=10)
    return figure


def manifold(
    images: np.ndarray, across: Sequence[float] | np.ndarray, down: Sequence[float] | np.ndarray
) -> Figure:
    """Plot images decoded from a grid of 2-D codes, at quantiles of the prior.

    Args:
        images: Decoded images in [0, 1], shape (rows, columns, height, width, channels), the first
            row at the top.
        across, down: Quantile of each column and row, in [0, 1].
    """
    return image_grid(
        images,
        [f"{100 * share:.0f}" for share in down],
        [f"{100 * share:.0f}" for share in across],
        "Decoded 2-D codes, at percentiles of the prior",
    )


def cluster_heads(heads: np.ndarray, nearest: np.ndarray, categories: Sequence[str]) -> Figure:
    """Plot the image decoded at each cluster head, and the held-out images whose code is nearest.

    Args:
        heads: Decoded images in [0, 1], shape (categories, height, width, channels).
        nearest: Real images in [0, 1], shape (categories, n, height, width, channels).
        categories: Name of each row.
    """
    images = np.concatenate([heads[:, None], nearest], axis=1)
    columns = ["head"] + ["near"] * nearest.shape[1]
    return image_grid(images, categories, columns, "Cluster heads and the nearest held-out images")


def between(images: np.ndarray) -> Figure:
    """Plot images decoded at equal steps from one code (first image) to another (last image).

    Args:
        images: Decoded images in [0, 1], shape (steps, height, width, channels).
    """
    columns = [f"{share:.0%}" for share in np.linspace(0, 1, len(images))]
    return image_grid(images[None], [""], columns, "From one code to another")


def _shown(image):
    """An image as `imshow` takes it: grey ones without an axis for their channel."""
    return image[..., 0] if image.shape[-1] == 1 else image
