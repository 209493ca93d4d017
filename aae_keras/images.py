"""Images between disk and network: reading, resizing and the one scaling of pixels.

Needs NumPy and Pillow alone, so that prediction on an edge device can use it.
"""

import pathlib
import typing

import numpy as np
from PIL import Image, UnidentifiedImageError

from aae_keras.errors import UserError

if typing.TYPE_CHECKING:
    import tensorflow as tf

Pixels = typing.TypeVar("Pixels", np.ndarray, "tf.Tensor")

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")

MAX_PIXEL = 255.0


class ImageError(UserError):
    """A file that holds no readable image; the message names it."""


def to_unit_range(images: Pixels) -> Pixels:
    """Pixels as float32 in [0, 1]: uint8 is divided by 255, floats are in it already.

    Args:
        images: NumPy array or TensorFlow tensor, uint8 in [0, 255] or float in [0, 1].

    Returns:
        The same kind of object, float32, of the same shape.

    Raises:
        TypeError: If they are whole numbers of another type, whose range nobody knows.
    """
    kind = str(getattr(images.dtype, "name", images.dtype))
    if "int" in kind and kind != "uint8":
        raise TypeError(
            "Images must be uint8, or float in [0, 1]. Convert them with `.astype('uint8')` if "
            f"they are 0 to 255. Received: {kind}"
        )
    if isinstance(images, np.ndarray):
        scaled = images.astype("float32")
    else:
        from keras import ops  # tensors come from a process that has Keras loaded

        scaled = ops.cast(images, "float32")
    return scaled / MAX_PIXEL if kind == "uint8" else scaled


def read_image(
    source: pathlib.Path | str | typing.BinaryIO,
    channels: int,
    size: tuple[int, int] | None = None,
) -> np.ndarray:
    """Decode one image file, in one colour mode and one size.

    Args:
        source: Path of the file, or a binary file object.
        channels: 1 for grey, 3 for RGB.
        size: (height, width) in pixels to resize to, bilinear with antialiasing; None keeps it.

    Returns:
        uint8 array of shape (height, width, channels).

    Raises:
        ImageError: If the file is missing, truncated or no image.
    """
    try:
        with Image.open(source) as file:
            if file.mode.startswith(("I", "F")):
                raise ImageError(
                    f"{source}: pixels must have 8 bits. Convert the file to 8 bits a channel. "
                    f"Received: mode {file.mode!r}"
                )
            picture = file.convert({1: "L", 3: "RGB"}[channels])
    except FileNotFoundError as error:
        raise ImageError(f"{source}: there is no such file.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{source}: not a readable image ({error}).") from error
    pixels = np.asarray(picture, dtype="uint8").reshape(*picture.size[::-1], channels)
    return pixels if size is None else resize(pixels, size)


def resize(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize one uint8 image (height, width, channels) to `size` = (height, width) pixels.

    Bilinear with antialiasing: the only resizing of this project.
    """
    if pixels.shape[:2] == tuple(size):
        return pixels
    channels = pixels.shape[2]
    picture = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(picture).reshape(*size, channels)
