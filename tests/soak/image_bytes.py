"""Image files with bytes changed, cut and put in: pixels in range, or a message with the name."""

import io

import numpy as np

from aae_keras.images import ImageError, read_picture
from aae_keras.reading import Reading
from tests.data import kinds

NAME = "the file.png"


class Named(io.BytesIO):
    """Bytes that a message can name."""

    def __str__(self):
        return NAME


_FILES = []


def case(random):
    """Bytes, and how to read them."""
    if not _FILES:
        made = [make() for make in {**kinds.READABLE, **kinds.DEEP}.values()]
        _FILES.extend(content for content in made if len(content) < 20_000)
    content = bytearray(random.choice(_FILES))
    for _ in range(random.randrange(4)):
        place = random.randrange(min(len(content), random.choice([32, 200, 20_000])) or 1)
        kind = random.randrange(4)
        if kind == 0:
            content[place] ^= 1 << random.randrange(8)
        elif kind == 1:
            content[place : place + 1] = bytes([random.choice([0, 1, 127, 128, 255])])
        elif kind == 2:
            del content[place:]
        else:
            content[place:place] = bytes(random.randrange(256) for _ in range(4))
        content = content or bytearray(b"\0")
    size = random.choice([None, (7, 5)])
    fit = random.choice(["stretch", "pad", "crop"])
    pixel_range = random.choice(["", "each", "0,65535"])
    return bytes(content), random.choice([None, 1, 3]), size, Reading(fit, "white", pixel_range)


def check(case):
    """What came of it: `image` or `message`."""
    content, channels, size, reading = case
    try:
        pixels = read_picture(Named(content), channels, size, reading).pixels
    except ImageError as error:
        assert str(error).startswith(f"{NAME}: ") and len(str(error).splitlines()) == 1
        return "message"
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.size
    assert pixels.shape[2] in ((1, 3) if channels is None else (channels,))
    assert size is None or pixels.shape[:2] == size
    return "image"
