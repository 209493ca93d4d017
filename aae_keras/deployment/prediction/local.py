"""Files of an export, each asked by the library that runs it."""

import json

import numpy as np

from aae_keras.deployment import contract
from aae_keras.errors import UserError, first_line


class PredictorError(UserError):
    """An exported model that is missing or cannot be read."""


def _checked(images, image_shape):
    """Images as every reader takes them; each has errors of its own, which name no input.

    Raises:
        ValueError: If they are of another type or shape.
    """
    images = np.asarray(images)
    if images.dtype.kind != "f" or images.ndim != 4 or images.shape[1:] != image_shape:
        raise ValueError(
            f"`{contract.IMAGE}` must be float32 in [0, 1], of shape (n, "
            f"{', '.join(map(str, image_shape))}). `images.to_unit_range` scales bytes. "
            f"Received: {images.dtype} of shape {images.shape}"
        )
    return images.astype("float32", copy=False)


class SavedModelPredictor:
    """The signatures of a SavedModel, run by TensorFlow."""

    def __init__(self, path):
        import tensorflow as tf

        self.path = path
        try:
            self._model = tf.saved_model.load(str(path))
            self._signatures = self._model.signatures
            _, inputs = self._signatures[contract.ENCODE].structured_input_signature
        except (OSError, KeyError, IndexError, ValueError, tf.errors.OpError) as error:
            raise PredictorError(
                f"{path}: not a readable SavedModel with the signature {contract.ENCODE}. "
                f"Export it again. The reader said: {first_line(error)}"
            ) from error
        self.has_latent_y = contract.CLASSIFY in self._signatures
        self.image_shape = tuple(inputs[contract.IMAGE].shape[1:])

    def predict(self, images):
        """See `open_predictor`."""
        images = _checked(images, self.image_shape)
        return self.ask(contract.CLASSIFY, **{contract.IMAGE: images})

    def encode(self, images):
        """See `open_predictor`."""
        images = _checked(images, self.image_shape)
        return self.ask(contract.ENCODE, **{contract.IMAGE: images})

    def ask(self, signature, **inputs):
        """Outputs of any signature, as arrays by name.

        Args:
            signature: Its name.
            **inputs: Arrays by the names of its inputs.
        """
        import tensorflow as tf

        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        outputs = self._signatures[signature](**tensors)
        return {name: value.numpy() for name, value in outputs.items()}


class LiteRTPredictor:
    """The signatures of a LiteRT file, run by `ai_edge_litert` alone.

    Args:
        path: Of the file.
        num_threads: How many to use; None for the interpreter's default, one.
    """

    def __init__(self, path, num_threads=None):
        from ai_edge_litert.interpreter import Interpreter

        self.path = path
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=num_threads)
            self._encode = self._interpreter.get_signature_runner(contract.ENCODE)
            self.has_latent_y = contract.CLASSIFY in self._interpreter.get_signature_list()
            self._classify = (
                self._interpreter.get_signature_runner(contract.CLASSIFY)
                if self.has_latent_y
                else None
            )
        except (OSError, ValueError) as error:
            raise PredictorError(
                f"{path}: not a readable LiteRT file with the signature {contract.ENCODE}. The "
                f"reader said: {first_line(error)}"
            ) from error
        shape = self._encode.get_input_details()[contract.IMAGE]["shape_signature"]
        self.image_shape = tuple(int(n) for n in shape[1:])

    def predict(self, images):
        """See `open_predictor`."""
        return self._classify(**{contract.IMAGE: _checked(images, self.image_shape)})

    def encode(self, images):
        """See `open_predictor`."""
        return self._encode(**{contract.IMAGE: _checked(images, self.image_shape)})


class OnnxPredictor:
    """An ONNX file, run by `onnxruntime`; class names come with it."""

    def __init__(self, path):
        try:
            import onnxruntime
        except ImportError as error:
            raise PredictorError(
                f"{path}: reading it needs packages of its own: pip install 'aae_keras[edge]'"
            ) from error
        self.path = path
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has an exception of its own for each status
            if not type(error).__module__.startswith("onnxruntime"):
                raise
            raise PredictorError(
                f"{path}: not a readable ONNX file. The reader said: {first_line(error)}"
            ) from error
        (image,) = self._session.get_inputs()
        self.image_shape = tuple(image.shape[1:])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.has_latent_y = "label" in self._outputs
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.class_names = json.loads(metadata.get(contract.ONNX_CLASS_NAMES, "[]"))

    def predict(self, images):
        """See `open_predictor`."""
        found = self._run(images)
        found["class_name"] = np.array([self.class_names[label] for label in found["label"]])
        return {name: found[name] for name in contract.CLASSIFY_OUTPUTS}

    def encode(self, images):
        """See `open_predictor`."""
        found = self._run(images)
        return {name: found[name] for name in contract.ENCODE_OUTPUTS if name in found}

    def _run(self, images):
        images = _checked(images, self.image_shape)
        values = self._session.run(None, {contract.IMAGE: images})
        return dict(zip(self._outputs, values, strict=True))
