"""Tables of labels: a CSV with the columns `image` and `label`, or what Label Studio exports."""

import csv
import dataclasses
import io
import pathlib
import unicodedata
from collections.abc import Iterable, Iterator

from aae_keras.data import label_studio
from aae_keras.data.source import DataError

COLUMNS = ("image", "label")
EXPECTED = "a table with the columns image,label named in its first row"


@dataclasses.dataclass(frozen=True)
class Answer:
    """A row of a table.

    Attributes:
        where: The row, for messages: "labels.csv, row 3".
        image: Path of an image below the data's folder, with slashes; or a row number.
        label: Name of its class.
    """

    where: str
    image: str
    label: str


def read_table(path: pathlib.Path | str) -> list[Answer]:
    """The rows of a table of labels, in order.

    Args:
        path: A CSV file in UTF-8: row 1 names the columns, of which `image` and `label` are read;
            or a `.json` file that Label Studio exported.

    Raises:
        DataError: If it cannot be read; the message names file, row, column and remedy.
    """
    path = pathlib.Path(path).expanduser()
    text = _text(path)
    if path.suffix.lower() == ".json":
        return [Answer(f"{path}, {where}", *named) for where, *named in _tasks(path, text)]
    return [Answer(f"{path}, row {row}", *cells) for row, cells in _rows(path, text)]


def spelled(name: str) -> str:
    """A name in the one spelling that has an accent and its letter in one character."""
    return unicodedata.normalize("NFC", name)


def can_name(image: str) -> bool:
    """Whether a row of a table can name an image so: printable, and without spaces around it."""
    return bool(image) and image == image.strip() and image.isprintable()


def _text(path):
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read: {error.strerror}. Expected {EXPECTED}."
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, row {row}: not UTF-8. Save the table as CSV UTF-8.") from error


def _tasks(path, text):
    try:
        for where, image, label in label_studio.read_tasks(text):
            yield where, spelled(image), spelled(label)
    except ValueError as error:
        raise DataError(f"{path}, {error}") from error


def _rows(path, text) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each row that is not blank; the row of names is number 1."""
    rows = _cells(path, text)
    _, names = next(rows, (1, []))
    places = _places(path, names)
    for row, cells in rows:
        if len(cells) != len(names):
            raise DataError(
                f"{path}, row {row}: {len(cells)} cells, but row 1 names {len(names)} columns. "
                'Put quotes around a cell with a comma in it: "a,b.png"'
            )
        yield (
            row,
            [
                _checked(f"{path}, row {row}, column {column}", cells[place])
                for column, place in zip(COLUMNS, places, strict=True)
            ],
        )


def _cells(path, text):
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    row = 0
    try:
        for row, cells in enumerate(reader, 1):
            if cells:
                yield row, cells
    except csv.Error as error:
        raise DataError(
            f"{path}, row {row + 1}: {error}. A quote within a cell is written twice, and a cell "
            "that begins with one ends with one."
        ) from error


def _places(path, names: Iterable[str]) -> list[int]:
    """Where the columns stand."""
    found = [name.strip() for name in names]
    for column in COLUMNS:
        if found.count(column) != 1:
            problem = f"no column {column}" if column not in found else f"two columns {column}"
            separator = next((mark for mark in (";", "\t", "|") if mark in "".join(found)), "")
            remedy = f" Separate columns by commas, not by {separator!r}." if separator else ""
            raise DataError(
                f"{path}, row 1: {problem}. Expected {EXPECTED}.{remedy} "
                f"Received: {','.join(found) or 'nothing'}"
            )
    return [found.index(column) for column in COLUMNS]


def _checked(where, cell):
    """A cell without the spaces around it, in one spelling."""
    cell = spelled(cell.strip())
    if not cell:
        raise DataError(f"{where}: empty. Fill it in, or remove the row.")
    if not cell.isprintable():
        raise DataError(f"{where}: holds a character that cannot be printed: {cell!r}. Remove it.")
    return cell
