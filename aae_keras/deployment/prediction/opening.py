"""Which reader an exported model needs, and where it lies."""

import pathlib

from aae_keras.deployment import contract, versions
from aae_keras.deployment.prediction.local import (
    LiteRTPredictor,
    OnnxPredictor,
    PredictorError,
    SavedModelPredictor,
)

_READERS = {".tflite": LiteRTPredictor, ".onnx": OnnxPredictor}


def open_predictor(path):
    """Read an exported model.

    Args:
        path: A `.tflite` or `.onnx` file, the folder of a SavedModel (or of an unfinished one,
            while it is verified), or a folder of versions, of which the newest is taken.

    Returns:
        An object with `path`, `image_shape` (height, width, channels), `has_latent_y` (whether it
        classifies), `predict(images)` and `encode(images)`, which map float32 images in [0, 1] to
        a dict of the arrays of `contract.CLASSIFY_OUTPUTS` and `contract.ENCODE_OUTPUTS`.

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
    for file in (*contract.LITERT_FILES.values(), contract.ONNX_FILE):
        if (path / file).exists():  # exported without a SavedModel
            return path / file
    raise PredictorError(
        f"{path}: expected saved_models/NAME, saved_models/NAME/VERSION, FILE.tflite or FILE.onnx. "
        "Make one with python -m tools.export --run_dir=DIR"
    )
