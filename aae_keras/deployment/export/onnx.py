"""An ONNX file of the encoder, for ONNX Runtime and OpenVINO; an optional extra."""

import dataclasses
import importlib.util
import json
import pathlib

import tensorflow as tf

from aae_keras.deployment import contract
from aae_keras.deployment.export.signatures import Signatures
from aae_keras.errors import ExportError
from aae_keras.extras import how_to_install

OPSET = 17
# Those of the extra.
PACKAGES = ("onnx", "tf2onnx")


def check_installed() -> None:
    """Raise `ExportError` if the packages of the extra are not installed."""
    if not all(map(importlib.util.find_spec, PACKAGES)):
        raise ExportError(f"The format onnx needs packages of its own: {how_to_install('onnx')}")


def write_onnx(signatures: Signatures, path: pathlib.Path) -> None:
    """Write classification and codes as one graph; class names are metadata of the file.

    Args:
        signatures: The `Signatures` of a model.
        path: Path of the file to write.

    Raises:
        ExportError: If the packages of the extra are not installed.
    """
    check_installed()
    import tf2onnx

    @tf.function(autograph=False)
    def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = signatures.encode(image)
        if signatures.model.latent_y.is_encoded:
            outputs |= signatures.classify(image)
            outputs.pop("class_name")
        return outputs

    image = tf.TensorSpec([None, *signatures.image_shape], tf.float32, contract.IMAGE)
    graph, _ = tf2onnx.convert.from_function(answer, input_signature=[image], opset=OPSET)
    graph.metadata_props.add(
        key=contract.ONNX_CLASS_NAMES, value=json.dumps(signatures.class_names)
    )
    reading = json.dumps(dataclasses.asdict(signatures.reading))
    graph.metadata_props.add(key=contract.READING, value=reading)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(graph.SerializeToString())
