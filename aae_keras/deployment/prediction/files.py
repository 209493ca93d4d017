"""Classifying image files with an exported model, in batches; each file gives one row."""

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from aae_keras.deployment.prediction.local import Predictor
from aae_keras.images import ImageError, read_image, to_unit_range

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
        that cannot be read `image` and `error`.
    """
    for start in range(0, len(paths), BATCH):
        yield from _predict_batch(predictor, paths[start : start + BATCH])


def _predict_batch(predictor, paths):
    """The rows of a few files, in their order."""
    height, width, channels = predictor.image_shape
    rows, images = {}, {}
    for path in paths:
        try:
            images[path] = read_image(path, channels, (height, width))
        except ImageError as error:
            rows[path] = {"image": str(path), "error": str(error)}
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
