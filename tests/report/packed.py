"""Reading back what a page holds."""

import base64
import gzip
import io

import numpy as np
from PIL import Image


def unpack(array):
    """The numbers of an `Array`."""
    content = gzip.decompress(base64.b64decode(array.data))
    return np.frombuffer(content, np.dtype(array.dtype).newbyteorder("<")).reshape(array.shape)


def cut(sprite):
    """The pictures of a `Sprite`, uint8, shape (count, height, width, 3)."""
    content = base64.b64decode(sprite.source.partition(",")[2])
    sheet = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    pictures = []
    for rank in range(sprite.count):
        row, column = divmod(rank, sprite.columns)
        top, left = row * sprite.height, column * sprite.width
        pictures.append(sheet[top : top + sprite.height, left : left + sprite.width])
    return np.stack(pictures)
