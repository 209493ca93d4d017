"""How a drawing must look to be like the data: measured on images of lines on a plain ground."""

import numpy as np

from aae_keras.images import to_unit_range
from aae_keras.report.contents import Sketch

# A ground is plain where the corners differ from their median by less than this on average: a
# drawing that fills the image may touch its borders.
PLAIN = 0.1
# Share of the largest contrast from which on a pixel counts as ink.
INK = 0.3
# Below so many pixels a side nobody can draw.
LEAST_SIDE = 5


def sketch_of(images: np.ndarray) -> tuple[Sketch | None, str]:
    """Measure what a drawing must be like.

    Args:
        images: uint8, shape (n, height, width, channels); n may be 0.

    Returns:
        A `Sketch` and ""; or None and the reason why a drawing makes no sense.
    """
    if not len(images):
        return None, "There are no held-out images to measure a drawing by."
    if images.shape[3] != 1:
        return None, "Drawing is for grey images; these are in colour."
    if min(images.shape[1:3]) < LEAST_SIDE:
        return None, f"Images of {images.shape[1]}x{images.shape[2]} pixels cannot be drawn."
    grey = to_unit_range(images)[..., 0].astype("float64")
    corners = grey[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    background = float(np.median(corners))
    if np.abs(corners - background).mean() > PLAIN:
        return None, "Drawing is for images on a plain ground, which these have not."
    contrast = np.abs(grey - background)
    strength = float(np.quantile(contrast.max(axis=(1, 2)), 0.5))
    drawn = contrast > INK * strength
    drawn = drawn[drawn.any(axis=(1, 2))]
    if not len(drawn):
        return None, "Nothing is drawn on these images."
    lighter = (grey - background).sum() > 0
    boxes, masses = _boxes(drawn), _centres_of_mass(drawn)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    by_mass = bool(masses.std(axis=0).sum() < middles.std(axis=0).sum())
    centre = (masses if by_mass else middles).mean(axis=0)
    stroke = float(np.median(_stroke_widths(drawn)))
    extent = float(np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))
    return Sketch(
        background=background,
        ink=float(np.clip(background + (strength if lighter else -strength), 0, 1)),
        stroke=stroke,
        extent=max(extent - stroke, 1.0),
        by_mass=by_mass,
        centre=(float(centre[0]), float(centre[1])),
    ), ""


def _boxes(drawn):
    """(left, top, right, bottom) of what is drawn, shape (n, 4)."""
    across, down = drawn.any(axis=1), drawn.any(axis=2)
    first = [side.argmax(axis=1) for side in (across, down)]
    last = [side.shape[1] - side[:, ::-1].argmax(axis=1) for side in (across, down)]
    return np.stack([*first, *last], axis=1).astype("float64")


def _centres_of_mass(drawn):
    """(x, y) of the mean pixel, shape (n, 2)."""
    weight = drawn.sum(axis=(1, 2))
    x = (drawn.sum(axis=1) * (np.arange(drawn.shape[2]) + 0.5)).sum(axis=1) / weight
    y = (drawn.sum(axis=2) * (np.arange(drawn.shape[1]) + 0.5)).sum(axis=1) / weight
    return np.stack([x, y], axis=1)


def _stroke_widths(drawn):
    """Twice the area over the perimeter, which for a line is its width.

    The steps of a grid are longer than what they follow: by 4 / pi, on average over directions.
    """
    framed = np.pad(drawn, ((0, 0), (1, 1), (1, 1))).astype(int)
    steps = np.abs(np.diff(framed, axis=1)).sum(axis=(1, 2))
    steps += np.abs(np.diff(framed, axis=2)).sum(axis=(1, 2))
    return 2 * drawn.sum(axis=(1, 2)) / (steps * np.pi / 4)
