"""A SavedModel loaded as TensorFlow Serving does it: in graph mode, by tag and SignatureDef."""

import numpy as np
import tensorflow as tf


class BadRequest(Exception):
    """What the server answers with INVALID_ARGUMENT, or 400."""


class NotFound(Exception):
    """What it answers with NOT_FOUND, or 404."""


class NoSignature(BadRequest):
    """What it answers with FAILED_PRECONDITION over gRPC, and 400 over REST."""


class ServedModel:
    """One loaded version.

    Args:
        path: Of the SavedModel.
    """

    def __init__(self, path):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.session = tf.compat.v1.Session()
            meta = tf.compat.v1.saved_model.loader.load(self.session, ["serve"], str(path))
        self.signatures = meta.signature_def

    def signature(self, name):
        """The SignatureDef of a name, "" for the default."""
        found = self.signatures.get(name or "serving_default")
        if found is None:
            raise NoSignature(f'Serving signature key "{name}" not found.')
        return found

    def classify(self, name, examples):
        """Outputs of a signature for tf.Examples, as the Classify call gives them."""
        signature = self.signature(name)
        if signature.method_name != "tensorflow/serving/classify":
            raise BadRequest(f"Expected classification signature method_name: {name}")
        if set(signature.inputs) != {"inputs"}:
            raise BadRequest(f"No classification inputs found in SignatureDef: {name}")
        if not examples:
            raise BadRequest("Input is empty.")
        content = [example.SerializeToString() for example in examples]
        return self.run(name, {"inputs": np.array(content, dtype=object)})

    def run(self, name, inputs):
        """Outputs of a signature, as arrays by name.

        Args:
            name: Of the signature.
            inputs: Arrays by the names of its inputs.
        """
        signature = self.signature(name)
        missing, extra = signature.inputs.keys() - inputs, inputs.keys() - signature.inputs
        if missing or extra:
            raise BadRequest(
                f"input size does not match signature: missing {sorted(missing)}, "
                f"unexpected {sorted(extra)}"
            )
        feed = {}
        for key, value in inputs.items():
            info = signature.inputs[key]
            expected = tf.as_dtype(info.dtype)
            if tf.as_dtype(value.dtype) != expected:
                raise BadRequest(
                    f'input "{key}" must be {expected.name}, not {tf.as_dtype(value.dtype).name}'
                )
            shape = tf.TensorShape(info.tensor_shape)
            if not shape.is_compatible_with(value.shape):
                raise BadRequest(f'input "{key}" must have shape {shape}, not {value.shape}')
            feed[info.name] = value
        fetches = {key: info.name for key, info in signature.outputs.items()}
        try:
            return self.session.run(fetches, feed)
        except tf.errors.InvalidArgumentError as error:
            # The session's Python puts a line of its own before what the server would say.
            said = error.message.removeprefix("Graph execution error:").strip()
            raise BadRequest(said) from error
