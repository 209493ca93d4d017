"""The pictures of a run: which there are, and the arrays they are plotted from."""

import logging
import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import confusion_matrix
from threadpoolctl import threadpool_limits

from aae_keras import models, plots
from aae_keras.data import Data
from aae_keras.experiment.building import factory
from aae_keras.experiment.pictures import projector
from aae_keras.experiment.run_folder import outcomes, runs
from aae_keras.experiment.run_folder.runs import Run
from aae_keras.experiment.scores import scoring
from aae_keras.experiment.scores.outputs import Outputs, apply_model
from aae_keras.files import replaced
from aae_keras.images import to_unit_range
from aae_keras.models import AdversarialModel, LatentY
from aae_keras.models.inference import decode, decode_grid, sample_codes
from aae_keras.plots.style import unwritable, with_boxes
from aae_keras.remarks import count_of

log = logging.getLogger(__name__)

RECONSTRUCTION_UNIT = {
    "squared-error": "half squared error per image",
    "cross-entropy": "nats per image",
}
NUM_STYLES = 8
NUM_RECONSTRUCTIONS = 12
NUM_HELD_OUT = 5
PRIOR_SAMPLES = 20_000
TSNE_POINTS = 2000
# Quantiles at which a 2-D prior is decoded, and those of the first dimension of z in the roles.
MANIFOLD_QUANTILES = np.linspace(0.025, 0.975, 15)
ROLE_QUANTILES = np.linspace(0.02, 0.98, 9)
DPI = 120


def plot_run(folder: str | pathlib.Path, **where: str) -> list[pathlib.Path]:
    """Plot the pictures that fit a run's setting, from held-out (validation) images.

    The codes of these images are written for TensorBoard's projector as well.

    Args:
        folder: A trained run's folder.
        **where: `dataset`, `data_dir` or `labels`, if these lie elsewhere now.

    Returns:
        Paths of the PNG files, in `figures/`.

    Raises:
        DataError, RunError: If the run or its data cannot be used.
    """
    run, data, model = factory.load_trained(folder, **where)
    say_boxes(data.class_names)
    history = outcomes.read_history(run)
    pictures = {"learning_curves": learning_curves(run, history), **figures_of(model, data)}
    projector.write(run.logs, model, data)
    return [save(run, name, figure) for name, figure in pictures.items()]


def learning_curves(run: Run, history: list[dict[str, float]]) -> Figure:
    """The figure of a run's losses and errors over its epochs.

    Args:
        run: The `Run`.
        history: One dict per epoch, as `outcomes.read_history` returns them.
    """
    return plots.learning_curves(history, RECONSTRUCTION_UNIT[run.config.reconstruction])


def save(run: Run, name: str, figure: Figure) -> pathlib.Path:
    """Write a figure as PNG into a run's `figures/`, with the revision below it and in it.

    Args:
        run: The `Run`.
        name: File name without its suffix.
        figure: The figure; it gets the "constrained" layout.

    Returns:
        Path of the file.
    """
    caption = 0.12 / figure.get_figheight()  # inches, below the axes' own names
    figure.set_layout_engine("constrained", rect=(0, caption, 1, 1 - caption))
    figure.text(
        0.995, 0.003, f"revision {run.revision}", ha="right", va="bottom", size=5, color="0.5"
    )
    runs.check_still_there(run)
    run.figures.mkdir(exist_ok=True)
    path = run.figures / f"{name}.png"
    with replaced(path) as aside, with_boxes():
        figure.savefig(aside, dpi=DPI, metadata={"Revision": run.revision})
    return path


def say_boxes(names: Sequence[str]) -> None:
    """Log which names of classes pictures cannot show, for want of a font."""
    if lacking := unwritable(names):
        log.warning(
            "Pictures show boxes for letters that no font here has, in %s, such as %s. Install one "
            "that has them, such as Noto Sans CJK, and draw again.",
            *(count_of(len(lacking), "name"), lacking[0]),
        )


def pixels(figure: Figure) -> np.ndarray:
    """A figure as an array, uint8 of shape (height, width, 4): red, green, blue, opacity."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def figures_of(model: AdversarialModel, data: Data, with_tsne: bool = True) -> dict[str, Figure]:
    """The figures that show what a model makes of the validation images, and what it generates.

    Args:
        model: A model of this project.
        data: The `Data` it was trained on.
        with_tsne: Whether to lay the codes out by t-SNE, which takes some ten seconds.

    Returns:
        Dict of figures by file name, without its suffix.
    """
    split = data.split
    rows = split.shuffled_validation_rows()
    outputs = apply_model(model, split.images[rows], split.labels[rows])
    names = category_names(model, data, outputs)
    pictures: dict[str, Figure] = {}
    if outputs is not None:
        pictures |= _label_figures(model, outputs, names, data.class_names)
        codes = outputs.whole_code
        if with_tsne and len(codes) > 10 and codes.shape[1] > 2:
            pictures["tsne"] = _tsne_figure(codes, outputs.labels, data.class_names)
    if not hasattr(model, "decoder"):
        return pictures
    prior = _prior_samples(model)
    if outputs is not None:
        pictures |= _code_figures(model, outputs, data.class_names, prior)
    return pictures | _decoder_figures(model, outputs, names, prior)


def category_names(model: AdversarialModel, data: Data, outputs: Outputs | None) -> list[str]:
    """A name for each value of y, to write into a picture.

    Args:
        model: A model of this project.
        data: The `Data` it was trained on.
        outputs: Its `Outputs` on the validation images; None if there are none.

    Returns:
        The classes; or the clusters as `07: cat`, `cat` being the class most frequent in it, and
        `07` where no labelled image is in it.
    """
    if model.latent_y.is_class or not model.categories:
        return list(data.class_names)
    return [
        f"{cluster:02d}" if label < 0 else f"{cluster:02d}: {data.class_names[label]}"
        for cluster, label in enumerate(scoring.class_of_categories(model, outputs))
    ]


def _label_figures(model, outputs, names, class_names):
    """What latent y says of the held-out images."""
    if "y" not in outputs.code:
        return {}
    y = outputs.code["y"]
    pictures = {
        "max_y": plots.max_y_histogram(y),
        "predicted_labels": plots.predicted_labels(y, names),
    }
    labelled = outputs.labelled()
    if not len(labelled):
        return pictures
    labels, assigned = labelled.labels, labelled.code["y"].argmax(axis=1)
    side = np.arange(max(len(names), len(class_names)))
    counts = confusion_matrix(labels, assigned, labels=side)
    if model.latent_y == LatentY.CLASS:
        pictures["confusion_matrix"] = plots.confusion_matrix(counts, class_names)
    else:
        counts = counts[: len(class_names), : len(names)].T
        pictures["clusters_by_class"] = plots.clusters_by_class(counts, names, class_names)
    return pictures


def _code_figures(model, outputs, class_names, prior):
    """Where the codes of the held-out images lie, and what is decoded from them."""
    pictures = {"z_histogram": plots.z_histogram(outputs.sampled_z[:, 0], prior["z"][:, 0], 0)}
    place = "representation" if "representation" in outputs.code else "z"
    noise = outputs.sampled_z - outputs.code["z"]
    codes, samples = outputs.code[place] + noise, prior[place]
    if codes.shape[1] == 2:
        pictures["codes"] = plots.codes_over_prior(
            codes, outputs.labels, class_names, samples, f"Codes of {len(outputs)} held-out images"
        )
    elif place == "representation" and codes.shape[1] > 2 and len(codes) > 2:
        plane = PCA(2).fit(codes)
        pictures["codes"] = plots.codes_over_prior(
            plane.transform(codes), outputs.labels, class_names, plane.transform(samples),
            f"Codes of {len(outputs)} held-out images, {codes.shape[1]}-D on their two main axes",
        )  # fmt: skip
    return pictures | _reconstruction_figure(model, outputs, class_names)


def _reconstruction_figure(model, outputs, class_names):
    """The first held-out images that the decoder can reconstruct; nothing if there are none."""
    code = dict(outputs.code)
    rows = np.arange(len(outputs))
    if model.latent_y == LatentY.GIVEN:
        rows = np.flatnonzero(outputs.labels >= 0)
        code["y"] = np.eye(model.categories, dtype="float32")[outputs.labels]
    rows = rows[:NUM_RECONSTRUCTIONS]
    if not len(rows):
        return {}
    figure = plots.reconstructions(
        to_unit_range(outputs.images[rows]),
        decode(model, {name: values[rows] for name, values in code.items()}),
        [class_names[label] if label >= 0 else "?" for label in outputs.labels[rows]],
    )
    return {"reconstructions": figure}


def _decoder_figures(model, outputs, names, prior):
    """What the decoder generates from codes chosen for it."""
    pictures = _category_figures(model, outputs, names, prior["z"]) if model.categories else {}
    if isinstance(model, models.DimensionalityReductionAAE) and outputs is not None:
        heads = np.asarray(model.heads())
        at_heads = decode(model, {"representation": heads})
        nearest = _nearest_images(heads, outputs)
        pictures["cluster_heads"] = plots.cluster_heads(at_heads, nearest, names)
    (first, *others) = model.decoder.inputs
    if not others and first.shape[-1] == 2:
        samples = prior[first.name]
        across, down = (np.quantile(samples[:, axis], MANIFOLD_QUANTILES) for axis in (0, 1))
        grid = np.stack(np.meshgrid(across, down[::-1]), axis=-1).astype("float32")
        images = decode(model, {first.name: grid.reshape(-1, 2)})
        images = images.reshape(len(down), len(across), *images.shape[1:])
        pictures["manifold"] = plots.manifold(images, MANIFOLD_QUANTILES, MANIFOLD_QUANTILES[::-1])
    return pictures


def _category_figures(model, outputs, names, z_samples):
    """What the decoder generates of each value of y: in several styles, and at its mode."""
    styles = z_samples[:NUM_STYLES]
    by_style = decode_grid(model, styles).transpose(1, 0, 2, 3, 4)
    values = np.quantile(z_samples[:, 0], ROLE_QUANTILES)
    z = np.zeros((len(values), z_samples.shape[1]), "float32")
    z[:, 0] = values
    roles = decode_grid(model, z)
    z = np.concatenate([np.zeros_like(styles[:1]), styles[: NUM_STYLES // 2]])
    samples = decode_grid(model, z)
    real = _surest_images(model, outputs, samples.shape[2:])
    return {
        "styles_by_label": plots.styles_by_label(by_style, names),
        "latent_roles": plots.latent_roles(roles, names, values),
        "modes_and_samples": plots.modes_and_samples(samples, real, names),
        "learned_modes": plots.modes(modes(model), names),
    }


def _prior_samples(model):
    """Codes drawn from the priors: a dict of `z`, and `y` and `representation` where there are."""
    code = sample_codes(model, PRIOR_SAMPLES, model.seed)
    if isinstance(model, models.DimensionalityReductionAAE):
        code["representation"] = np.asarray(model.represent(code))
    return code


def modes(model: AdversarialModel) -> np.ndarray:
    """The typical image of each value of y: from the mode decoder, or else that of z = 0.

    Args:
        model: A model whose decoder takes y and z.

    Returns:
        Images in [0, 1], shape (categories, height, width, channels).
    """
    if getattr(model, "mode_decoder", None) is None:
        return decode_grid(model, np.zeros((1, model.priors["z"].dim), "float32"))[:, 0]
    return tf.sigmoid(model.decode_modes(tf.eye(model.categories))).numpy()


def _surest_images(model, outputs, shape):
    """Held-out images that y is surest of, per category; white where a category has none."""
    images = np.ones((model.categories, NUM_HELD_OUT, *shape), "float32")
    if outputs is None:
        return images
    given = model.latent_y == LatentY.GIVEN
    assigned = outputs.labels if given else outputs.code["y"].argmax(axis=1)
    for category in range(model.categories):
        rows = np.flatnonzero(assigned == category)
        if not given:
            rows = rows[np.argsort(-outputs.code["y"][rows, category], kind="stable")]
        rows = rows[:NUM_HELD_OUT]
        images[category, : len(rows)] = to_unit_range(outputs.images[rows])
    return images


def _nearest_images(heads, outputs):
    """The held-out images whose representations are nearest to each head."""
    distances = np.linalg.norm(heads[:, None] - outputs.code["representation"][None], axis=-1)
    rows = np.argsort(distances, axis=1, kind="stable")[:, :NUM_HELD_OUT]
    images = to_unit_range(outputs.images[rows.ravel()])
    return images.reshape(*rows.shape, *outputs.images.shape[1:])


def _tsne_figure(codes, labels, class_names):
    """The first codes, laid out in a plane by t-SNE."""
    codes, labels = codes[:TSNE_POINTS], labels[:TSNE_POINTS]
    return plots.tsne(lay_out(codes), labels, class_names)


def lay_out(codes: np.ndarray) -> np.ndarray:
    """Lay codes out in a plane by t-SNE.

    Args:
        codes: Shape (n, dim), n at least 4, dim at least 2.

    Returns:
        float32 array of shape (n, 2).
    """
    perplexity = min(30.0, (len(codes) - 1) / 3)
    # On a busy machine threads that wait for each other take a hundred times as long.
    with threadpool_limits(1):
        return TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(codes)
