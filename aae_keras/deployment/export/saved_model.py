"""The SavedModel: signatures, the classify method's name, and requests to warm a server up with."""

import io
import pathlib
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from aae_keras.deployment import contract
from aae_keras.deployment.export.signatures import Signatures

if TYPE_CHECKING:
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog


def write_saved_model(signatures: Signatures, folder: pathlib.Path) -> None:
    """Write a SavedModel with a signature for each function of a `Signatures`.

    It holds each weight once, and only those that some function needs: `model.export()` and
    `ExportArchive.track` store every weight twice, endpoints of an archive every graph.

    Args:
        signatures: The `Signatures` of a model.
        folder: Folder to write it to.
    """
    functions = {
        name: function.get_concrete_function() for name, function in signatures.functions().items()
    }
    module = tf.Module()
    weights = [weight for function in functions.values() for weight in function.graph.variables]
    module.weights = list({id(weight): weight for weight in weights}.values())
    tf.saved_model.save(module, str(folder), signatures=functions)
    _drop_shapes(folder / "saved_model.pb")
    _name_methods(folder, functions)


def _drop_shapes(path):
    """Leave out the shapes noted beside each node, which whoever loads the graph infers anew.

    They are a sixth of a graph that reads image files.
    """
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            node.attr.pop("_output_shapes", None)
    path.write_bytes(saved.SerializeToString(deterministic=True))


def _name_methods(folder, names):
    """Give each signature its method: TensorFlow writes `predict` for all."""
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(str(folder))
    for name in names:
        updater.replace_method_name(name, contract.SIGNATURES[name].method)
    updater.save()


def write_warmup(signatures: Signatures, name: str, path: pathlib.Path) -> None:
    """Write a request for every signature, which a server answers before it serves a version.

    Args:
        signatures: The `Signatures` that were written.
        name: Name of the model at the server.
        path: Path of the file to write, a TFRecord of `PredictionLog`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature in signatures.functions():
            writer.write(warmup_request(signatures, name, signature).SerializeToString())


def warmup_request(signatures: Signatures, name: str, signature: str) -> "PredictionLog":
    """The `PredictionLog` of one small request.

    Args:
        signatures: The `Signatures` that were written.
        name: Name of the model at the server.
        signature: Name of the signature, a key of `contract.SIGNATURES`.
    """
    from tensorflow_serving.apis import prediction_log_pb2

    inputs = sample_inputs(signatures, signature)
    log = prediction_log_pb2.PredictionLog()
    if signature == contract.CLASSIFY_CALL:
        request = log.classify_log.request
        for content in inputs[contract.CLASSIFY_INPUTS]:
            request.input.example_list.examples.append(tf.train.Example.FromString(content))
    else:
        request = log.predict_log.request
        for key, value in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    return log


def sample_inputs(signatures: Signatures, signature: str) -> dict[str, np.ndarray]:
    """One row of each input of a signature, as arrays by name.

    Args:
        signatures: The `Signatures` of a model.
        signature: Name of the signature, a key of `contract.SIGNATURES`.
    """
    content = png(np.zeros(signatures.image_shape, "uint8"))
    example = tf.train.Example()
    example.features.feature[contract.EXAMPLE_FEATURE].bytes_list.value.append(content)
    examples = np.array([example.SerializeToString()], dtype=object)
    rows = {
        contract.IMAGE: np.zeros((1, *signatures.image_shape), "float32"),
        contract.IMAGE_BYTES: np.array([content], dtype=object),
        contract.EXAMPLES: examples,
        contract.CLASSIFY_INPUTS: examples,
        "y": np.eye(1, signatures.model.categories, dtype="float32"),
        "z": np.zeros((1, signatures.model.posterior.z_dim), "float32"),
        "label": np.zeros(1, "int64"),
        "seed": np.zeros(1, "int64"),
    }
    specs = signatures.functions()[signature].input_signature
    return {spec.name: rows[spec.name] for spec in specs}


def png(pixels: np.ndarray) -> bytes:
    """The content of a PNG file of one uint8 image, shape (height, width, channels)."""
    file = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    return file.getvalue()
