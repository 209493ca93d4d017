"""The pictures of a run: which there are, and the arrays they are drawn from."""

import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import confusion_matrix

from aae_keras import models, plots
from aae_keras.experiment import evaluation, factory, projector, scoring
from aae_keras.images import to_unit_range
from aae_keras.metrics.clusters import NO_CLASS, majority_rule
from aae_keras.models import LatentY
from aae_keras.models.inference import decode

RECONSTRUCTION_UNIT = {
    "squared-error": "half squared error per image",
    "cross-entropy": "nats per image",
}
NUM_STYLES = 8
NUM_RECONSTRUCTIONS = 12
NUM_HELD_OUT = 5
PRIOR_SAMPLES = 20_000
TSNE_POINTS = 2000
# Percentiles at which a 2-D prior is decoded, and the first dimension of z in the roles.
MANIFOLD = np.linspace(0.025, 0.975, 15)
ROLES = np.linspace(0.02, 0.98, 9)
DPI = 120


def draw_run(folder, **where):
    """Draw the pictures that fit a run's setting, from held-out (validation) images.

    TensorBoard's projector gets their codes.

    Args:
        folder: A trained run's folder.
        **where: See `factory.load_trained`.

    Returns:
        Paths of the PNG files, in `figures/`.

    Raises:
        DataError, RunError: If the run or its data cannot be used.
    """
    run, data, model = factory.load_trained(folder, **where)
    history = evaluation.read_history(run)
    drawn = {"learning_curves": learning_curves(run, history), **figures_of(model, data)}
    projector.write(run.logs, model, data)
    return [save(run, name, figure) for name, figure in drawn.items()]


def learning_curves(run, history):
    """The figure of a run's history, a list of dicts."""
    return plots.learning_curves(history, RECONSTRUCTION_UNIT[run.config.reconstruction])


def save(run, name, figure):
    """Write a figure into a run's folder, with the revision on it; returns the path."""
    caption = 0.12 / figure.get_figheight()  # inches, below the axes' own names
    figure.get_layout_engine().set(rect=(0, caption, 1, 1 - caption))
    figure.text(
        0.995, 0.003, f"revision {run.revision}", ha="right", va="bottom", size=5, color="0.5"
    )
    run.figures.mkdir(exist_ok=True)
    path = run.figures / f"{name}.png"
    figure.savefig(path, dpi=DPI)
    return path


def pixels(figure):
    """A figure as an array, uint8 of shape (height, width, 4)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def figures_of(model, data, with_tsne=True):
    """Figures by name that show what a model makes of the validation images, and what it draws.

    Args:
        model: A model of this project.
        data: The `Data` it was trained on.
        with_tsne: Whether to lay the codes out by t-SNE, which takes some ten seconds.
    """
    split = data.split
    # Shuffled, since the rows of a folder stand class by class and some pictures show a few.
    rows = np.random.default_rng(0).permutation(split.validation_rows)
    seen = scoring.see(model, split.images[rows], split.labels[rows])
    names = category_names(model, data, seen)
    drawn = {}
    if seen is not None:
        drawn |= _of_labels(model, seen, names, data.class_names)
        if with_tsne and len(seen) > 10 and whole_code(seen).shape[1] > 2:
            drawn["tsne"] = _tsne(seen, data.class_names)
    if not hasattr(model, "decoder"):
        return drawn
    prior = sample_prior(model, PRIOR_SAMPLES)
    if seen is not None:
        drawn |= _of_codes(model, seen, data.class_names, prior)
    return drawn | _of_decoder(model, seen, names, prior)


def category_names(model, data, seen):
    """A name for each value of y: the class, or the cluster and the class most frequent in it."""
    count = model.categories
    if model.latent_y.is_class or not count:
        return list(data.class_names)
    names = [f"{cluster:02d}" for cluster in range(count)]
    labelled = seen.labelled() if seen is not None else ()
    if len(labelled):
        rule = majority_rule(labelled.labels, labelled.code["y"])
        names = [
            name if label == NO_CLASS else f"{name}: {data.class_names[label]}"
            for name, label in zip(names, rule, strict=True)
        ]
    return names


def _of_labels(model, seen, names, class_names):
    """What latent y says of the held-out images."""
    if "y" not in seen.code:
        return {}
    y = seen.code["y"]
    drawn = {
        "max_y": plots.max_y_histogram(y),
        "predicted_labels": plots.predicted_labels(y, names),
    }
    labelled = seen.labelled()
    if not len(labelled):
        return drawn
    labels, assigned = labelled.labels, labelled.code["y"].argmax(axis=1)
    side = np.arange(max(len(names), len(class_names)))
    counts = confusion_matrix(labels, assigned, labels=side)
    if model.latent_y == LatentY.CLASS:
        drawn["confusion_matrix"] = plots.confusion_matrix(counts, class_names)
    else:
        counts = counts[: len(class_names), : len(names)].T
        drawn["clusters_by_class"] = plots.clusters_by_class(counts, names, class_names)
    return drawn


def _of_codes(model, seen, class_names, prior):
    """Where the codes of the held-out images lie, and what is decoded of them."""
    drawn = {"z_histogram": plots.z_histogram(seen.drawn_z[:, 0], prior["z"][:, 0], 0)}
    place = "representation" if "representation" in seen.code else "z"
    codes, samples = seen.code[place] + seen.drawn_z - seen.code["z"], prior[place]
    if codes.shape[1] == 2:
        drawn["codes"] = plots.codes_over_prior(
            codes, seen.labels, class_names, samples, f"Codes of {len(seen)} held-out images"
        )
    elif place == "representation" and codes.shape[1] > 2 and len(codes) > 2:
        plane = PCA(2).fit(codes)
        drawn["codes"] = plots.codes_over_prior(
            plane.transform(codes), seen.labels, class_names, plane.transform(samples),
            f"Codes of {len(seen)} held-out images, {codes.shape[1]}-D on their two main axes",
        )  # fmt: skip
    code = dict(seen.code)
    shown = np.arange(len(seen))
    if model.latent_y == LatentY.GIVEN:
        shown = np.flatnonzero(seen.labels >= 0)
        code["y"] = np.eye(model.categories, dtype="float32")[seen.labels]
    shown = shown[:NUM_RECONSTRUCTIONS]
    if len(shown):
        drawn["reconstructions"] = plots.reconstructions(
            to_unit_range(seen.images[shown]),
            decode(model, {name: values[shown] for name, values in code.items()}),
            [class_names[label] if label >= 0 else "?" for label in seen.labels[shown]],
        )
    return drawn


def _of_decoder(model, seen, names, prior):
    """What the decoder draws of codes chosen for it."""
    drawn = {}
    if model.categories:
        styles = prior["z"][:NUM_STYLES]
        drawn["styles_by_label"] = plots.styles_by_label(
            decode_grid(model, styles).transpose(1, 0, 2, 3, 4), names
        )
        values = np.quantile(prior["z"][:, 0], ROLES)
        z = np.zeros((len(values), prior["z"].shape[1]), "float32")
        z[:, 0] = values
        drawn["latent_roles"] = plots.latent_roles(decode_grid(model, z), names, values)
        z = np.concatenate([np.zeros_like(styles[:1]), styles[: NUM_STYLES // 2]])
        samples = decode_grid(model, z)
        real = _surest(model, seen, samples.shape[2:])
        drawn["modes_and_samples"] = plots.modes_and_samples(samples, real, names)
        drawn["learned_modes"] = plots.modes(_modes(model, samples), names)
    if isinstance(model, models.DimensionalityReductionAAE) and seen is not None:
        heads = np.asarray(model.heads())
        at_heads = decode(model, {"representation": heads})
        nearest = _nearest(heads, seen)
        drawn["cluster_heads"] = plots.cluster_heads(at_heads, nearest, names)
    (first, *others) = model.decoder.inputs
    if not others and first.shape[-1] == 2:
        samples = prior[first.name]
        across, down = (np.quantile(samples[:, axis], MANIFOLD) for axis in (0, 1))
        grid = np.stack(np.meshgrid(across, down[::-1]), axis=-1).astype("float32")
        images = decode(model, {first.name: grid.reshape(-1, 2)})
        images = images.reshape(len(down), len(across), *images.shape[1:])
        drawn["manifold"] = plots.manifold(images, MANIFOLD, MANIFOLD[::-1])
    return drawn


def sample_prior(model, count):
    """Codes drawn from the priors: dict of `z`, `y` and `representation` where there are."""
    names = list(model.priors)
    code = {
        name: model.priors[name].sample(count, [model.seed, rank])
        for rank, name in enumerate(names)
    }
    if isinstance(model, models.DimensionalityReductionAAE):
        code["representation"] = model.represent(code)
    return {name: np.asarray(values) for name, values in code.items()}


def decode_grid(model, z):
    """Images of each category (first axis) at each z (second axis)."""
    categories = model.categories
    y = np.eye(categories, dtype="float32")
    images = decode(model, {"y": np.repeat(y, len(z), axis=0), "z": np.tile(z, (categories, 1))})
    return images.reshape(categories, len(z), *images.shape[1:])


def _modes(model, samples):
    if getattr(model, "mode_decoder", None) is None:
        return samples[:, 0]
    y = tf.eye(model.categories)
    return tf.sigmoid(model.decode_modes(y)).numpy()


def _surest(model, seen, shape):
    """Held-out images that y is surest of, per category; white where a category has none."""
    chosen = np.ones((model.categories, NUM_HELD_OUT, *shape), "float32")
    if seen is None:
        return chosen
    told = model.latent_y == LatentY.GIVEN
    assigned = seen.labels if told else seen.code["y"].argmax(axis=1)
    for category in range(model.categories):
        rows = np.flatnonzero(assigned == category)
        if not told:
            rows = rows[np.argsort(-seen.code["y"][rows, category], kind="stable")]
        rows = rows[:NUM_HELD_OUT]
        chosen[category, : len(rows)] = to_unit_range(seen.images[rows])
    return chosen


def _nearest(heads, seen):
    """The held-out images whose representations are nearest to each head."""
    distances = np.linalg.norm(heads[:, None] - seen.code["representation"][None], axis=-1)
    rows = np.argsort(distances, axis=1, kind="stable")[:, :NUM_HELD_OUT]
    return to_unit_range(seen.images[rows.ravel()]).reshape(*rows.shape, *seen.images.shape[1:])


def whole_code(seen):
    """y and z side by side, or the representation where there is one."""
    if "representation" in seen.code:
        return seen.code["representation"]
    return np.concatenate([seen.code[name] for name in ("y", "z") if name in seen.code], axis=1)


def _tsne(seen, class_names):
    """The layout of the whole code."""
    few = slice(TSNE_POINTS)
    codes = whole_code(seen)[few]
    perplexity = min(30.0, (len(codes) - 1) / 3)
    layout = TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(codes)
    return plots.tsne(layout, seen.labels[few], class_names)
