"""The scores that fit a model: which there are, and what each is computed from."""

import dataclasses
import logging

import numpy as np
import tensorflow as tf

from aae_keras import metrics, models
from aae_keras.images import to_unit_range
from aae_keras.losses import half_squared_error
from aae_keras.models import LatentY
from aae_keras.models.inference import apply, decode

log = logging.getLogger(__name__)

# Samples behind a log-likelihood, as many as the paper's (section 3).
PARZEN_SAMPLES = 10_000
PARZEN_WIDTHS = np.geomspace(0.02, 2.0, 24)
# Images that choose the width: more would not choose otherwise.
PARZEN_VALIDATION = 1000
GENERATED_PER_CLASS = 100
# Real images that the judge of generated ones learns from: more takes longer than it gains.
JUDGE_IMAGES = 10_000
# Seed of what is generated to be judged, beside the model's own.
GENERATED = 1_000_000


@dataclasses.dataclass(frozen=True)
class Seen:
    """Images and what a model makes of them.

    Attributes:
        images: uint8, shape (n, height, width, channels).
        labels: Class indices, shape (n,), -1 where not known.
        code: Dict of arrays, one row per image.
        drawn_z: z drawn from its posterior, what the discriminator sees; that of `code` where the
            posterior has no noise.
        errors: Half the squared error of the reconstruction, summed over the pixels, shape (n,);
            NaN where the decoder needs a label that is not known; None without a decoder.
    """

    images: np.ndarray
    labels: np.ndarray
    code: dict
    drawn_z: np.ndarray
    errors: np.ndarray | None

    def labelled(self):
        """The part with labels."""
        known = self.labels >= 0
        return Seen(
            self.images[known],
            self.labels[known],
            {name: values[known] for name, values in self.code.items()},
            self.drawn_z[known],
            None if self.errors is None else self.errors[known],
        )

    def __len__(self):
        return len(self.images)


def see(model, images, labels):
    """Encode and decode images.

    Args:
        model: A model of this project.
        images: uint8 array, shape (n, height, width, channels).
        labels: Class indices, shape (n,), -1 where not known.

    Returns:
        A `Seen`; None if there are no images.
    """
    if not len(images):
        return None
    told = model.latent_y == LatentY.GIVEN
    noise_dim = model.posterior.noise_dim

    def examine(batch):
        images = to_unit_range(batch["images"])
        code = model.encode(images)
        drawn_z = model.encode(images, noise=batch["noise"])["z"] if noise_dim else code["z"]
        if not hasattr(model, "decoder"):
            return code | {"drawn_z": drawn_z}
        given = {"y": tf.one_hot(batch["labels"], model.categories)} if told else {}
        errors = half_squared_error(images, model.decode(code | given))
        return code | {"drawn_z": drawn_z, "errors": errors}

    noise = np.random.default_rng(model.seed).normal(size=(len(images), noise_dim))
    inputs = {"images": images, "labels": labels, "noise": noise.astype("float32")}
    code = apply(examine, inputs)
    errors, drawn_z = code.pop("errors", None), code.pop("drawn_z")
    if told:
        errors = np.where(labels >= 0, errors, np.nan)
    return Seen(images, labels, code, drawn_z, errors)


def scores(model, seen, validation):
    """The scores that fit a model and what it has seen; keys are those of `metrics.json`.

    Args:
        model: A model of this project.
        seen: A `Seen` of it; None gives no scores.
        validation: `Seen` of the validation images, the same object if they are what is scored:
            rules, probes and kernel widths are fitted on them. None leaves those scores out.

    Returns:
        Dict of floats.
    """
    if seen is None:
        return {}
    labelled = seen.labelled()
    fitted_on = None if validation is None else validation.labelled()
    if fitted_on is not None and not len(fitted_on):
        fitted_on = None
    found = _of_y(model, seen, labelled, fitted_on)
    if seen.errors is not None and not np.isnan(seen.errors).all():
        found["reconstruction_error"] = float(np.nanmean(seen.errors, dtype="float64"))
    if "z" not in model.priors:
        return found
    prior = model.priors["z"]
    found |= metrics.distributions.match(
        seen.drawn_z, lambda count, seed: prior.sample(count, [model.seed, seed]).numpy()
    )
    if len(labelled) and fitted_on is not None:
        probe = metrics.probes.label_probe_accuracy(
            (fitted_on.labels, fitted_on.code["z"]),
            None if seen is validation else (labelled.labels, labelled.code["z"]),
        )
        found |= {} if probe is None else {"label_probe_accuracy": probe}
    if len(labelled) and isinstance(model, models.LabelInformedAAE):
        found["component_accuracy"] = _component_accuracy(model, labelled)
    if isinstance(model, models.BasicAAE) and validation is not None and len(seen) > 1:
        found |= _log_likelihood(model, seen, validation)
    return found


def _of_y(model, seen, labelled, fitted_on):
    if not model.latent_y.is_encoded:
        return {}
    if model.latent_y == LatentY.CLASS:
        return _of_classes(labelled) if len(labelled) else {}
    y = seen.code["y"]
    found = {"clusters_used": len(np.unique(y.argmax(axis=1)))}
    if len(labelled):
        labels, y = labelled.labels, labelled.code["y"]
        found |= metrics.clusters.agreement(labels, y)
        if fitted_on is not None:
            fitted = fitted_on.labels, fitted_on.code["y"]
            found |= metrics.clusters.error_rates(fitted, (labels, y))
    return found


def class_of_clusters(clusters, class_names, labels, y):
    """What each cluster is called: the class most frequent in it.

    Args:
        clusters: How many there are.
        class_names: One string per class.
        labels: Class indices of labelled validation images, shape (n,); n may be 0.
        y: Their cluster probabilities, shape (n, clusters).

    Returns:
        One string per cluster: `cluster-07` where no labelled image says otherwise.
    """
    names = [f"cluster-{cluster:02d}" for cluster in range(clusters)]
    if not len(labels):
        return names
    rule = metrics.clusters.majority_rule(labels, y)
    return [
        name if label == metrics.clusters.NO_CLASS else class_names[label]
        for name, label in zip(names, rule, strict=True)
    ]


def _of_classes(labelled):
    labels, y = labelled.labels, labelled.code["y"]
    return {
        "error_rate": metrics.error_rate(labels, y),
        "ece": metrics.expected_calibration_error(labels, y),
        "brier": metrics.brier_score(labels, y),
    }


def _component_accuracy(model, labelled):
    prior = model.mixture_prior

    def sample(components):
        return prior.sample_component(tf.constant(components), [model.seed, GENERATED]).numpy()

    return metrics.probes.component_accuracy(
        labelled.labels, labelled.code["z"], sample, prior.num_components
    )


def _log_likelihood(model, seen, validation):
    """Of images in [0, 1], under samples of prior and decoder."""

    def samples():
        block = metrics.parzen.BLOCK
        for start in range(0, PARZEN_SAMPLES, block):
            z = model.priors["z"].sample(block, [model.seed, GENERATED + start]).numpy()
            yield decode(model, {"z": z}).reshape(block, -1)

    def flat(images):
        return to_unit_range(images).reshape(len(images), -1)

    # Shuffled, since images of a folder stand class by class.
    chosen = np.random.default_rng(0).permutation(validation.images)[:PARZEN_VALIDATION]
    try:
        return metrics.parzen.log_likelihood(
            flat(chosen), flat(seen.images), samples, PARZEN_WIDTHS
        )
    except ValueError as error:
        log.warning("No log-likelihood: %s", error)
        return {}


def generated_accuracy(model, split):
    """Score of images generated of each label, by a classifier of the labelled training images.

    Args:
        model: A model whose decoder is told the label.
        split: The `Split` it was trained on.

    Returns:
        Dict of `generated_accuracy`; empty if there are fewer than two classes.
    """
    rows = np.random.default_rng(0).permutation(split.labeled_rows)[:JUDGE_IMAGES]
    labels, images = split.labels[rows], split.images[rows]
    classes = np.unique(labels)
    if len(classes) < 2:
        return {}
    wanted = np.repeat(classes, GENERATED_PER_CLASS)
    z = model.priors["z"].sample(len(wanted), [model.seed, GENERATED]).numpy()
    y = np.eye(model.categories, dtype="float32")[wanted]
    generated = decode(model, {"y": y, "z": z}).reshape(len(wanted), -1)
    real = labels, to_unit_range(images).reshape(len(images), -1)
    return {"generated_accuracy": metrics.probes.generated_accuracy(real, (wanted, generated))}
