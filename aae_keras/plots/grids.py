"""Grids of images with named rows and columns."""

import numpy as np
from matplotlib.figure import Figure

INCH_PER_TILE = 0.62
# Rows and columns of a grid, at most: a thousand classes would make a picture nobody can open.
MOST = 60


def reconstructions(originals, decoded, class_names):
    """Images above, the decoder's reconstruction of each below.

    Args:
        originals, decoded: In [0, 1], shape (n, height, width, channels).
        class_names: Title of each column, n strings.
    """
    rows = ("original", "decoded")
    title = "Held-out images and their reconstructions"
    return image_grid(np.stack([originals, decoded]), rows, class_names, title)


def styles_by_label(drawn, class_names):
    """One style (a z drawn from the prior) per row, one label (a one-hot y) per column.

    Args:
        drawn: In [0, 1], shape (styles, labels, height, width, channels).
        class_names: One string per label.
    """
    rows = [f"style {n + 1}" for n in range(len(drawn))]
    return image_grid(drawn, rows, class_names, "Drawn by the decoder: label across, style down")


def sheet(images, columns, title):
    """Images row by row, without names.

    Args:
        images: In [0, 1], shape (n, height, width, channels).
        columns: How many in a row.
        title: Of the figure.
    """
    rows = -(-len(images) // columns)
    filled = np.ones((rows * columns, *images.shape[1:]))
    filled[: len(images)] = images
    grid = filled.reshape(rows, columns, *images.shape[1:])
    return image_grid(grid, [""] * rows, [""] * columns, title)


def image_grid(images, rows, columns, title):
    """A grid of images with named rows and columns.

    Args:
        images: In [0, 1], shape (rows, columns, height, width, channels).
        rows, columns: Names.
        title: Of the figure, which says so if there are more than `MOST` rows or columns: the first
            are drawn.
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
    axes.set_xticks(np.arange(num_columns) + 0.5, columns)
    axes.set_yticks(np.arange(num_rows) + 0.5, rows)
    if max(len(str(name)) for name in columns) > 4:
        axes.tick_params(axis="x", rotation=60)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(title)
    return figure


def latent_roles(drawn, categories, values):
    """What the first dimension of z does in each category, the others being 0.

    Args:
        drawn: In [0, 1], shape (categories, values, height, width, channels).
        categories: Name of each row.
        values: Of that dimension, one per column.
    """
    columns = [f"{value:.1f}" for value in values]
    return image_grid(drawn, categories, columns, "Role of latent features: y down, z[0] across")


def modes_and_samples(drawn, held_out, categories):
    """The mode of each category (z = 0), samples of it, and held-out images found in it.

    Args:
        drawn: In [0, 1], shape (categories, 1 + samples, height, width, channels), the mode first.
        held_out: The same of real images, shape (categories, n, ...), white where there are none.
        categories: Name of each row.
    """
    images = np.concatenate([drawn, held_out], axis=1)
    columns = ["mode"] + ["drawn"] * (drawn.shape[1] - 1) + ["real"] * held_out.shape[1]
    return image_grid(
        images, categories, columns, "Mode, samples, and held-out images surest of it"
    )


def modes(drawn, categories):
    """The typical image of each category (of the first `MOST`), ten to a row.

    Args:
        drawn: In [0, 1], shape (categories, height, width, channels).
        categories: Name of each.
    """
    drawn, categories = drawn[:MOST], categories[:MOST]
    across = min(10, len(drawn))
    down = -(-len(drawn) // across)
    figure = Figure(figsize=(max(4.5, 0.8 * across), 0.95 * down + 0.6), layout="constrained")
    for rank, (image, name) in enumerate(zip(drawn, categories, strict=True)):
        axes = figure.add_subplot(down, across, rank + 1)
        axes.imshow(_shown(image), cmap="gray", vmin=0, vmax=1)
        axes.set_title(name, fontsize=8, pad=2)
        axes.set_axis_off()
    figure.suptitle("Learned modes: the image of each y alone", fontsize=10)
    return figure


def manifold(drawn, across, down):
    """Images decoded of a grid of 2-D codes, at percentiles of the prior.

    Args:
        drawn: In [0, 1], shape (rows, columns, height, width, channels); the first row is drawn at
            the top.
        across, down: Percentile of each column and row.
    """
    return image_grid(
        drawn,
        [f"{100 * share:.0f}" for share in down],
        [f"{100 * share:.0f}" for share in across],
        "Decoded 2-D codes, at percentiles of the prior",
    )


def cluster_heads(heads, nearest, categories):
    """The image decoded at each cluster head, and the held-out images whose code is nearest.

    Args:
        heads: In [0, 1], shape (categories, height, width, channels).
        nearest: Shape (categories, n, height, width, channels).
        categories: Name of each row.
    """
    images = np.concatenate([heads[:, None], nearest], axis=1)
    columns = ["head"] + ["near"] * nearest.shape[1]
    return image_grid(images, categories, columns, "Cluster heads and the nearest held-out images")


def between(drawn):
    """Images decoded on the way from one code to another, the ends first and last.

    Args:
        drawn: In [0, 1], shape (steps, height, width, channels).
    """
    columns = [f"{share:.0%}" for share in np.linspace(0, 1, len(drawn))]
    return image_grid(drawn[None], [""], columns, "From one code to another")


def _shown(image):
    """An image as `imshow` takes it: grey ones without an axis for their channel."""
    return image[..., 0] if image.shape[-1] == 1 else image
