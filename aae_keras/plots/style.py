"""What pictures share: colours that colour-blind readers tell apart too, markers, and names."""

import contextlib
import functools
import warnings
from collections.abc import Iterator, Sequence

from matplotlib import font_manager
from matplotlib.axis import Axis

# Blue, orange, green, purple, yellow, sky, crimson, brown, pink, pale green. Found by a search for
# ten colours far from each other, from white and from the grey of no label, for readers with
# normal, red-blind and green-blind sight; the test of the least distance has the measure.
COLOURS = (
    "#2E56E9", "#E15E0C", "#076B4B", "#76166D", "#FFB116",
    "#0D9EFB", "#D90D5A", "#7A2602", "#E6A3C3", "#93C393",
)  # fmt: skip
NO_LABEL = "#808080"
# Names along an axis at most, and rows or columns of images: thousands would make a picture that
# nobody can open.
MOST = 60
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*", "<", ">")


# What has the letters that matplotlib's own font lacks, where it is installed: Chinese, Japanese,
# Korean, then all else.
_OTHER_SCRIPTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Micro Hei"),
    *("PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei", "Malgun Gothic"),
    *("Droid Sans Fallback", "IPAGothic", "NanumGothic", "Unifont", "Arial Unicode MS"),
    *("Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Thai", "Noto Sans Tamil", "FreeSans"),
)


@functools.cache
def families() -> list[str]:
    """The font families that names are written in: matplotlib's own, then what lends it letters."""
    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in installed)]


def unwritable(names: Sequence[str]) -> list[str]:
    """The names with a letter that none of the `families` has: pictures show a box in its place."""
    fonts = [font_manager.get_font(font_manager.findfont(name)) for name in families()]

    def is_written(letter: str) -> bool:
        return any(font.get_char_index(ord(letter)) for font in fonts)

    return [name for name in names if not all(map(is_written, name))]


@contextlib.contextmanager
def with_boxes() -> Iterator[None]:
    """Around the drawing of names, without matplotlib's warning of each letter that it lacks."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def marks(count: int) -> list[tuple[str, str]]:
    """Pairs of a colour and a marker, `count` of them; up to 100 they are all different.

    The first ten differ in colour, and each further ten have the next marker.
    """
    pairs = [(colour, marker) for marker in MARKERS for colour in COLOURS]
    return [pairs[rank % len(pairs)] for rank in range(count)]


def write_names(
    axis: Axis, names: Sequence[str], offset: float = 0.0, fontsize: float = 10
) -> None:
    """Write names along an axis, letter by letter: `$` begins no formula.

    Args:
        axis: Axis that has its label already.
        names: One string for each of the places 0, 1, ... Of more than `MOST` one in so many is
            written, and the axis says so.
        offset: What is added to the places.
        fontsize: In points.
    """
    step = max(-(-len(names) // MOST), 1)
    places = [place + offset for place in range(0, len(names), step)]
    axis.set_ticks(
        places,
        list(names[::step]),
        parse_math=False,
        fontsize=fontsize,
        fontfamily=families(),
    )
    if step > 1:
        axis.set_label_text(f"{axis.get_label_text()} (one name in {step})".strip())
