"""What readers say of files once they have read many: a line for each kind, a count, a name."""

from collections.abc import Iterable
from typing import Any

# By the names that `images.Picture` has for them: what was assumed, and how to choose otherwise.
REMARKS = {
    "several": "hold several pages or frames: the first of each was read",
    "transparent": "are transparent: laid over the background (--background)",
    "blank": "are transparent, and of one colour over this background: choose another --background",
    "stretched": "changed their proportions: --fit=crop or --fit=pad keeps them",
    "grey": "are grey: read as colour (--channels)",
    "coloured": "are coloured: read as grey (--channels)",
    "deep": "have 16 bits a colour: the higher 8 were read (--pixel_range is for grey)",
}


class Remarks:
    """Counts what is to be said of files, and remembers the first file of each kind."""

    def __init__(self):
        self._counts = {}
        self._first = {}

    def add(self, file: Any, kinds: Iterable[str]) -> None:
        """Count a file for some kinds: keys of `REMARKS`."""
        for kind in kinds:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._first.setdefault(kind, file)

    def lines(self) -> list[str]:
        """A line for each kind that there was."""
        return [
            f"{count_of(self._counts[kind], 'image')} {REMARKS[kind]}. "
            f"The first: {self._first[kind]}"
            for kind in REMARKS
            if kind in self._counts
        ]


def count_of(count: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")
