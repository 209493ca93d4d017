"""LiteRT files for one image at a time: `web` for browsers, `micro` for microcontrollers.

Each has one graph of fixed shapes and no text in it: `image` [1, H, W, C] to `probabilities`
[1, K]. In `web` both are float32; in `micro` all is int8, the image and the probabilities too.
"""

import json
import logging
import pathlib
import tempfile
from collections.abc import Collection

import numpy as np
import tensorflow as tf

from aae_keras.data.splits import Split
from aae_keras.deployment import contract
from aae_keras.deployment.export import litert, samples, verification
from aae_keras.deployment.export.signatures import Signatures
from aae_keras.errors import ExportError
from aae_keras.images import to_unit_range

log = logging.getLogger(__name__)


def write(signatures: Signatures, kind: str, images: np.ndarray, path: pathlib.Path) -> None:
    """Write one of the files.

    Args:
        signatures: The `Signatures` of a model with a latent y.
        kind: A key of `contract.SINGLE_FILES`.
        images: float32 training images in [0, 1], shape (n, height, width, channels), whose
            activations set the ranges of int8.
        path: Path of the file to write.
    """
    image = tf.TensorSpec([1, *signatures.image_shape], tf.float32, contract.IMAGE)

    @tf.function(input_signature=[image], autograph=False)
    def classify(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": signatures.classify(image)["probabilities"]}

    module = tf.Module()
    module.weights = list(classify.get_concrete_function().graph.variables)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={contract.CLASSIFY: classify})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if kind == "micro":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([image[None]] for image in images)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(litert.converted(converter))


def write_all(
    signatures: Signatures,
    folder: pathlib.Path,
    split: Split,
    expected: verification.Answers,
    formats: Collection[str],
) -> dict[str, dict[str, float]]:
    """Write and verify those of the files that are asked for, and the names of the classes.

    Args:
        signatures: See `write`.
        folder: Folder of the version.
        split: Whose training images set the ranges of int8.
        expected: The model's `Answers` on held-out images.
        formats: Some of `contract.FORMATS`.

    Returns:
        What `verify` returns of each, by its format.

    Raises:
        ExportError: As `verify`.
    """
    table = {}
    for kind in (kind for kind in contract.SINGLE_FILES if kind in formats):
        path = folder / contract.SINGLE_FILES[kind]
        log.info("Writing %s.", kind)

        def attempt(
            images: np.ndarray, kind: str = kind, path: pathlib.Path = path
        ) -> dict[str, float]:
            write(signatures, kind, images, path)
            return verify(kind, path, expected)

        found = samples.first_that_agrees(attempt, split, whole_numbers=kind == "micro")
        table[kind] = found
        log.info("%s: %.2f %% of the labels agree.", kind, 100 * found["label_agreement"])
    if table:
        names = json.dumps(signatures.class_names)
        (folder / contract.CLASS_NAMES_FILE).write_text(names + "\n", encoding="utf-8")
    return table


def ask(path: pathlib.Path, images: np.ndarray) -> dict[str, np.ndarray]:
    """What a file answers to images, asked as a program does that knows of no signature.

    Args:
        path: Path of the file.
        images: uint8, shape (n, height, width, channels).

    Returns:
        Dict of `label`, whole numbers of shape (n,), and `probabilities`, float32 (n, K).
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    probabilities = []
    for image in to_unit_range(images):
        interpreter.set_tensor(taken["index"], _stored(image[None], taken))
        interpreter.invoke()
        probabilities.append(_meant(interpreter.get_tensor(given["index"])[0], given))
    found = np.stack(probabilities)
    return {"label": found.argmax(axis=1), "probabilities": found}


def verify(kind: str, path: pathlib.Path, expected: verification.Answers) -> dict[str, float]:
    """Compare a written file with the Keras model; see `verification.verify`.

    Raises:
        ExportError: If too few labels agree, or the images are too few to tell.
    """
    share = verification.agreement(ask(path, expected.images), expected)
    needed = contract.LABEL_AGREEMENT[kind]
    if share is None or share < needed:
        raise ExportError(
            f"The exported {kind} does not answer like the Keras model on {len(expected.images)} "
            f"images: {share or 0:.4%} of the labels agree, {needed:.1%} must. Nothing was "
            "published."
        )
    return {
        "images": len(expected.images),
        "label_agreement": share,
        "label_agreement_at_least": verification.proven(kind, share, len(expected.images), kind),
    }


def _stored(values, details):
    """Numbers as a tensor holds them: as they are, or as whole numbers of its scale."""
    scale, zero = details["quantization"]
    if not scale:
        return values
    limits = np.iinfo(details["dtype"])
    whole = np.rint(values / scale + zero)
    return whole.clip(limits.min, limits.max).astype(details["dtype"])


def _meant(values, details):
    """The numbers that a tensor's stand for."""
    scale, zero = details["quantization"]
    return np.float32(scale) * (values.astype("float32") - zero) if scale else values
