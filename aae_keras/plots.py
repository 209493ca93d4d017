"""Pictures: arrays in, a matplotlib figure out. Nothing here knows a model, a run or a file."""

import math

import numpy as np
from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by colour-blind readers.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INCH_PER_TILE = 0.62


def learning_curves(history, reconstruction_unit="per image"):
    """Losses and error over the epochs, each discriminator and each part on its own.

    Args:
        history: List of dicts, one per epoch, with `epoch` and values by their log names.
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
    panels = [panel for panel in panels if any(_has(history, name) for name in panel[2])]
    columns = min(3, len(panels))
    lines = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(4.2 * columns, 3.2 * lines), layout="constrained")
    for place, panel in enumerate(panels):
        _curves(figure.add_subplot(lines, columns, place + 1), history, *panel)
    return figure


def _curves(axes, history, title, unit, names, references):
    keys = [key for name in names for key in (name, f"val_{name}") if _has(history, key)]
    scale = 100 if unit.startswith("%") else 1
    for colour, key in zip(COLOURS, keys, strict=False):
        rows = [(row["epoch"], scale * row[key]) for row in history if key in row]
        marker = "o" if len(rows) == 1 else None
        axes.plot(*zip(*rows, strict=True), color=colour, label=_label(key), marker=marker)
    for label, height in references.items():
        axes.axhline(height, color="0.5", linestyle=":", label=label)
    if not references:
        axes.set_ylim(bottom=0)
    axes.set(title=title, xlabel="epoch", ylabel=unit)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(fontsize="small", frameon=False)


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


def image_grid(images, rows, columns, title):
    """A grid of images with named rows and columns.

    Args:
        images: In [0, 1], shape (rows, columns, height, width, channels).
        rows, columns: Names.
        title: Of the figure.
    """
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
    axes.imshow(sheet.squeeze(), cmap="gray", vmin=0, vmax=1, extent=extent, aspect=height / width)
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


def max_y_histogram(y):
    """How sure the encoder is: the largest entry of each latent y.

    Args:
        y: Probabilities, shape (n, categories).
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.hist(y.max(axis=1), bins=np.linspace(0, 1, 41), color=COLOURS[0])
    axes.axvline(1 / y.shape[1], color="0.5", linestyle=":", label="all categories alike")
    axes.set_yscale("log")
    axes.set(title=f"Confidence on {len(y)} held-out images", xlabel="max y", ylabel="images")
    axes.legend(fontsize="small", frameon=False)
    return figure


def z_histogram(values, density, dimension):
    """One dimension of z over held-out images, against the prior's density.

    Args:
        values: Shape (n,).
        density: Function of an array that gives the prior's density of this dimension.
        dimension: Its number, for the title.
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    bins = int(np.clip(math.sqrt(len(values)), 10, 60))
    axes.hist(values, bins=bins, density=True, color=COLOURS[5], label="codes q(z)")
    reach = np.abs(axes.get_xlim()).max()
    grid = np.linspace(-reach, reach, 400)
    axes.plot(grid, density(grid), color=COLOURS[1], label="prior p(z)")
    axes.set(
        title=f"Dimension {dimension} of z, {len(values)} held-out images",
        xlabel=f"z[{dimension}]",
        ylabel="density",
    )
    axes.legend(fontsize="small", frameon=False)
    return figure


def confusion_matrix(counts, class_names):
    """Images by true class (down) and predicted class (across), with their numbers.

    Args:
        counts: Whole numbers, shape (classes, classes).
        class_names: One string per class.
    """
    side = max(4.5, 0.5 * len(class_names) + 1.5)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if share[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)
    ticks = np.arange(len(class_names))
    rotation = 60 if max(len(name) for name in class_names) > 3 else 0
    axes.set_xticks(ticks, class_names, rotation=rotation)
    axes.set_yticks(ticks, class_names)
    wrong = int(counts.sum() - np.trace(counts))
    axes.set(
        title=f"{wrong} of {int(counts.sum())} held-out images wrong",
        xlabel="predicted class",
        ylabel="true class",
    )
    return figure


def _has(history, key):
    return any(key in row for row in history)


def _starting(history, start):
    keys = dict.fromkeys(key for row in history for key in row)
    return [key for key in keys if key.startswith(start)]


def _label(key):
    part = "validation" if key.startswith("val_") else "training"
    name = key.removeprefix("val_")
    if name.endswith("_cat_loss"):
        return "of y (categorical)"
    if name.endswith("_gauss_loss"):
        return "of z (Gaussian)"
    return part + (" labels" if name == "error_rate" and part == "training" else "")
