"""What pixels and labels must be, wherever people pass arrays: refused before a network sees them.

Needs NumPy alone, so that prediction on an edge device can use it.
"""

import logging
from typing import Any

import numpy as np

from aae_keras.errors import DataError, first_line

log = logging.getLogger(__name__)

# How far floats may leave [0, 1]: a quarter of a grey level, which rounding and resizing add.
SLACK = 1e-3

IN_UNIT_RANGE = (
    "holds floats, so they must lie in [0, 1]; divide by their maximum (255, say), take "
    "(x + 1) / 2 of -1 to 1, or pass uint8"
)
INDICES = (
    "whole numbers, one per image, -1 where there is no label. Convert floats with "
    "`.astype('int64')`, and names with `np.unique(..., return_inverse=True)`"
)
NOT_ONE_HOT = (
    "one class number per image. Take them from one-hot rows with `.argmax(axis=1)`, and from "
    "shares of several classes (mixup, say) not at all: those are not supported"
)


def as_array(values: Any, name: str) -> np.ndarray:
    """An array of whatever NumPy makes one of.

    Raises:
        DataError: If it makes none, of lists of unequal lengths, say.
    """
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(
            f"{name} must be an array, or nested lists of equal lengths that NumPy makes one of. "
            f"Received: {type(values).__name__} ({first_line(error)})"
        ) from error


def check_pixels(images: np.ndarray, name: str) -> None:
    """Refuse floats outside [0, 1]; warn of what is almost black, a wrong scale. Empty arrays pass.

    Args:
        images: Any shape.
        name: What the images are called, for the message.

    Raises:
        DataError: If there are such, or NaN.
    """
    if not images.size:
        return
    if images.dtype == np.uint8:
        if images.max() == 1:
            log.warning(
                "%s holds bytes of 0 and 1 alone, which are black and almost black: multiply "
                "black-and-white images by 255.",
                name,
            )
    elif images.dtype.kind == "f":
        low, high = images.min(), images.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise DataError(f"{name} must be finite. Received: NaN or infinite pixels")
        if low < -SLACK or high > 1 + SLACK:
            raise DataError(f"{name} {IN_UNIT_RANGE}. Received: values from {low} to {high}")
        if 0 < high <= 1.5 / 255:
            log.warning(
                "%s holds floats up to %.2g alone, almost black. If they were divided by 255 "
                "twice, divide once.",
                name,
                high,
            )


def class_numbers(labels: np.ndarray, count: int, name: str) -> np.ndarray:
    """Labels as int64 of shape (count,), of every form that says a class number for each image.

    Args:
        labels: Whole numbers from 0, -1 where there is no label; shape (count,) or (count, 1).
        count: Of images.
        name: What the labels are called, for the message.

    Raises:
        DataError: If they have another form, or are below -1.
    """
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise DataError(f"{name} must hold {NOT_ONE_HOT}. Received: shape {labels.shape}")
    if labels.ndim == 1 and len(labels) != count:
        raise DataError(
            f"{name} must hold one class number per image, {count} of them, -1 where there is no "
            f"label. Received: {len(labels)}"
        )
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise DataError(f"{name} must be {INDICES}. Received: shape {labels.shape}, {labels.dtype}")
    labels = labels.astype("int64")
    if labels.min(initial=0) < -1:
        raise DataError(
            f"{name} must be class numbers from 0, or -1 for no label. Received: {labels.min()}"
        )
    return labels
