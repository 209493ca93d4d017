"""Classifying image files with an exported model, in batches; each file gives one row."""

import logging
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from aae_keras.deployment.prediction.local import Predictor
from aae_keras.images import ImageError, read_picture, to_unit_range
from aae_keras.remarks import Remarks

log = logging.getLogger(__name__)

BATCH = 64


def predict_files(
    predictor: Predictor, paths: Sequence[str | pathlib.Path]
) -> Iterator[dict[str, Any]]:
    """Classify image files, in order.

    Args:
        predictor: What `open_predictor` returned.
        paths: Paths of the files; images of another size are resized.

    Yields:
        A dict per file: `image`, `label`, `class_name`, `confidence`, `probabilities`; for a file
        that cannot be read `image` and `error`. What was assumed in reading them is logged at the
        end.
    """
    remarks = Remarks()
    for start in range(0, len(paths), BATCH):
        yield from _predict_batch(predictor, paths[start : start + BATCH], remarks)
    for line in remarks.lines():
        log.warning("%s", line)


def _predict_batch(predictor, paths, remarks):
    """The rows of a few files, in their order."""
    height, width, channels = predictor.image_shape
    rows, images = {}, {}
    for path in paths:
        try:
            picture = read_picture(path, channels, (height, width), predictor.reading)
        except ImageError as error:
            rows[path] = {"image": str(path), "error": str(error)}
        else:
            images[path] = picture.pixels
            remarks.add(path, picture.remarks)
    if images:
        outputs = predictor.predict(to_unit_range(np.stack(list(images.values()))))
        for rank, path in enumerate(images):
            rows[path] = answer_row(path, {name: values[rank] for name, values in outputs.items()})
    return [rows[path] for path in paths]


def answer_row(path: str | pathlib.Path, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The row of one image, in plain Python, so that it can be written as JSON.

    Args:
        path: Path of the image.
        outputs: The image's values of `contract.CLASSIFY_OUTPUTS` by name, from NumPy or JSON.

    Returns:
        Dict of `image`, `label`, `class_name`, `confidence`, `probabilities`.
    """
    name = outputs["class_name"]
    return {
        "image": str(path),
        "label": int(outputs["label"]),
        "class_name": name.decode() if isinstance(name, bytes) else str(name),
        "confidence": float(outputs["confidence"]),
        "probabilities": [float(p) for p in outputs["probabilities"]],
    }
