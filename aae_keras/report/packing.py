"""Arrays and pictures as text that a page can hold."""

import base64
import gzip
import io
import math

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from aae_keras.images import resize
from aae_keras.report.contents import Array, Sprite

# Longest side of a picture in the page: more is not seen, and takes room.
MOST_PIXELS = 48
# Of pictures in colour, which would take four times the room without loss.
QUALITY = 85


def pack(values: ArrayLike, dtype: str) -> Array:
    """Numbers as an `Array`.

    Args:
        values: Of any shape.
        dtype: One of those that `Array` names. Floats are rounded to it.

    Raises:
        ValueError: If whole numbers do not fit into it.
    """
    array = np.asarray(values)
    packed = np.ascontiguousarray(array, np.dtype(dtype).newbyteorder("<"))
    if np.issubdtype(packed.dtype, np.integer) and not np.array_equal(packed, array):
        raise ValueError(f"`values` must fit into {dtype}. Received: up to {array.max()}")
    text = base64.b64encode(gzip.compress(packed.tobytes(), mtime=0)).decode()
    return Array(dtype, tuple(packed.shape), text)


def sprite(images: np.ndarray) -> Sprite:
    """Images side by side in one file: PNG for grey ones, WebP for colours.

    Args:
        images: uint8, shape (n, height, width, channels), n at least 1; those with a side of more
            than `MOST_PIXELS` are made smaller.
    """
    small = np.stack([resize(image, _small(image.shape[:2])) for image in images])
    count, height, width, channels = small.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    # The last picture's shade fills the rest: an edge would not compress.
    filled = np.concatenate([small, np.repeat(small[-1:], rows * columns - count, axis=0)])
    grid = filled.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    sheet = grid.reshape(rows * height, columns * width, channels)
    file = io.BytesIO()
    if channels == 1:
        Image.fromarray(sheet[:, :, 0]).save(file, "png", optimize=True)
    else:
        Image.fromarray(sheet).save(file, "webp", quality=QUALITY)
    kind = "png" if channels == 1 else "webp"
    source = f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
    return Sprite(source, count, columns, width, height)


def _small(size):
    """(height, width) of a picture in the page."""
    factor = min(1.0, MOST_PIXELS / max(size))
    return tuple(max(1, round(side * factor)) for side in size)
