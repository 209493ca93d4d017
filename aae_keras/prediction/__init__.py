"""Prediction from an export: a SavedModel or an ONNX file, a LiteRT file, or a server that has one.

| file | asks |
|---|---|
| `local` | files: by TensorFlow, by `ai_edge_litert` or `onnxruntime` without it |
| `remote` | TensorFlow Serving, by REST or gRPC |
"""

import pathlib

import numpy as np

from aae_keras import serving, versions
from aae_keras.images import ImageError, read_image, to_unit_range
from aae_keras.prediction.local import (
    LiteRTPredictor,
    OnnxPredictor,
    PredictorError,
    SavedModelPredictor,
)

__all__ = [
    "LiteRTPredictor",
    "OnnxPredictor",
    "PredictorError",
    "SavedModelPredictor",
    "open_predictor",
    "predict_files",
]

BATCH = 64
_READERS = {".tflite": LiteRTPredictor, ".onnx": OnnxPredictor}


def open_predictor(path):
    """Read an exported model.

    Args:
        path: A `.tflite` or `.onnx` file, the folder of a SavedModel (or of an unfinished one,
            while it is verified), or a folder of versions, of which the newest is taken.

    Returns:
        An object with `path`, `image_shape` (height, width, channels), `classifies` (whether there
        is a latent y), `predict(images)` and `encode(images)`, which map float32 images in [0, 1]
        to a dict of the arrays of `serving.CLASSIFY_OUTPUTS` and `serving.ENCODE_OUTPUTS`.

    Raises:
        PredictorError: If there is no such model, or it is damaged.
    """
    path = locate(path)
    return _READERS.get(path.suffix, SavedModelPredictor)(path)


def locate(path):
    """The file, or the folder of a SavedModel, that `open_predictor` would read."""
    path = pathlib.Path(path)
    if path.suffix in _READERS:
        return path
    numbers = versions.numbers(path)
    if numbers:
        path = path / str(numbers[-1])
    if (path / "saved_model.pb").exists():
        return path
    for file in (*serving.LITERT_FILES.values(), serving.ONNX_FILE):
        if (path / file).exists():  # exported without a SavedModel
            return path / file
    raise PredictorError(
        f"{path}: expected saved_models/NAME, saved_models/NAME/VERSION, FILE.tflite or FILE.onnx. "
        "Make one with python -m tools.export --run_dir=DIR"
    )


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
            rows[path] = answer_row(path, {name: values[rank] for name, values in found.items()})
    return [rows[path] for path in paths]


def answer_row(path, found):
    """What is said of one image: its row of the outputs of a classify signature, in plain Python.

    Args:
        path: Of the image.
        found: Dict by output name of values, from NumPy or from JSON.
    """
    name = found["class_name"]
    return {
        "image": str(path),
        "label": int(found["label"]),
        "class_name": name.decode() if isinstance(name, bytes) else str(name),
        "confidence": float(found["confidence"]),
        "probabilities": [float(p) for p in found["probabilities"]],
    }
