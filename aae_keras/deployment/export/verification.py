"""Whether the files of an export answer like the Keras model they were made of."""

import dataclasses

import numpy as np
import tensorflow as tf

from aae_keras.deployment import contract
from aae_keras.deployment.export import calibration
from aae_keras.deployment.export.saved_model import png, sample_inputs
from aae_keras.errors import ExportError, first_line
from aae_keras.images import to_unit_range
from aae_keras.models import LatentY, inference

TOLERANCE = 1e-4  # float32 rounding of another kernel, never another answer
NUM_SEEN = 1000
NUM_FILES = 20
COMPARED = ("label", "probabilities", "y", "z")


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the Keras model says of images.

    Attributes:
        images: uint8.
        labels: True class indices, -1 where not known or not comparable.
        found: Dict of arrays: `z`, and with a latent y `label`, `y` and `probabilities`.
    """

    images: np.ndarray
    labels: np.ndarray
    found: dict


def answers(model, images, labels, temperature):
    """The `Answers` of a model to uint8 images."""
    found = inference.encode(model, images)
    if model.latent_y.is_encoded:
        logits = found.pop("y_logits")
        found["label"] = logits.argmax(axis=1)
        found["probabilities"] = calibration.probabilities(logits, temperature)
    if model.latent_y != LatentY.CLASS:  # the label is a cluster's index
        labels = np.full(len(images), -1)
    return Answers(images, labels, {name: found[name] for name in COMPARED if name in found})


def held_out(split):
    """uint8 images to verify with, and their labels: validation's, or some training images."""
    rows = split.validation_rows if len(split.validation_rows) else split.unlabeled_rows[:NUM_SEEN]
    return split.images[rows], split.labels[rows]


def verify(name, predictor, expected, quantization="none"):
    """Compare a written file with the Keras model.

    Args:
        name: What to call it.
        predictor: The file read back, from `open_predictor`.
        expected: The model's `Answers` on held-out images.
        quantization: A key of `contract.LABEL_AGREEMENT`, which says how many labels must agree,
            and of `contract.Z_TOLERANCE`, which says how well z must. Numbers must be finite, and
            those of a file that is not quantized agree to `TOLERANCE`.

    Returns:
        Dict of `images`, `label_agreement` (None in a setting without y) and
        `largest_difference`, of the probabilities or else of z.

    Raises:
        ExportError: If it answers otherwise.
    """
    found = ask(predictor, expected.images)
    agree = agreement(found, expected)
    differences = {
        key: _largest_difference(found[key], expected.found[key], relative=key == "z")
        for key in expected.found
        if key != "label"
    }
    needed = contract.LABEL_AGREEMENT[quantization]
    tolerance = TOLERANCE if quantization == "none" else 1.0
    good = differences["z"] <= contract.Z_TOLERANCE[quantization]
    good = good and all(value <= tolerance for value in differences.values())
    good = good and (agree is None or agree >= needed)
    if not good:
        said = "" if agree is None else f" {agree:.4%} of the labels agree, {needed:.1%} must;"
        told = ", ".join(f"{key} by {value:.2g}" for key, value in differences.items())
        raise ExportError(
            f"The exported {name} does not answer like the Keras model on {len(expected.images)} "
            f"images:{said} it differs in {told}. Nothing was published."
        )
    shown = differences.get("probabilities", differences["z"])
    return {
        "images": len(expected.images),
        "label_agreement": agree,
        "largest_difference": shown,
    }


def verify_signatures(predictor, signatures, images):
    """Ask every signature of a SavedModel for one row, and `classify_bytes` for whole files.

    Args:
        predictor: The SavedModel read back.
        signatures: The `Signatures` that were written.
        images: uint8.

    The rows are those of the warm-up file: a server does not serve a version that fails one.

    Raises:
        ExportError: If one fails, or has other outputs than the contract says.
    """
    for name in signatures.functions():
        try:
            found = predictor.ask(name, **sample_inputs(signatures, name))
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise ExportError(
                f"The exported signature {name} fails: {first_line(error)} Nothing was published."
            ) from error
        numbers = [value for value in found.values() if value.dtype.kind == "f"]
        if any(len(value) != 1 for value in found.values()) or not all(
            np.isfinite(value).all() for value in numbers
        ):
            raise ExportError(
                f"The exported signature {name} does not give one row of numbers for one row. "
                "Nothing was published."
            )
    if contract.CLASSIFY_BYTES in signatures.functions():
        files = np.array([png(image) for image in images[:NUM_FILES]], dtype=object)
        of_files = predictor.ask(contract.CLASSIFY_BYTES, **{contract.IMAGE_BYTES: files})
        of_pixels = predictor.predict(to_unit_range(images[:NUM_FILES]))
        if not np.array_equal(of_files["label"], of_pixels["label"]):
            raise ExportError(
                "The exported classify_bytes calls files otherwise than their pixels. Nothing was "
                "published."
            )


def report(predictor, expected):
    """Label agreement and error of a file on test images, which decide nothing.

    Returns:
        Dict of `test_images`, `test_label_agreement` and, with labels, `test_error_rate`.
    """
    found = ask(predictor, expected.images)
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
    """Share of labels that are the Keras model's; None in a setting without y."""
    if "label" not in expected.found:
        return None
    return float(np.mean(found["label"] == expected.found["label"]))


def ask(predictor, images):
    """All that a predictor says of uint8 images, as arrays."""

    def answer(batch):
        batch = to_unit_range(batch.numpy())
        found = predictor.encode(batch)
        found |= predictor.predict(batch) if predictor.has_latent_y else {}
        return {name: tf.constant(found[name]) for name in COMPARED if name in found}

    return inference.apply(answer, images)


def _largest_difference(found, expected, relative):
    """Infinite where a number is not finite: no comparison with NaN is ever true."""
    difference = np.abs(found - expected) / (1 + np.abs(expected) if relative else 1)
    return float(np.max(np.where(np.isfinite(difference), difference, np.inf)))
