"""Classifying image files with an exported model, in batches; each file gives one row."""

import dataclasses
import logging
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from aae_keras.deployment.prediction.local import Predictor
from aae_keras.images import ImageError, read_picture, to_unit_range
from aae_keras.pictures import File
from aae_keras.remarks import Remarks

log = logging.getLogger(__name__)

BATCH = 64


@dataclasses.dataclass
class Batch:
    """A few image files, read.

    Attributes:
        names: A name for each file, in order.
        pixels: uint8 images of those that could be read, in order.
        errors: Messages of the others, by their places among the names.
        remarks: Pairs of a name and what was assumed of it.
    """

    names: list[str]
    pixels: list[np.ndarray] = dataclasses.field(default_factory=list)
    errors: dict[int, str] = dataclasses.field(default_factory=dict)
    remarks: list[tuple[str, tuple[str, ...]]] = dataclasses.field(default_factory=list)


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
        batch = read_batch(paths[start : start + BATCH], predictor)
        remarks.add_all(batch.remarks)
        yield from answer_batch(predictor, batch)
    for line in remarks.lines():
        log.warning("%s", line)


def read_batch(
    items: Sequence[Any], predictor: Predictor, opened: Callable[[Any], File] = pathlib.Path
) -> Batch:
    """Read a few image files as a predictor needs them; safe to call from several threads.

    Args:
        items: What `str` gives the name of: paths, or what `opened` takes.
        predictor: Whose images they shall be.
        opened: Gives what `images.read_picture` takes; it may raise `ImageError` itself.
    """
    height, width, channels = predictor.image_shape
    batch = Batch([str(item) for item in items])
    for rank, item in enumerate(items):
        try:
            picture = read_picture(opened(item), channels, (height, width), predictor.reading)
        except ImageError as error:
            batch.errors[rank] = str(error)
        else:
            batch.pixels.append(picture.pixels)
            batch.remarks.append((batch.names[rank], picture.remarks))
    return batch


def answer_batch(predictor: Predictor, batch: Batch) -> list[dict[str, Any]]:
    """The rows of a batch, in order; see `predict_files`."""
    answers: Iterator[dict[str, Any]] = iter(())
    if batch.pixels:
        outputs = predictor.predict(to_unit_range(np.stack(batch.pixels)))
        names = outputs.keys()
        answers = (
            dict(zip(names, row, strict=True)) for row in zip(*outputs.values(), strict=True)
        )
    return [
        {"image": name, "error": batch.errors[rank]}
        if rank in batch.errors
        else answer_row(name, next(answers))
        for rank, name in enumerate(batch.names)
    ]


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
