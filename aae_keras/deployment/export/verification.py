"""Whether the files of an export answer like the Keras model they were made from."""

import dataclasses

import numpy as np
import scipy.stats
import tensorflow as tf

from aae_keras.data.splits import Split
from aae_keras.deployment import contract
from aae_keras.deployment.export import calibration, samples
from aae_keras.deployment.export.saved_model import png, sample_inputs
from aae_keras.deployment.export.signatures import Signatures
from aae_keras.deployment.prediction import Predictor, SavedModelPredictor
from aae_keras.errors import ExportError, first_line
from aae_keras.images import to_unit_range
from aae_keras.models import AdversarialModel, LatentY, inference

TOLERANCE = 1e-4  # float32 rounding of another kernel, never another answer
NUM_HELD_OUT = 1000
NUM_FILES = 20
COMPARED = ("label", "probabilities", "y", "z")


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the Keras model answers to images.

    Attributes:
        images: uint8, shape (n, height, width, channels).
        labels: True class indices, shape (n,), -1 where not known or not comparable.
        outputs: Dict of arrays with n rows: `z`, and with a latent y also `label`, `y` and
            `probabilities`.
    """

    images: np.ndarray
    labels: np.ndarray
    outputs: dict[str, np.ndarray]


def answers(
    model: AdversarialModel, images: np.ndarray, labels: np.ndarray, temperature: float
) -> Answers:
    """Ask the Keras model what its exported files must answer.

    Args:
        model: A model of this project.
        images: uint8, shape (n, height, width, channels).
        labels: Class indices, shape (n,), -1 where not known.
        temperature: What the logits are divided by, above 0.

    Returns:
        The `Answers`.
    """
    outputs = inference.encode(model, images)
    if model.latent_y.is_encoded:
        logits = outputs.pop("y_logits")
        outputs["label"] = logits.argmax(axis=1)
        outputs["probabilities"] = calibration.probabilities(logits, temperature)
    if model.latent_y != LatentY.CLASS:  # the label is a cluster's index
        labels = np.full(len(images), -1)
    return Answers(images, labels, {name: outputs[name] for name in COMPARED if name in outputs})


def held_out(split: Split, num_used: int) -> tuple[np.ndarray, np.ndarray]:
    """The images to verify with, uint8, and their labels.

    They are the validation images, and training images where those are few: agreement takes no
    label.

    Args:
        split: The `Split` of the run.
        num_used: How many of `samples.training_order` have a part in making the files, and are no
            proof.
    """
    rows = split.validation_rows
    more = samples.training_order(split)[num_used:][: max(NUM_HELD_OUT - len(rows), 0)]
    rows = np.concatenate([rows, np.sort(more)]).astype(int)
    if not len(rows):
        rows = split.unlabeled_rows
    return split.images[rows], split.labels[rows]


def lower_bound(share: float, count: int) -> float:
    """What a share of all images is at least, with `contract.CONFIDENCE`.

    Reference: Clopper and Pearson, 1934, doi:10.1093/biomet/26.4.404, of one side.

    Args:
        share: The share of some images, in [0, 1].
        count: How many those are, above 0.

    >>> round(lower_bound(1.0, 149), 3), round(lower_bound(1.0, 7), 2)
    (0.98, 0.65)
    """
    held = round(share * count)
    if not held:
        return 0.0
    return float(scipy.stats.beta.ppf(1 - contract.CONFIDENCE, held, count - held + 1))


def proven(name: str, share: float, count: int, kind: str) -> float:
    """The `lower_bound` of a share of labels that agree, if it is high enough.

    Args:
        name: Name of the file, for the message of an error.
        share, count: See `lower_bound`.
        kind: A key of `contract.SURE_AGREEMENT`.

    Raises:
        ExportError: If it is not.
    """
    least, needed = lower_bound(share, count), contract.SURE_AGREEMENT[kind]
    if least < needed:
        raise ExportError(
            f"{share:.2%} of the labels of the exported {name} agree with the Keras model's, but "
            f"on {count} images alone, which proves {least:.1%} and not {needed:.0%}: too few to "
            "tell. Give more validation or unlabelled images, or leave this file out. Nothing was "
            "published."
        )
    return least


def verify(
    name: str, predictor: Predictor, expected: Answers, quantization: str = "none"
) -> dict[str, float | None]:
    """Compare a written file with the Keras model.

    Args:
        name: Name of the file, for the message of an error.
        predictor: The file read back, from `open_predictor`.
        expected: The model's `Answers` on held-out images.
        quantization: A key of `contract.LABEL_AGREEMENT`, which says how many labels must agree,
            and of `contract.Z_TOLERANCE`, which says how well z must. Numbers must be finite, and
            those of a file that is not quantized must agree to `TOLERANCE`.

    Returns:
        Dict of `images`, `label_agreement` and `label_agreement_at_least`, its `lower_bound` (both
        None in a setting without y), and `largest_difference`, of the probabilities or else of z.

    Raises:
        ExportError: If the file does not answer like the model, or the images are too few to tell.
    """
    outputs = ask(predictor, expected.images)
    agree = agreement(outputs, expected)
    differences = {
        key: _largest_difference(outputs[key], expected.outputs[key], relative=key == "z")
        for key in expected.outputs
        if key != "label"
    }
    needed = contract.LABEL_AGREEMENT[quantization]
    tolerance = TOLERANCE if quantization == "none" else 1.0
    good = differences["z"] <= contract.Z_TOLERANCE[quantization]
    good = good and all(value <= tolerance for value in differences.values())
    good = good and (agree is None or agree >= needed)
    if not good:
        labels = "" if agree is None else f" {agree:.4%} of the labels agree, {needed:.1%} must;"
        numbers = ", ".join(f"{key} by {value:.2g}" for key, value in differences.items())
        raise ExportError(
            f"The exported {name} does not answer like the Keras model on {len(expected.images)} "
            f"images:{labels} it differs in {numbers}. Nothing was published."
        )
    least = None if agree is None else proven(name, agree, len(expected.images), quantization)
    return {
        "images": len(expected.images),
        "label_agreement": agree,
        "label_agreement_at_least": least,
        "largest_difference": differences.get("probabilities", differences["z"]),
    }


def verify_signatures(
    predictor: SavedModelPredictor, signatures: Signatures, images: np.ndarray
) -> None:
    """Ask every signature of a SavedModel for one row, and `classify_bytes` for whole files.

    The rows are those of the warm-up file: a server does not serve a version that fails one.

    Args:
        predictor: The SavedModel read back.
        signatures: The `Signatures` that were written.
        images: uint8, shape (n, height, width, channels), to send as files.

    Raises:
        ExportError: If a signature fails, or does not answer one row of finite numbers to one row.
    """
    for name in signatures.functions():
        try:
            outputs = predictor.ask(name, **sample_inputs(signatures, name))
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise ExportError(
                f"The exported signature {name} fails: {first_line(error)} Nothing was published."
            ) from error
        numbers = [value for value in outputs.values() if value.dtype.kind == "f"]
        if any(len(value) != 1 for value in outputs.values()) or not all(
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


def report(predictor: Predictor, expected: Answers) -> dict[str, float | None]:
    """Label agreement and error of a file on test images, which decide nothing.

    Args:
        predictor: The file read back, from `open_predictor`.
        expected: The model's `Answers` on test images.

    Returns:
        Dict of `test_images`, `test_label_agreement` and, with labels, `test_error_rate`.
    """
    outputs = ask(predictor, expected.images)
    known = expected.labels >= 0
    result = {
        "test_images": len(expected.images),
        "test_label_agreement": agreement(outputs, expected),
    }
    if known.any():
        wrong = outputs["label"][known] != expected.labels[known]
        result["test_error_rate"] = float(np.mean(wrong))
    return result


def agreement(outputs: dict[str, np.ndarray], expected: Answers) -> float | None:
    """Share of a file's labels that are the Keras model's; None in a setting without y.

    Args:
        outputs: Dict of arrays that the file answers, see `ask`.
        expected: The model's `Answers` to the same images.
    """
    if "label" not in expected.outputs:
        return None
    return float(np.mean(outputs["label"] == expected.outputs["label"]))


def ask(predictor: Predictor, images: np.ndarray) -> dict[str, np.ndarray]:
    """Everything that a predictor answers to images and that is compared.

    Args:
        predictor: What `open_predictor` returned.
        images: uint8, shape (n, height, width, channels).

    Returns:
        Dict of arrays with n rows, by those names of `COMPARED` that there are.
    """

    def predict_and_encode(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = to_unit_range(batch.numpy())
        outputs = predictor.encode(batch)
        outputs |= predictor.predict(batch) if predictor.has_latent_y else {}
        return {name: tf.constant(outputs[name]) for name in COMPARED if name in outputs}

    return inference.in_batches(predict_and_encode, images)


def _largest_difference(values, expected, relative):
    """The largest absolute difference; infinite where a number is not finite.

    A NaN itself would pass, since no comparison with it is ever true.
    """
    difference = np.abs(values - expected) / (1 + np.abs(expected) if relative else 1)
    return float(np.max(np.where(np.isfinite(difference), difference, np.inf)))
