"""The scores that fit a model: which there are, and what each is computed from."""

import dataclasses
import logging

import numpy as np
import tensorflow as tf

from aae_keras import metrics, models
from aae_keras.applying import apply, decode
from aae_keras.images import to_unit_range
from aae_keras.losses import half_squared_error

log = logging.getLogger(__name__)

# Samples behind a log-likelihood, as many as the paper's (section 3).
PARZEN_SAMPLES = 10_000
PARZEN_WIDTHS = np.geomspace(0.02, 2.0, 24)
# Images that choose the width: more would not choose otherwise.
PARZEN_VALIDATION = 1000
GENERATED_PER_CLASS = 100
JUDGE_IMAGES = metrics.probes.JUDGE_IMAGES
# Seed of what is generated to be judged, beside the model's own.
GENERATED = 1_000_000


@dataclasses.dataclass(frozen=True)
class Seen:
    """Images and what a model makes of them.

    Attributes:
        images: uint8, shape (n, height, width, channels).
        labels: Class indices, shape (n,), -1 where not known.
        code: Dict of arrays, one row per image.
        errors: Half the squared error of the reconstruction, summed over the pixels, shape (n,);
            NaN where the decoder needs a label that is not known; None without a decoder.
    """

    images: np.ndarray
    labels: np.ndarray
    code: dict
    errors: np.ndarray | None

    def labelled(self):
        """The part with labels."""
        known = self.labels >= 0
        return Seen(
            self.images[known],
            self.labels[known],
            {name: values[known] for name, values in self.code.items()},
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
    told = isinstance(model, models.SupervisedAAE)

    def examine(batch):
        images = to_unit_range(batch["images"])
        code = model.encode(images)
        if not hasattr(model, "decoder"):
            return code
        given = {"y": tf.one_hot(batch["labels"], model.categories)} if told else {}
        return code | {"errors": half_squared_error(images, model.decode(code | given))}

    code = apply(examine, {"images": images, "labels": labels})
    errors = code.pop("errors", None)
    if told:
        errors = np.where(labels >= 0, errors, np.nan)
    return Seen(images, labels, code, errors)


def scores(model, seen, validation=None, real=None):
    """The scores that fit a model and what it has seen; keys are those of `metrics.json`.

    Args:
        model: A model of this project.
        seen: A `Seen` of it; None gives no scores.
        validation: `Seen` of the validation images, where `seen` is not of them: what rules,
            probes and kernel widths are fitted on.
        real: Labels and images of training, to judge generated ones by; or None.

    Returns:
        Dict of floats.
    """
    if seen is None:
        return {}
    found = {}
    labelled = seen.labelled()
    fitted_on = labelled if validation is None else validation.labelled()
    if len(labelled) and model.has_y:
        if model.classifies:
            found |= _of_classes(labelled)
        elif len(fitted_on):
            found |= _of_clusters(fitted_on, labelled)
    if seen.errors is not None and not np.isnan(seen.errors).all():
        found["reconstruction_error"] = float(np.nanmean(seen.errors, dtype="float64"))
    if "z" not in model.priors:
        return found
    prior = model.priors["z"]
    found |= metrics.distributions.match(
        seen.code["z"], lambda count, seed: prior.sample(count, [model.seed, seed]).numpy()
    )
    if len(labelled) and len(fitted_on):
        probe = metrics.probes.label_probe_accuracy(
            (fitted_on.labels, fitted_on.code["z"]),
            None if validation is None else (labelled.labels, labelled.code["z"]),
        )
        found |= {} if probe is None else {"label_probe_accuracy": probe}
        if isinstance(model, models.LabelInformedAAE):
            found["component_accuracy"] = _component_accuracy(model, labelled)
    if isinstance(model, models.BasicAAE):
        found |= _log_likelihood(model, seen, validation or seen)
    if isinstance(model, models.SupervisedAAE) and real is not None:
        found["generated_accuracy"] = _generated_accuracy(model, real)
    return found


def class_of_categories(model, class_names, validation):
    """What each value of y is called: a class, or the class most frequent in a cluster.

    Args:
        model: A model with latent y.
        class_names: One string per class.
        validation: `Seen` of the validation images, or None.

    Returns:
        One string per category: `cluster-07` where no labelled image says otherwise.
    """
    if model.classifies:
        return list(class_names)
    names = [f"cluster-{cluster:02d}" for cluster in range(model.categories)]
    labelled = validation.labelled() if validation is not None else ()
    if not len(labelled):
        return names
    rule = metrics.clusters.majority_rule(labelled.labels, labelled.code["y"])
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


def _of_clusters(fitted_on, labelled):
    labels, y = labelled.labels, labelled.code["y"]
    fitted = fitted_on.labels, fitted_on.code["y"]
    return metrics.clusters.error_rates(fitted, (labels, y)) | metrics.clusters.agreement(labels, y)


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


def _generated_accuracy(model, real):
    labels, images = real
    classes = np.unique(labels)
    wanted = np.repeat(classes, GENERATED_PER_CLASS)
    z = model.priors["z"].sample(len(wanted), [model.seed, GENERATED]).numpy()
    y = np.eye(model.categories, dtype="float32")[wanted]
    generated = decode(model, {"y": y, "z": z}).reshape(len(wanted), -1)
    real = labels, to_unit_range(images).reshape(len(images), -1)
    return metrics.probes.generated_accuracy(real, (wanted, generated))
