"""The scores that fit a model: which there are, and what each is computed from."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from aae_keras import metrics, models
from aae_keras.data.splits import Split
from aae_keras.experiment.scores.outputs import Outputs
from aae_keras.images import to_unit_range
from aae_keras.models import AdversarialModel, LatentY
from aae_keras.models.inference import decode

log = logging.getLogger(__name__)

# Samples behind a log-likelihood, as many as the paper's (section 3).
PARZEN_SAMPLES = 10_000
PARZEN_WIDTHS = np.geomspace(0.02, 2.0, 24)
# Images that choose the width: more would not choose otherwise.
PARZEN_VALIDATION = 1000
GENERATED_PER_CLASS = 100
# Real images that the judge of generated ones learns from: more takes longer than it gains.
JUDGE_IMAGES = 10_000
# Labelled images of each class without which there is no judge.
JUDGE_LEAST = 10
# Second seed, beside the model's own, of the codes that images to be judged are generated from.
GENERATION_SEED = 1_000_000


def scores(
    model: AdversarialModel, outputs: Outputs | None, validation: Outputs | None
) -> dict[str, float]:
    """The scores that fit a model; the keys are those of `metrics.json`.

    Args:
        model: A model of this project.
        outputs: The model's `Outputs` on the images to score; None gives no scores.
        validation: Its `Outputs` on the validation images, the same object if they are what is
            scored: rules, probes and kernel widths are fitted on them. None leaves out the scores
            that need them.

    Returns:
        Dict of floats: fractions, never percentages.
    """
    if outputs is None:
        return {}
    labelled = outputs.labelled()
    fitted_on = None if validation is None else validation.labelled()
    if fitted_on is not None and not len(fitted_on):
        fitted_on = None
    result = _y_scores(model, outputs, labelled, fitted_on)
    if outputs.errors is not None and not np.isnan(outputs.errors).all():
        result["reconstruction_error"] = float(np.nanmean(outputs.errors, dtype="float64"))
    if "z" not in model.priors:
        return result
    prior = model.priors["z"]
    result |= metrics.distributions.match(
        outputs.sampled_z, lambda count, seed: prior.sample(count, [model.seed, seed]).numpy()
    )
    if len(labelled) and fitted_on is not None:
        accuracy = metrics.probes.label_probe_accuracy(
            (fitted_on.labels, fitted_on.code["z"]),
            None if outputs is validation else (labelled.labels, labelled.code["z"]),
        )
        result |= {} if accuracy is None else {"label_probe_accuracy": accuracy}
    if len(labelled) and isinstance(model, models.LabelInformedAAE):
        result["component_accuracy"] = _component_accuracy(model, labelled)
    if isinstance(model, models.BasicAAE) and validation is not None and len(outputs) > 1:
        result |= _log_likelihood(model, outputs.images, validation.images)
    return result


def _y_scores(model, outputs, labelled, fitted_on):
    """The scores of latent y: as classes, or as clusters."""
    if not model.latent_y.is_encoded:
        return {}
    if model.latent_y == LatentY.CLASS:
        return _class_scores(labelled) if len(labelled) else {}
    result = {"clusters_used": len(np.unique(outputs.code["y"].argmax(axis=1)))}
    if len(labelled):
        labels, y = labelled.labels, labelled.code["y"]
        result |= metrics.clusters.agreement(labels, y)
        if fitted_on is not None:
            fitted = fitted_on.labels, fitted_on.code["y"]
            result |= metrics.clusters.error_rates(fitted, (labels, y))
    return result


def _class_scores(labelled):
    labels, y = labelled.labels, labelled.code["y"]
    return {
        "error_rate": metrics.error_rate(labels, y),
        "ece": metrics.expected_calibration_error(labels, y),
        "brier": metrics.brier_score(labels, y),
    }


def _component_accuracy(model, labelled):
    prior = model.mixture_prior

    def sample(components: np.ndarray) -> np.ndarray:
        seed = [model.seed, GENERATION_SEED]
        return prior.sample_component(tf.constant(components), seed).numpy()

    return metrics.probes.component_accuracy(
        labelled.labels, labelled.code["z"], sample, prior.num_components
    )


def _log_likelihood(model, images, validation_images):
    """The Parzen estimate for uint8 images, from images that the decoder generates."""

    def samples() -> Iterator[np.ndarray]:
        block = metrics.parzen.BLOCK
        for start in range(0, PARZEN_SAMPLES, block):
            z = model.priors["z"].sample(block, [model.seed, GENERATION_SEED + start]).numpy()
            yield decode(model, {"z": z}).reshape(block, -1)

    # Shuffled, since images of a folder stand class by class.
    chosen = np.random.default_rng(0).permutation(validation_images)[:PARZEN_VALIDATION]
    try:
        return metrics.parzen.log_likelihood(_flat(chosen), _flat(images), samples, PARZEN_WIDTHS)
    except ValueError as error:
        log.warning("No log-likelihood: %s", error)
        return {}


def _flat(images):
    """uint8 images as float32 rows of pixels in [0, 1]."""
    return to_unit_range(images).reshape(len(images), -1)


def generated_accuracy(
    model: AdversarialModel, split: Split, validation: Outputs | None = None
) -> dict[str, float]:
    """How many generated images a classifier takes for the label they were generated of.

    The classifier learns from every label of the training part, those that training has not seen
    too: it judges the model and is no part of it. A cluster is wanted to show the class that is
    most frequent in it.

    Args:
        model: A model whose decoder is given y.
        split: The `Split` it was trained on.
        validation: Its `Outputs` on the validation images, which say what class a cluster is.

    Returns:
        Dict of `generated_accuracy`, in [0, 1]; empty if the decoder knows no y, or labels are too
        few for a judge.
    """
    known = np.flatnonzero(split.labels >= 0)
    classes, counts = np.unique(split.labels[known], return_counts=True)
    if model.latent_y == LatentY.NONE or len(classes) < 2 or counts.min() < JUDGE_LEAST:
        return {}
    if not hasattr(model, "decoder"):
        return {}
    shown = class_of_categories(model, validation)
    categories = np.flatnonzero(np.isin(shown, classes))
    if not len(categories):
        return {}
    drawn = np.repeat(categories, GENERATED_PER_CLASS)
    z = model.priors["z"].sample(len(drawn), [model.seed, GENERATION_SEED]).numpy()
    y = np.eye(model.categories, dtype="float32")[drawn]
    generated = decode(model, {"y": y, "z": z}).reshape(len(drawn), -1)
    rows = np.sort(np.random.default_rng(0).permutation(known)[:JUDGE_IMAGES])
    real = split.labels[rows], _flat(split.images[rows])
    accuracy = metrics.probes.generated_accuracy(real, (shown[drawn], generated))
    return {"generated_accuracy": accuracy}


def class_of_categories(model: AdversarialModel, outputs: Outputs | None) -> np.ndarray:
    """The class that each value of y stands for, -1 for none, shape (categories,).

    A cluster stands for the class that is most frequent in it among labelled held-out images.

    Args:
        model: A model of this project.
        outputs: Its `Outputs` on the held-out images; None if there are none.
    """
    if model.latent_y.is_class:
        return np.arange(model.categories)
    labelled = None if outputs is None else outputs.labelled()
    if model.latent_y == LatentY.NONE or labelled is None or not len(labelled):
        return np.full(model.categories, metrics.clusters.NO_CLASS)
    return metrics.clusters.majority_rule(labelled.labels, labelled.code["y"])


def cluster_names(class_names: Sequence[str], class_of: np.ndarray) -> list[str]:
    """What an export calls each cluster: by its most frequent class, or `cluster-07`.

    Args:
        class_names: One string per class.
        class_of: The class of each cluster, -1 for none, shape (clusters,).
    """
    return [
        f"cluster-{cluster:02d}" if label == metrics.clusters.NO_CLASS else class_names[label]
        for cluster, label in enumerate(class_of)
    ]
