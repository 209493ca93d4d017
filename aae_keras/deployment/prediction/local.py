"""Predictors: the files of an export, each run by the library that it is made for."""

import abc
import json
import pathlib
import zipfile

import numpy as np

from aae_keras.deployment import contract
from aae_keras.errors import UserError, first_line
from aae_keras.extras import how_to_install
from aae_keras.reading import Reading
from aae_keras.values import check_pixels


class PredictorError(UserError):
    """An exported model that is missing or cannot be read."""


class Predictor(abc.ABC):
    """An exported model that has been read back, whatever its format.

    Attributes:
        path: The file, or the folder of a SavedModel.
        image_shape: Height, width and channels of its images.
        has_latent_y: Whether it can `predict`; every predictor can `encode`.
        reading: How image files become its pixels; the defaults where the file says nothing.
    """

    path: str | pathlib.Path
    image_shape: tuple[int, ...]
    has_latent_y: bool
    reading: Reading

    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Classify images.

        Args:
            images: float32 in [0, 1], shape (n, *image_shape).

        Returns:
            Dict of the arrays of `contract.CLASSIFY_OUTPUTS`, one row per image.

        Raises:
            PredictorError: If the model finds no y.
            ValueError: If the images have another type, shape or range.
        """
        if not self.has_latent_y:
            raise PredictorError(
                f"{self.path} has no latent y, so there is nothing to predict. Ask for its codes, "
                "by `encode`."
            )
        return self._predict(self._checked(images))

    def encode(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Encode images.

        Args:
            images: float32 in [0, 1], shape (n, *image_shape).

        Returns:
            Dict of the arrays of `contract.ENCODE_OUTPUTS`, one row per image; without a latent y
            of `z` alone.

        Raises:
            ValueError: If the images have another type, shape or range.
        """
        return self._encode(self._checked(images))

    @abc.abstractmethod
    def _predict(self, images):
        """What `predict` returns, of images that have been checked."""

    @abc.abstractmethod
    def _encode(self, images):
        """What `encode` returns, of images that have been checked."""

    def _checked(self, images):
        """The images as float32; each library has errors of its own, which name no input."""
        images = np.asarray(images)
        expected = self.image_shape
        if images.dtype.kind != "f" or images.ndim != 4 or images.shape[1:] != expected:
            raise ValueError(
                f"`{contract.IMAGE}` must be float32 in [0, 1], of shape (n, "
                f"{', '.join(map(str, expected))}). `images.to_unit_range` scales bytes. "
                f"Received: {images.dtype} of shape {images.shape}"
            )
        # The graph of an export has no room for it: it would answer, and say nothing.
        check_pixels(images, f"`{contract.IMAGE}`")
        return images.astype("float32", copy=False)


class SavedModelPredictor(Predictor):
    """The signatures of a SavedModel, run by TensorFlow.

    Args:
        path: Folder of the SavedModel.

    Raises:
        PredictorError: If it cannot be read.
    """

    def __init__(self, path: str | pathlib.Path):
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
        self.reading = _reading_of(path, _manifest_text(path))

    def ask(self, signature: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Call any signature.

        Args:
            signature: Its name, a key of `contract.SIGNATURES`.
            **inputs: Arrays by the names of its inputs.

        Returns:
            Dict of arrays by the names of its outputs.

        Raises:
            ValueError: If images have another type, shape or range.
        """
        if contract.IMAGE in inputs:
            inputs[contract.IMAGE] = self._checked(inputs[contract.IMAGE])
        return self._ask(signature, inputs)

    def _ask(self, signature, inputs):
        import tensorflow as tf

        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        outputs = self._signatures[signature](**tensors)
        return {name: value.numpy() for name, value in outputs.items()}

    def _predict(self, images):
        return self._ask(contract.CLASSIFY, {contract.IMAGE: images})

    def _encode(self, images):
        return self._ask(contract.ENCODE, {contract.IMAGE: images})


class LiteRTPredictor(Predictor):
    """The signatures of a LiteRT file, run by `ai_edge_litert` alone.

    Args:
        path: Path of the file.
        num_threads: Threads to use; None for the interpreter's default, one.

    Raises:
        PredictorError: If the file cannot be read.
    """

    def __init__(self, path: str | pathlib.Path, num_threads: int | None = None):
        from ai_edge_litert.interpreter import Interpreter

        self.path = path
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=num_threads)
            self._encoder = self._interpreter.get_signature_runner(contract.ENCODE)
            self.has_latent_y = contract.CLASSIFY in self._interpreter.get_signature_list()
            self._classifier = (
                self._interpreter.get_signature_runner(contract.CLASSIFY)
                if self.has_latent_y
                else None
            )
        except (OSError, ValueError) as error:
            raise PredictorError(
                f"{path}: not a readable LiteRT file with the signature {contract.ENCODE}. The "
                f"reader said: {first_line(error)}"
            ) from error
        shape = self._encoder.get_input_details()[contract.IMAGE]["shape_signature"]
        self.image_shape = tuple(int(n) for n in shape[1:])
        self.reading = _reading_of(path, _litert_text(path))

    def _predict(self, images):
        return self._classifier(**{contract.IMAGE: images})

    def _encode(self, images):
        return self._encoder(**{contract.IMAGE: images})


class OnnxPredictor(Predictor):
    """An ONNX file, run by `onnxruntime`; class names come with it.

    Args:
        path: Path of the file.

    Raises:
        PredictorError: If the file cannot be read, or `onnxruntime` is not installed.
    """

    def __init__(self, path: str | pathlib.Path):
        try:
            import onnxruntime
        except ImportError as error:
            raise PredictorError(
                f"{path}: reading it needs packages of its own: {how_to_install('edge')}"
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
        self._output_names = [output.name for output in self._session.get_outputs()]
        self.has_latent_y = "label" in self._output_names
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.class_names = json.loads(metadata.get(contract.ONNX_CLASS_NAMES, "[]"))
        self.reading = _reading_of(path, metadata.get(contract.READING, ""))

    def _predict(self, images):
        outputs = self._run(images)
        outputs["class_name"] = np.array([self.class_names[label] for label in outputs["label"]])
        return {name: outputs[name] for name in contract.CLASSIFY_OUTPUTS}

    def _encode(self, images):
        outputs = self._run(images)
        return {name: outputs[name] for name in contract.ENCODE_OUTPUTS if name in outputs}

    def _run(self, images):
        values = self._session.run(None, {contract.IMAGE: images})
        return dict(zip(self._output_names, values, strict=True))


def _reading_of(path, text):
    """The `Reading` that a file states in JSON; "" in one that an older version exported."""
    try:
        return Reading(**json.loads(text or "{}"))
    except (ValueError, TypeError) as error:
        raise PredictorError(
            f"{path}: how it reads image files is not known here: {first_line(error)}. Export it "
            "again, or predict with the version that exported it."
        ) from error


def _manifest_text(folder):
    file = pathlib.Path(folder) / contract.MANIFEST
    if not file.exists():
        return ""
    try:
        return json.dumps(json.loads(file.read_text("utf-8")).get(contract.READING, {}))
    except ValueError as error:
        raise PredictorError(f"{file} is damaged. Export it again.") from error


def _litert_text(path):
    if not zipfile.is_zipfile(path):
        return ""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        return archive.read(contract.LITERT_READING) if contract.LITERT_READING in names else ""
