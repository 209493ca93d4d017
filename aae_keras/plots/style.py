"""What pictures share: colours that colour-blind readers tell apart too, markers, and names."""

from collections.abc import Sequence

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
    axis.set_ticks(places, list(names[::step]), parse_math=False, fontsize=fontsize)
    if step > 1:
        axis.set_label_text(f"{axis.get_label_text()} (one name in {step})".strip())
