"""What readers say of files once they have read many: a line for each kind, a count, a name."""

from collections.abc import Iterable
from typing import Any

# By the names that `images.Picture` has for them: what was assumed, and how to choose otherwise.
REMARKS = {
    "several": "Of several pages or frames the first was read",
    "transparent": "Transparent, laid over the background (in training: --background)",
    "blank": "Transparent, and of one colour over this background (in training: --background)",
    "stretched": "Changed in proportions (in training, --fit=crop or --fit=pad keeps them)",
    "grey": "Grey, read as colour (in training: --channels)",
    "coloured": "Coloured, read as grey (in training: --channels)",
    "deep": "Of 16 bits a colour the higher 8 were read (--pixel_range is for grey)",
}


class Remarks:
    """Counts what is to be said of files, and remembers the first file of each kind."""

    def __init__(self):
        self._counts = {}
        self._first = {}

    def add(self, file: Any, kinds: Iterable[str], count: int = 1) -> None:
        """Count a file, or several of which it is one, for some kinds: keys of `REMARKS`."""
        for kind in kinds:
            self._counts[kind] = self._counts.get(kind, 0) + count
            self._first.setdefault(kind, file)

    def add_all(self, remarks: Iterable[tuple[Any, Iterable[str]]]) -> None:
        """Count several files: pairs of a file and its kinds."""
        for file, kinds in remarks:
            self.add(file, kinds)

    def lines(self) -> list[str]:
        """A line for each kind that there was."""
        return [
            f"{REMARKS[kind]}: {count_of(self._counts[kind], 'image')}, such as {self._first[kind]}"
            for kind in REMARKS
            if kind in self._counts
        ]


def count_of(count: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")
