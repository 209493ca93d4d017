"""What pictures share: colours that colour-blind readers tell apart too, and markers."""

# Blue, orange, green, purple, yellow, sky, crimson, brown, pink, pale green. Found by a search for
# ten colours far from each other, from white and from the grey of no label, for readers with
# normal, red-blind and green-blind sight; the test of the least distance has the measure.
COLOURS = (
    "#2E56E9", "#E15E0C", "#076B4B", "#76166D", "#FFB116",
    "#0D9EFB", "#D90D5A", "#7A2602", "#E6A3C3", "#93C393",
)  # fmt: skip
NO_LABEL = "#808080"
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*", "<", ">")


def marks(count: int) -> list[tuple[str, str]]:
    """Pairs of a colour and a marker, `count` of them; up to 100 they are all different.

    The first ten differ in colour, and each further ten have the next marker.
    """
    pairs = [(colour, marker) for marker in MARKERS for colour in COLOURS]
    return [pairs[rank % len(pairs)] for rank in range(count)]
