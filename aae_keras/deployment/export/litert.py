"""LiteRT files of the encoder, for phones and small machines: float32, float16 and int8."""

import dataclasses
import json
import pathlib
import warnings
import zipfile

import numpy as np
import tensorflow as tf

from aae_keras.deployment import contract
from aae_keras.deployment.export.first import put_first
from aae_keras.reading import Reading

SIGNATURES = (contract.CLASSIFY, contract.ENCODE)


def write_litert(
    saved_model: pathlib.Path,
    quantization: str,
    images: np.ndarray,
    path: pathlib.Path,
    reading: Reading,
) -> None:
    """Convert the encoder's signatures of a SavedModel to one file, in which they share weights.

    `TFLiteConverter.from_concrete_functions` would write a file without weights.

    Args:
        saved_model: Folder of the SavedModel.
        quantization: A key of `contract.LITERT_FILES`; "int8" means whole numbers inside, float32
            in and out.
        images: float32 training images in [0, 1], shape (n, height, width, channels), whose
            activations set the ranges of int8.
        path: Path of the file to write.
        reading: How image files become pixels, for whoever has this file alone.
    """
    present = tf.saved_model.load(str(saved_model)).signatures
    keys = [name for name in SIGNATURES if name in present]
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=keys)
    if quantization != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantization == "int8":
        converter.representative_dataset = lambda: (
            (name, {contract.IMAGE: image[None]}) for image in images for name in keys
        )
        # The second set is for the names alone, which are text.
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS,
        ]
    content = converted(converter)
    if contract.CLASSIFY in keys:
        content = put_first(content, contract.CLASSIFY, "probabilities")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive:  # readers of the model end before it
        archive.writestr(contract.LITERT_READING, json.dumps(dataclasses.asdict(reading)))


def converted(converter: tf.lite.TFLiteConverter) -> bytes:
    """The file that a converter makes.

    Args:
        converter: One that has been told what to make.
    """
    with warnings.catch_warnings():
        # The converter measures the ranges of int8 with its own old interpreter.
        warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter is deprecated")
        content: bytes = converter.convert()
    return content
