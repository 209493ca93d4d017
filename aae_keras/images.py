"""Images between disk and network: the one scaling of pixels, files read and images resized.

Needs NumPy and Pillow alone, so that prediction on an edge device can use it.
"""

import dataclasses
import io
import typing

import numpy as np
from PIL import Image

from aae_keras import pictures
from aae_keras.pictures import File, ImageError
from aae_keras.reading import Reading, placement

if typing.TYPE_CHECKING:
    import tensorflow as tf

Pixels = typing.TypeVar("Pixels", np.ndarray, "tf.Tensor")

# What Pillow reads of what people have, in lower case; HEIC by a package of its own.
EXTENSIONS = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".webp", ".avif"),
    *(".bmp", ".dib", ".tif", ".tiff", ".jp2", ".j2k", ".jpx", ".heic", ".heif", ".hif"),
    *(".pgm", ".ppm", ".pbm", ".pnm", ".pfm", ".tga", ".pcx", ".qoi", ".ico"),
)
MODES = {1: "L", 3: "RGB"}
# How a PNG begins and ends; the bits and the kind of one of 8-bit grey, and of colour.
PNG_HEAD, PNG_END = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"IEND\xaeB`\x82"
PNG_KINDS = {1: b"\x08\0", 3: b"\x08\2"}
MAX_PIXEL = pictures.MAX_PIXEL


@dataclasses.dataclass(frozen=True)
class Picture:
    """What was read from an image file.

    Attributes:
        pixels: uint8, shape (height, width, channels).
        remarks: What was assumed in reading it: some keys of `remarks.REMARKS`.
    """

    pixels: np.ndarray
    remarks: tuple[str, ...]


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
    source: File,
    channels: int,
    size: tuple[int, int] | None = None,
    reading: Reading | None = None,
) -> np.ndarray:
    """Decode one image file, in one colour mode and one size.

    It is turned upright as its EXIF data says. Of several pages or frames the first is read.

    Args:
        source: Path of the file, or a binary file object.
        channels: 1 for grey, 3 for RGB.
        size: (height, width) in pixels to resize to, bilinear with antialiasing; None keeps it.
        reading: How transparency, proportions and deep pixels are treated; None: the defaults.

    Returns:
        uint8 array of shape (height, width, channels).

    Raises:
        ImageError: If the file is missing, truncated or no image.
    """
    return read_picture(source, channels, size, reading).pixels


def read_picture(
    source: File,
    channels: int | None = None,
    size: tuple[int, int] | None = None,
    reading: Reading | None = None,
) -> Picture:
    """As `read_image`, with what was assumed; for `channels=None` in its own colours."""
    reading = reading or Reading()
    found = {}
    with pictures.opened(source) as file:
        found["several"] = file.format != "MPO" and getattr(file, "is_animated", False)
        found["deep"] = pictures.is_deep_colour(file)
        is_grey = pictures.is_deep_grey_with_opacity(file)
        picture = pictures.upright(pictures.in_bytes(file, reading))
        own = 1 if is_grey else _channels(picture)
        found["grey"] = own == 1 and channels == 3
        found["coloured"] = own == 3 and channels == 1
        picture, found["transparent"] = pictures.laid_over(picture, reading.colour)
        if found["transparent"] and len(set(reading.colour)) > 1:
            own = 3
        picture = picture.convert(MODES[channels or own])
        found["blank"] = found["transparent"] and _is_blank(picture)
        if size is not None:
            found["stretched"] = reading.fit == "stretch" and _changes(picture, size)
            picture = pictures.fitted(picture, size, reading)
    pixels = np.asarray(picture, dtype="uint8").reshape(*picture.size[::-1], channels or own)
    return Picture(pixels, tuple(name for name, holds in found.items() if holds))


def is_image(source: File) -> bool:
    """Whether a file begins as one of an image does."""
    try:
        with pictures.opened(source):
            return True
    except ImageError:
        return False


def is_bare_png(content: bytes, channels: int) -> bool:
    """Whether an encoded image is a PNG of 8 bits that holds nothing but its pixels.

    There are no opacity, no EXIF data and no text in it, so that any decoder reads it alike.

    Args:
        content: The encoded image.
        channels: 1 if it is to be grey, 3 if it is to be in colour.
    """
    place = 33  # behind the header
    while content[place + 4 : place + 8] == b"IDAT":
        place += 12 + int.from_bytes(content[place : place + 4], "big")
    is_plain = content.startswith(PNG_HEAD) and content[24:26] == PNG_KINDS[channels]
    return is_plain and content[place + 4 :] == PNG_END


def plain_png(source: File) -> bytes:
    """An image file as the content of a PNG that any decoder reads alike.

    It is upright and has 8 bits a channel; what is transparent stays so.

    Raises:
        ImageError: As of `read_image`; also for grey of more than 8 bits, which a decoder that has
            a `pixel_range` would read otherwise.
    """
    content = io.BytesIO()
    with pictures.opened(source) as file:
        if file.mode.startswith(pictures.DEEP_MODES) or pictures.is_deep_grey_with_opacity(file):
            raise ValueError(
                "its grey has more than 8 bits, and a server does not say which values are black "
                "and white to it. Convert the file to 8 bits, or predict with --model"
            )
        picture = pictures.upright(pictures.in_bytes(file, Reading()))
        mode = "RGBA" if picture.has_transparency_data else MODES[_channels(picture)]
        picture = picture.convert(mode)
        picture.info.clear()  # or its EXIF data would turn it again
        picture.save(content, "PNG")
    return content.getvalue()


def resize(pixels: np.ndarray, size: tuple[int, int], reading: Reading | None = None) -> np.ndarray:
    """Bring one uint8 image (height, width, channels) to `size` = (height, width) pixels.

    Bilinear with antialiasing: the only resizing of this project.
    """
    return adapt(pixels, pixels.shape[2], size, reading)


def adapt(
    pixels: np.ndarray,
    channels: int,
    size: tuple[int, int] | None = None,
    reading: Reading | None = None,
) -> np.ndarray:
    """One uint8 image in other colours and another size.

    Args:
        pixels: The image, shape (height, width, 1, 3 or 4); four channels end in opacity.
        channels, size, reading: See `read_image`.
    """
    same_size = size is None or pixels.shape[:2] == tuple(size)
    if same_size and pixels.shape[2] == channels:
        return pixels
    reading = reading or Reading()
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    picture, _ = pictures.laid_over(picture, reading.colour)
    picture = picture.convert(MODES[channels])
    if size is not None:
        picture = pictures.fitted(picture, size, reading)
    return np.asarray(picture).reshape(*picture.size[::-1], channels)


def _channels(picture):
    return 1 if picture.mode in ("1", "L", "LA", "La") else 3


def _is_blank(picture):
    extrema = picture.getextrema()
    return all(low == high for low, high in ((extrema,) if picture.mode == "L" else extrema))


def _changes(picture, size):
    """Whether a size has other proportions, by more than a pixel's rounding."""
    (height, width), _ = placement(picture.size[::-1], size, "crop")
    return picture.width - width > 1 or picture.height - height > 1
