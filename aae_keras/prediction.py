"""Prediction from an export: a SavedModel through TensorFlow, a LiteRT file without it."""

import pathlib

import numpy as np

from aae_keras import serving
from aae_keras.errors import UserError, first_line
from aae_keras.images import ImageError, read_image, to_unit_range

BATCH = 64


class PredictorError(UserError):
    """An exported model that is missing or cannot be read."""


def open_predictor(path):
    """Read an exported model.

    Args:
        path: A `.tflite` file, the folder of a SavedModel (or of an unfinished one, while it is
            verified), or a folder of versions, of which the newest is taken.

    Returns:
        An object with `path`, `image_shape` (height, width, channels), `predict(images)` and
        `encode(images)`, which map float32 images in [0, 1] to a dict of the arrays of
        `serving.CLASSIFY_OUTPUTS` and `serving.ENCODE_OUTPUTS`.

    Raises:
        PredictorError: If there is no such model, or it is damaged.
    """
    path = pathlib.Path(path)
    if path.suffix == ".tflite":
        return LiteRTPredictor(path)
    numbers = versions(path)
    if numbers:
        path = path / str(max(numbers))
    if (path / "saved_model.pb").exists():
        return SavedModelPredictor(path)
    if (path / serving.LITERT_FILE).exists():  # exported with --formats=litert
        return LiteRTPredictor(path / serving.LITERT_FILE)
    raise PredictorError(
        f"{path}: expected saved_models/NAME, saved_models/NAME/VERSION or FILE.tflite. "
        "Make one with python -m tools.export --run_dir=DIR"
    )


def versions(base):
    """The version numbers under a base folder; none if there is no such folder."""
    folders = base.iterdir() if base.is_dir() else ()
    return [int(folder.name) for folder in folders if folder.name.isdecimal()]


class SavedModelPredictor:
    """The signature `serving_default` of a SavedModel, run by TensorFlow."""

    def __init__(self, path):
        import tensorflow as tf

        self.path = path
        try:
            self._model = tf.saved_model.load(str(path))
            self._classify = self._model.signatures[serving.CLASSIFY]
            self._encode = self._model.signatures[serving.ENCODE]
        except (OSError, KeyError, IndexError, ValueError, tf.errors.OpError) as error:
            raise PredictorError(
                f"{path}: not a readable SavedModel with the signature {serving.CLASSIFY}. Export "
                f"it again. The reader said: {first_line(error)}"
            ) from error
        _, inputs = self._classify.structured_input_signature
        self.image_shape = tuple(inputs[serving.IMAGE].shape[1:])

    def predict(self, images):
        """See `open_predictor`."""
        return self._run(self._classify, images)

    def encode(self, images):
        """See `open_predictor`."""
        return self._run(self._encode, images)

    def _run(self, signature, images):
        import tensorflow as tf

        outputs = signature(**{serving.IMAGE: tf.constant(images)})
        return {name: value.numpy() for name, value in outputs.items()}


class LiteRTPredictor:
    """The same signature of a LiteRT file, run by `ai_edge_litert` alone.

    Args:
        path: Of the file.
        num_threads: How many to use; None for the interpreter's default, one.
    """

    def __init__(self, path, num_threads=None):
        from ai_edge_litert.interpreter import Interpreter

        self.path = path
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=num_threads)
            self._classify = self._interpreter.get_signature_runner(serving.CLASSIFY)
            self._encode = self._interpreter.get_signature_runner(serving.ENCODE)
        except (OSError, ValueError) as error:
            raise PredictorError(
                f"{path}: not a readable LiteRT file with the signature {serving.CLASSIFY}. The "
                f"reader said: {first_line(error)}"
            ) from error
        shape = self._classify.get_input_details()[serving.IMAGE]["shape_signature"]
        self.image_shape = tuple(int(n) for n in shape[1:])

    def predict(self, images):
        """See `open_predictor`."""
        return self._classify(**{serving.IMAGE: np.asarray(images, "float32")})

    def encode(self, images):
        """See `open_predictor`."""
        return self._encode(**{serving.IMAGE: np.asarray(images, "float32")})


def predict_files(predictor, paths):
    """Classify image files, in order.

    Args:
        predictor: What `open_predictor` returned.
        paths: Of the files; images of another size are resized.

    Yields:
        A dict per file: `image`, `label`, `class_name`, `confidence`, `probabilities`; for a file
        that cannot be read `image` and `error`.
    """
    for start in range(0, len(paths), BATCH):
        yield from _predict_batch(predictor, paths[start : start + BATCH])


def _predict_batch(predictor, paths):
    height, width, channels = predictor.image_shape
    rows, images = {}, {}
    for path in paths:
        try:
            images[path] = read_image(path, channels, (height, width))
        except ImageError as error:
            rows[path] = {"image": str(path), "error": str(error)}
    if images:
        found = predictor.predict(to_unit_range(np.stack(list(images.values()))))
        for rank, path in enumerate(images):
            rows[path] = {
                "image": str(path),
                "label": int(found["label"][rank]),
                "class_name": found["class_name"][rank].decode(),
                "confidence": float(found["confidence"][rank]),
                "probabilities": [float(p) for p in found["probabilities"][rank]],
            }
    return [rows[path] for path in paths]
