"""Opening an exported model: where it lies, and which predictor reads it."""

import difflib
import logging
import pathlib
import shlex

from aae_keras.deployment import contract, integrity, versions
from aae_keras.deployment.prediction.local import (
    LiteRTPredictor,
    OnnxPredictor,
    Predictor,
    PredictorError,
    SavedModelPredictor,
)

log = logging.getLogger(__name__)

_PREDICTORS = {".tflite": LiteRTPredictor, ".onnx": OnnxPredictor}
_FOR_DEVICES = (
    "{}: the files for browsers and microcontrollers are not read here. Export the run with the "
    "format litert or saved_model too, and take that."
)


def open_predictor(path: str | pathlib.Path) -> Predictor:
    """Read an exported model.

    Args:
        path: A `.tflite` or `.onnx` file, the folder of a version, or a folder of versions, of
            which the newest is taken. A version is read by its SavedModel if it has one.

    Returns:
        A `Predictor`, with `predict(images)` and `encode(images)`.

    Raises:
        PredictorError: If there is no such model, or it cannot be read.
        DamagedError: If it lies in a version whose manifest has another checksum of it.
    """
    path = locate(path)
    _check(path)
    return _PREDICTORS.get(path.suffix, SavedModelPredictor)(path)


def _check(path):
    """Compare what is to be read with the manifest of the version it lies in."""
    is_file = path.suffix in _PREDICTORS
    folder = path.absolute().parent.parent if is_file else path
    if not (folder / contract.MANIFEST).exists():
        # A copy of one file says itself how it reads images.
        if not is_file and not folder.name.startswith(versions.WRITING):
            log.warning(
                "%s: there is no %s. Damage would not be seen, and image files are read as without "
                "--fit, --background and --pixel_range. Copy the version with it.",
                *(path, contract.MANIFEST),
            )
        return
    if is_file and not path.exists():
        there = sorted(str(file.relative_to(folder)) for file in path.parent.glob("*.*"))
        raise PredictorError(
            f"{path}: {folder} has no such file; it has {', '.join(there) or 'none of its kind'}. "
            "--formats and --quantize of python -m tools.export say what a version has."
        )
    file = path.absolute().relative_to(folder).as_posix() if is_file else ""
    if not integrity.check(folder, (file,) if is_file else contract.SAVED_MODEL_FILES):
        log.info("%s: exported without checksums, so damage would not be seen.", path)


def locate(path: str | pathlib.Path) -> pathlib.Path:
    """Find the file, or the folder of a SavedModel, that `open_predictor` would read.

    Raises:
        PredictorError: If there is none.
    """
    path = pathlib.Path(path)
    if path.name in (pathlib.PurePath(file).name for file in contract.SINGLE_FILES.values()):
        raise PredictorError(_FOR_DEVICES.format(path))
    if path.suffix in _PREDICTORS:
        return path
    numbers = versions.numbers(path)
    if numbers:
        path = path / str(numbers[-1])
    if (path / "saved_model.pb").exists():
        return path
    for file in (*contract.LITERT_FILES.values(), contract.ONNX_FILE):
        if (path / file).exists():  # exported without a SavedModel
            return path / file
    if any((path / file).exists() for file in contract.SINGLE_FILES.values()):
        raise PredictorError(_FOR_DEVICES.format(path))
    raise PredictorError(
        f"{path}: expected saved_models/NAME, saved_models/NAME/VERSION, FILE.tflite or FILE.onnx. "
        f"{_how_to_get(path)}"
    )


def _how_to_get(path):
    """What somebody can do who names a model that is not there."""
    if path.is_dir() and (retired := [found for found in versions.listed(path) if found.retired]):
        newest = retired[-1]
        return "Its versions are retired, and the newest of them comes back with " + shlex.join(
            ["mv", str(newest.folder), str(path / str(newest.number))]
        )
    names = [found.name for found in path.parent.glob("*") if versions.numbers(found)]
    if like := difflib.get_close_matches(path.name, names, n=3):
        return f"Models of a like name are there: {', '.join(like)}."
    return "Make one with python -m tools.export --run_dir=DIR"
