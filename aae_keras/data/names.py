"""Which names classes and images may have, and which of them are the same or look the same.

One rule for class folders, `class_names`, tables of labels and the page on which images are
labelled: what one of them takes, the others take too.
"""

import unicodedata
from collections.abc import Iterable, Sequence

from aae_keras.errors import DataError

# What breaks a line or a terminal: control characters, lone surrogates, ends of lines.
_BREAKING = ("Cc", "Cs", "Zl", "Zp")
# What is not seen: joiners, marks of direction and of the order of bytes.
_UNSEEN = "Cf"


def spelled(name: str) -> str:
    """A name in the one spelling that has an accent and its letter in one character."""
    return unicodedata.normalize("NFC", name)


def plain(name: str) -> str:
    """A name as tables have it: `spelled`, without spaces around it."""
    return spelled(name.strip())


def fits_a_line(name: str) -> bool:
    """Whether a line of a table, or of a terminal, can hold a name."""
    return not any(unicodedata.category(letter) in _BREAKING for letter in name)


def looks(name: str) -> str:
    """What names have in common that a reader would take for one: letters, their case aside."""
    seen = "".join(letter for letter in name if unicodedata.category(letter) != _UNSEEN)
    return plain(seen.casefold())


def check_classes(class_names: Sequence[str]) -> None:
    """Refuse names that cannot be written into a table, or of which two are the same.

    Raises:
        DataError: If a name is empty, would break a line, or is another's but for spaces around it
            or the spelling of accents.
    """
    found: dict[str, str] = {}
    for name in class_names:
        if not fits_a_line(name):
            raise DataError(
                f"The name of the class {name!r} has a line break, a control character or a lone "
                "surrogate in it. Rename its folder, or its entry among the class names."
            )
        if not plain(name):
            raise DataError(f"The name of a class must not be empty. Received: {name!r}")
        if plain(name) in found:
            raise DataError(
                f"Two classes have the same name, {found[plain(name)]!r} and {name!r}: spaces "
                "around a name and the spelling of accents make no other class. Rename one of them."
            )
        found[plain(name)] = name


class Classes:
    """The names of the classes that there are, to which others may be added.

    Attributes:
        names: `plain` ones, in order; those that were added come last.

    Args:
        class_names: Those of the data, see `check_classes`.
    """

    def __init__(self, class_names: Iterable[str]):
        self.names = list(map(plain, class_names))
        self._known = set(self.names)
        self._by_looks = {looks(name): name for name in self.names}

    def add(self, name: str, where: str) -> None:
        """Add a class, unless it is there.

        Args:
            name: As `plain` has it.
            where: Begins the message.

        Raises:
            DataError: If a reader would take its name for that of another class.
        """
        if name in self._known:
            return
        other = self._by_looks.setdefault(looks(name), name)
        if other != name:
            raise DataError(
                f"{where}: {name!r} differs from the class {other!r} in small and capital letters, "
                "or in letters that are not seen, alone. Write both alike."
            )
        self.names.append(name)
        self._known.add(name)
