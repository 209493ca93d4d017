"""The pictures of a run: which there are, and the arrays they are drawn from."""

import numpy as np
from sklearn.metrics import confusion_matrix

from aae_keras import evaluation, factory, plots
from aae_keras.images import to_unit_range

RECONSTRUCTION_UNIT = {
    "squared-error": "half squared error per image",
    "cross-entropy": "nats per image",
}
NUM_STYLES = 8
NUM_RECONSTRUCTIONS = 12
DPI = 120


def draw_run(folder, **where):
    """Draw the pictures that fit a run's setting, from held-out (validation) images.

    Args:
        folder: A trained run's folder.
        **where: See `factory.load_trained`.

    Returns:
        Paths of the PNG files, in `figures/`.

    Raises:
        DataError, RunError: If the run or its data cannot be used.
    """
    run, data, model = factory.load_trained(folder, **where)
    unit = RECONSTRUCTION_UNIT[run.config.reconstruction]
    drawn = {"learning_curves": plots.learning_curves(evaluation.read_history(run), unit)}
    drawn |= held_out_figures(model, data)
    if hasattr(model, "decoder"):
        drawn["styles_by_label"] = plots.styles_by_label(draw_styles(model, data), data.class_names)
    run.figures.mkdir(exist_ok=True)
    paths = []
    for name, figure in drawn.items():
        figure.text(
            0.995, 0.003, f"revision {run.revision}", ha="right", va="bottom", size=5, color="0.5"
        )
        paths.append(run.figures / f"{name}.png")
        figure.savefig(paths[-1], dpi=DPI)
    return paths


def held_out_figures(model, data):
    """Figures by name that show what a model makes of the validation images."""
    split = data.split
    # Shuffled, since the rows of a folder stand class by class and some pictures show a few.
    rows = np.random.default_rng(0).permutation(split.validation_rows)
    images, labels = split.images[rows], split.labels[rows]
    if not len(images):
        return {}
    code = evaluation.encode(model, images)
    drawn = {"max_y": plots.max_y_histogram(code["y"])}
    labelled = labels >= 0
    if labelled.any():
        classes = np.arange(len(data.class_names))
        counts = confusion_matrix(
            labels[labelled], code["y"][labelled].argmax(axis=1), labels=classes
        )
        drawn["confusion_matrix"] = plots.confusion_matrix(counts, data.class_names)
    if hasattr(model, "decoder"):
        prior = model.priors["z"]
        drawn["z_histogram"] = plots.z_histogram(code["z"][:, 0], prior.marginal_density, 0)
        few = slice(NUM_RECONSTRUCTIONS)
        drawn["reconstructions"] = plots.reconstructions(
            to_unit_range(images[few]),
            evaluation.decode(model, code["y"][few], code["z"][few]),
            [data.class_names[label] if label >= 0 else "?" for label in labels[few]],
        )
    return drawn


def draw_styles(model, data):
    """Images of every label (second axis) in the same few styles drawn from the prior of z."""
    num_classes = len(data.class_names)
    z = model.priors["z"].sample(NUM_STYLES, [model.seed, 0]).numpy()
    y = np.eye(num_classes, dtype="float32")
    images = evaluation.decode(
        model, np.tile(y, (NUM_STYLES, 1)), np.repeat(z, num_classes, axis=0)
    )
    return images.reshape(NUM_STYLES, num_classes, *data.image_shape)
