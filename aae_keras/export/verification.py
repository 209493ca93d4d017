"""Whether the files of an export answer like the Keras model they were made of."""

import dataclasses

import numpy as np
import tensorflow as tf

from aae_keras import applying, prediction
from aae_keras.errors import ExportError
from aae_keras.export import calibration
from aae_keras.images import to_unit_range

TOLERANCE = 1e-4  # float32 rounding of another kernel, never another answer
NUM_SEEN = 1000


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the Keras model says of images.

    Attributes:
        images: float32 in [0, 1].
        labels: True class indices, -1 where not known.
        found: Dict of arrays: `z`, and with a latent y `label`, `y` and `probabilities`.
    """

    images: np.ndarray
    labels: np.ndarray
    found: dict


def answers(model, images, labels, temperature):
    """The `Answers` of a model to uint8 images."""
    images = to_unit_range(images)
    found = applying.encode(model, images)
    if model.has_y:
        logits = found.pop("y_logits")
        found["label"] = logits.argmax(axis=1)
        found["probabilities"] = calibration.probabilities(logits, temperature)
    return Answers(images, labels, {name: found[name] for name in found if name in _COMPARED})


_COMPARED = ("label", "probabilities", "y", "z")


def held_out(split):
    """uint8 images and labels to verify with: validation's, or some training images."""
    rows = split.validation_rows if len(split.validation_rows) else split.unlabeled_rows[:NUM_SEEN]
    return split.images[rows], split.labels[rows]


def verify(name, path, expected, threshold):
    """Read a written file back and compare it with the Keras model.

    Args:
        name: What to call it.
        path: Of the file, or of the SavedModel's folder.
        expected: The model's `Answers` on held-out images.
        threshold: Share of the labels that must agree; at 1 all numbers must too, to `TOLERANCE`,
            z relative to 1 + |z|.

    Returns:
        Dict of `images` and `label_agreement`; `largest_difference` of the probabilities (or, in a
        setting without y, of z).

    Raises:
        ExportError: If it answers otherwise.
    """
    found = ask(prediction.open_predictor(path), expected.images)
    agree = agreement(found, expected)
    differences = {
        key: float(np.max(np.abs(found[key] - expected.found[key]) / _scale(expected, key)))
        for key in expected.found
        if key != "label"
    }
    if agree < threshold or (threshold == 1 and not max(differences.values()) <= TOLERANCE):
        told = ", ".join(f"{key} by {value:.2g}" for key, value in differences.items())
        raise ExportError(
            f"The exported {name} does not answer like the Keras model on {len(expected.images)} "
            f"images: {agree:.4%} of the labels agree, at least {threshold:.1%} must; {told} at "
            "most. Nothing was published."
        )
    shown = "probabilities" if "probabilities" in differences else "z"
    return {
        "images": len(expected.images),
        "label_agreement": agree,
        "largest_difference": differences[shown],
    }


def report(path, expected):
    """Label agreement and error of a file on test images, which decide nothing.

    Returns:
        Dict of `test_images`, `test_label_agreement` and, with labels, `test_error_rate`.
    """
    found = ask(prediction.open_predictor(path), expected.images)
    known = expected.labels >= 0
    result = {
        "test_images": len(expected.images),
        "test_label_agreement": agreement(found, expected),
    }
    if known.any():
        wrong = found["label"][known] != expected.labels[known]
        result["test_error_rate"] = float(np.mean(wrong))
    return result


def agreement(found, expected):
    """Share of labels that are the Keras model's; 1 in a setting without y."""
    if "label" not in expected.found:
        return 1.0
    return float(np.mean(found["label"] == expected.found["label"]))


def ask(predictor, images):
    """All that a predictor says of images, as arrays."""

    def answer(batch):
        batch = batch.numpy()
        found = predictor.encode(batch)
        found |= predictor.predict(batch) if predictor.classifies else {}
        return {name: tf.constant(found[name]) for name in found if name in _COMPARED}

    return applying.apply(answer, images)


def _scale(expected, key):
    return 1 + np.abs(expected.found[key]) if key == "z" else 1
