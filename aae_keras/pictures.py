"""One image file in Pillow's hands: opened, made bytes, upright, opaque, brought to a size."""

import contextlib
import os
import pathlib
import re
import stat
import typing
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image

from aae_keras.errors import UserError, first_line
from aae_keras.extras import how_to_install
from aae_keras.reading import EACH_IMAGE, Reading, placement

File = pathlib.Path | str | typing.BinaryIO

MAX_PIXEL = 255.0
DEEP_MODES = ("I", "F")  # whole numbers and floats

ORIENTATION = 0x0112  # the tag of EXIF
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0  # that of TIFF
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# How much the values of grey with 2 and 4 bits grow when Pillow makes them bytes.
SMALL_GREY = {"L;2": 85, "L;4": 17}

# Pillow warns of what it assumes without naming the file. The filter stays: files are read by many
# threads, in which `catch_warnings` would leave the filters of one to the others.
QUIET = ("ignore", None, Warning, re.compile(r"PIL\b|pillow_heif\b"), 0)

_JPEG2000_BITS = 38  # where the first channel's bits stand behind the marker of the sizes


class ImageError(UserError):
    """A file that holds no readable image; the message names it."""


def check_regular(path: pathlib.Path | str) -> None:
    """Refuse what would be waited for, or read for ever: pipes, devices, sockets.

    Raises:
        ImageError: If there is such a thing at the path, or nothing, or a folder.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        raise ImageError(f"{path}: there is no such file.") from error
    except (OSError, ValueError) as error:  # a name with a NUL in it, say
        raise ImageError(f"{path}: not a readable image ({first_line(error)}).") from error
    if stat.S_ISDIR(mode):
        raise ImageError(f"{path}: a folder, where an image file was expected.")
    if not stat.S_ISREG(mode):
        raise ImageError(f"{path}: a pipe, a device or a socket. Save the image as a file first.")


@contextlib.contextmanager
def opened(source: File) -> Iterator[Image.Image]:
    """A file as Pillow's image; whatever fails while it is used is an `ImageError`."""
    if isinstance(source, str | pathlib.Path):
        check_regular(source)
    if warnings.filters[:1] != [QUIET]:
        warnings.filterwarnings("ignore", module=QUIET[3].pattern)
    try:
        with _open(source) as file:
            yield file
    except ImageError:
        raise
    except Exception as error:  # of a dozen kinds: Pillow's readers are as many as its formats
        raise ImageError(f"{source}: not a readable image ({_reason(source, error)}).") from error


def _open(source):
    with contextlib.suppress(ImportError):
        if _is_heic(source):
            import pillow_heif

            pillow_heif.register_heif_opener()
    return Image.open(source)


def _is_heic(source):
    head = _head(source)
    return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1")


def _head(source):
    """The first bytes of a file; none where it cannot be read, of which Pillow will complain."""
    if isinstance(source, str | pathlib.Path):
        with contextlib.suppress(OSError), open(source, "rb") as file:
            return file.read(12)
        return b""
    source.seek(0)
    head = source.read(12)
    source.seek(0)
    return head


def _reason(source, error):
    """What is wrong with a file, in a few words."""
    if isinstance(error, Image.UnidentifiedImageError):
        if _is_heic(source):
            return f"HEIC needs a package of its own: {how_to_install('heic')}"
        return "of no known format" if _head(source) else "the file is empty"
    return first_line(error)


def in_bytes(file: Image.Image, reading: Reading) -> Image.Image:
    """The image with 8 bits a channel; deep grey only within a stated range.

    Raises:
        ValueError: If no range is stated, or pixels are not finite.
    """
    key = file.info.get("transparency")
    if isinstance(key, int) and (factor := SMALL_GREY.get(_raw_mode(file))):
        file.info["transparency"] = key * factor  # Pillow leaves it as it stands in the file
    is_deep = file.mode.startswith(DEEP_MODES)
    if isinstance(key, int | tuple) and (is_deep or is_deep_colour(file)):
        raise ValueError("16 bits a channel, and one colour that is transparent")
    if reading.pixel_range and is_deep_grey_with_opacity(file):
        raise ValueError("--pixel_range is for 16 bits of grey without opacity. Save it without")
    if not is_deep:
        return file
    values = _values(file)
    if not reading.pixel_range:
        raise ValueError(
            "pixels must have 8 bits. Convert the file to 8 bits a channel, or train with "
            "--pixel_range=LOW,HIGH, the values that are to be black and white. "
            f"Received: mode {file.mode!r}, values from {values.min():.10g} to {values.max():.10g}"
        )
    if not np.isfinite(values).all():
        raise ValueError("NaN or infinite pixels")
    each = reading.pixel_range == EACH_IMAGE
    low, high = (values.min(), values.max()) if each else reading.limits
    share = (values - low) / ((high - low) or 1.0)
    scaled = Image.fromarray(np.rint(share.clip(0, 1) * MAX_PIXEL).astype("uint8"))
    scaled.getexif()[ORIENTATION] = _orientation(file) or 1
    return scaled


def _values(file):
    """Pixels of deep grey as they stand in the file, in float64.

    Pillow spreads the 10, 12 or 14 bits of PGM and JPEG 2000 over 16. Where white is 0 in a TIFF,
    it turns 8 bits round, and leaves 16 as they are.

    Raises:
        ValueError: If white is 0, and the values are floats, which have no largest one.
    """
    white = _white(file)  # before the file is decoded
    is_negative = file.format == "TIFF" and file.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO
    values = np.asarray(file, "float64")
    if is_negative and file.mode == "F":
        raise ValueError("floats, of which 0 is white. Save it so that black is less than white")
    if is_negative:
        return 2**16 - 1 - values
    if white is None:
        return values
    is_shifted = file.format == "JPEG2000"
    return np.rint(values * ((white + 1) / 2**16 if is_shifted else white / (2**16 - 1)))


def is_deep_colour(file: Image.Image) -> bool:
    """Whether an opened file has more than 8 bits a colour, of which Pillow reads 8."""
    is_deep = ";16" in _raw_mode(file) or (_white(file) or 0) > MAX_PIXEL
    return is_deep and not file.mode.startswith(DEEP_MODES)


def is_deep_grey_with_opacity(file: Image.Image) -> bool:
    """Whether an opened file is grey, though Pillow reads it as colour of 8 bits."""
    return _raw_mode(file).startswith("LA;16")


def _white(file):
    """The largest value that PNM and JPEG 2000 files say a pixel can have; None of others."""
    if not getattr(file, "tile", None):
        return None
    decoder, _, _, arguments = file.tile[0]
    if decoder.startswith("ppm") and isinstance(arguments, tuple):
        return arguments[1]
    if decoder == "jpeg2k":
        place = file.fp.tell()
        file.fp.seek(0)
        _, _, sizes = file.fp.read().partition(b"\xff\x4f\xff\x51")  # the codestream's beginning
        file.fp.seek(place)
        if len(sizes) > _JPEG2000_BITS:
            return 2 ** ((sizes[_JPEG2000_BITS] & 0x7F) + 1) - 1
    return None


def _raw_mode(file):
    """How a file that has not been decoded yet holds its pixels, in Pillow's words."""
    arguments = file.tile[0][3] if getattr(file, "tile", None) else ""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def upright(picture: Image.Image) -> Image.Image:
    """The image as it was held, by its EXIF data; damaged data says nothing.

    `ImageOps.exif_transpose` would write the rest of that data anew, which may fail.
    """
    picture.load()  # a PNG may have it at its end; a TIFF is turned by Pillow already
    orientation = _orientation(picture)
    return picture.transpose(TURNS[orientation]) if orientation in TURNS else picture


def _orientation(picture):
    try:
        return picture.getexif().get(ORIENTATION)
    except Exception:  # of any kind, as of Pillow's other readers; the image itself is whole
        return None


def laid_over(picture: Image.Image, colour: tuple[int, ...]) -> tuple[Image.Image, bool]:
    """An image over a background of one colour, and whether that shows."""
    if not picture.has_transparency_data:
        return picture, False
    picture = picture.convert("RGBA")
    alpha = picture.getchannel("A")
    below = Image.new("RGB", picture.size, colour)
    below.paste(picture, mask=alpha)
    return below, bool(np.asarray(alpha).min() < MAX_PIXEL)


def fitted(picture: Image.Image, size: tuple[int, int], reading: Reading) -> Image.Image:
    """The image in a size: a part of it scaled, in the middle of the background."""
    (height, width), scaled = placement(picture.size[::-1], size, reading.fit)
    if (height, width) != picture.size[::-1]:
        left, top = (picture.width - width) // 2, (picture.height - height) // 2
        picture = picture.crop((left, top, left + width, top + height))
    if (height, width) != scaled:
        picture = picture.resize(scaled[::-1], Image.Resampling.BILINEAR)
    if scaled == tuple(size):
        return picture
    colour = Image.new("RGB", (1, 1), reading.colour).convert(picture.mode).getpixel((0, 0))
    filled = Image.new(picture.mode, size[::-1], colour)
    filled.paste(picture, ((size[1] - scaled[1]) // 2, (size[0] - scaled[0]) // 2))
    return filled
