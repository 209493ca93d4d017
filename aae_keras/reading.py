"""How an image file becomes pixels: what training, prediction and a server must do alike.

It imports nothing heavy, so that flags and edge devices can use it.
"""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

FITS = ("stretch", "pad", "crop")
BACKGROUND = "white"
EACH_IMAGE = "each"
MAX_SIDE = 10_000  # pixels: a hundred million of them are an image that no network here takes

Size = tuple[Any, Any]


@dataclasses.dataclass(frozen=True)
class Reading:
    """The choices in reading an image file; a run states them and its exports keep them.

    Attributes:
        fit: How an image of other proportions fills a size: `stretch` changes them, `pad` leaves a
            margin in the background's colour, `crop` cuts off what is beyond the middle.
        background: What transparent images are laid over: a colour's name, or `#rrggbb`.
        pixel_range: What becomes black and white in images of more than 8 bits a channel: two
            numbers `LOW,HIGH`, or `each` for the least and largest of each image; "" refuses them.

    Raises:
        ValueError: If one of them is none of these.
    """

    fit: str = "stretch"
    background: str = BACKGROUND
    pixel_range: str = ""

    def __post_init__(self):
        if self.fit not in FITS:
            raise ValueError(f"`fit` must be one of {', '.join(FITS)}. Received: fit={self.fit!r}")
        if self.background != BACKGROUND:  # the default needs no Pillow
            _ = self.colour
        if self.pixel_range not in ("", EACH_IMAGE):
            _ = self.limits

    @functools.cached_property
    def colour(self) -> tuple[int, ...]:
        """Red, green and blue of the background, 0 to 255."""
        from PIL import ImageColor

        colour: tuple[int, ...] = ()
        with contextlib.suppress(ValueError):
            colour = ImageColor.getrgb(self.background)
        if len(colour) != 3:
            raise ValueError(
                "`background` must be a colour, such as white, black or #80ff00. "
                f"Received: background={self.background!r}"
            )
        return colour

    @functools.cached_property
    def limits(self) -> tuple[float, float]:
        """The two numbers of `pixel_range`."""
        try:
            low, high = (float(limit) for limit in self.pixel_range.split(","))
        except ValueError:
            low = high = math.nan
        if not (low < high and math.isfinite(high - low)):
            raise ValueError(
                "`pixel_range` must be two numbers LOW,HIGH, such as 0,65535, or `each`. "
                f"Received: pixel_range={self.pixel_range!r}"
            )
        return low, high


def size_of(image_size: int | Sequence[int]) -> tuple[int, int] | None:
    """The size that `image_size` names: 28 is (28, 28); 0 or nothing is None, as images are.

    Raises:
        TypeError: If it holds anything but whole numbers.
        ValueError: If it holds more than two, or one below 1 or above `MAX_SIDE`.
    """
    sides = tuple(image_size) if isinstance(image_size, list | tuple) else (image_size,)
    if any(type(side) is not int for side in sides):
        raise TypeError(f"`image_size` must be whole numbers. Received: image_size={image_size!r}")
    if sides in ((), (0,)):
        return None
    if len(sides) > 2 or min(sides) < 1:
        raise ValueError(
            "`image_size` must be a height and a width in pixels, H,W, or one number for both. "
            f"Received: image_size={image_size!r}"
        )
    if max(sides) > MAX_SIDE:
        raise ValueError(
            f"`image_size` must be at most {MAX_SIDE} pixels a side; 28 to 512 are usual. "
            f"Received: image_size={image_size!r}"
        )
    return sides[0], sides[-1]


def placement(
    old: Size,
    new: tuple[int, int],
    fit: str,
    least: Callable[[Any, Any], Any] = min,
    most: Callable[[Any, Any], Any] = max,
) -> tuple[Size, Size]:
    """How an image fills another size, in whole numbers, so that a server's graph has the same.

    Args:
        old, new: (height, width) in pixels; `old` may be two int64 tensors.
        fit: One of `FITS`.
        least, most: `min` and `max`, or the functions that tensors have in their place.

    Returns:
        (height, width) of the part in the image's middle that is kept, and what that is resized to,
        to stand in the middle of the new size.
    """
    if fit == "stretch":
        return old, new
    # A side of one in the proportions of the other. They fit each other in one direction at most.
    (height, width), (new_height, new_width) = old, new
    if fit == "crop":
        part = (
            most(least(_rounded(width * new_height, new_width), height), 1),
            most(least(_rounded(height * new_width, new_height), width), 1),
        )
        return part, new
    scaled = (
        most(least(_rounded(height * new_width, width), new_height), 1),
        most(least(_rounded(width * new_height, height), new_width), 1),
    )
    return old, scaled


def _rounded(dividend, divisor):
    """A quotient of whole numbers, rounded to the nearest."""
    return (2 * dividend + divisor) // (2 * divisor)
