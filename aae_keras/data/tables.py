"""Tables of labels: a CSV with the columns `image` and `label`, or what Label Studio exports."""

import csv
import dataclasses
import io
import pathlib
from collections.abc import Iterable, Iterator, Sequence

from aae_keras.data import label_studio
from aae_keras.data.names import fits_a_line, plain, spelled
from aae_keras.data.source import DataError
from aae_keras.files import at_home

COLUMNS = ("image", "label")


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
    path = at_home(path)
    if path.suffix.lower() == ".json":
        return [Answer(f"{path}, {where}", *named) for where, *named in _tasks(path, _text(path))]
    return [Answer(*cells) for cells in read_rows(path, COLUMNS)]


def read_rows(
    path: pathlib.Path, needed: Sequence[str], others: Sequence[str] = ()
) -> Iterator[tuple[str, ...]]:
    """Some columns of a CSV file: where it stands, "x.csv, row 3", and the cells, of each row.

    Args:
        path: Of the file, in UTF-8, whose row 1 names the columns.
        needed: Names of columns that must be there, and filled in.
        others: Names of columns that need not be: "" where there is nothing.

    Raises:
        DataError: If it cannot be read; the message names file, row, column and remedy.
    """
    rows = _cells(path, _text(path, needed))
    _, names = next(rows, (1, []))
    places = _places(path, names, needed)
    found = [name.strip() for name in names]
    beside = [found.index(name) if name in found else None for name in others]
    for row, cells in rows:
        where = f"{path}, row {row}"
        cells += [""] * (len(names) - len(cells))  # spreadsheets drop empty ones at the end
        if len(cells) > len(names):
            raise DataError(
                f"{where}: {len(cells)} cells, but row 1 names {len(names)} columns. "
                'Put quotes around a cell with a comma in it: "a,b.png"'
            )
        yield (
            where,
            *(
                checked(f"{where}, column {column}", cells[place])
                for column, place in zip(needed, places, strict=True)
            ),
            *("" if place is None else plain(cells[place]) for place in beside),
        )


def column_names(path: pathlib.Path) -> list[str]:
    """What row 1 of a CSV file calls its columns, in order."""
    _, names = next(_cells(path, _text(path)), (1, []))
    return [name.strip() for name in names]


def _expected(needed):
    return f"a table with the columns {','.join(needed)} named in its first row"


def checked(where: str, cell: str) -> str:
    """A cell without the spaces around it, in one spelling.

    Raises:
        DataError: If it is empty, or would break a line; the message begins with where.
    """
    cell = plain(cell)
    if not cell:
        raise DataError(f"{where}: empty. Fill it in, or remove the row.")
    if not fits_a_line(cell):
        raise DataError(
            f"{where}: holds a line break, a control character or a lone surrogate: {cell!r}. "
            "Remove it."
        )
    return cell


def can_name(image: str) -> bool:
    """Whether a row of a table can name an image so: on one line, without spaces around it."""
    return bool(image) and image == image.strip() and fits_a_line(image)


def _text(path, needed=COLUMNS):
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read: {error.strerror}. Expected {_expected(needed)}."
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, row {row}: not UTF-8. Save the table as CSV UTF-8.") from error


def _tasks(path, text):
    try:
        for where, image, label in label_studio.read_tasks(text):
            yield where, spelled(image), plain(label)
    except ValueError as error:
        raise DataError(f"{path}, {error}") from error


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


def _places(path, names: Iterable[str], needed: Sequence[str]) -> list[int]:
    """Where the columns stand."""
    found = [name.strip() for name in names]
    for column in needed:
        if found.count(column) != 1:
            problem = f"no column {column}" if column not in found else f"two columns {column}"
            separator = next((mark for mark in (";", "\t", "|") if mark in "".join(found)), "")
            remedy = f" Separate columns by commas, not by {separator!r}." if separator else ""
            raise DataError(
                f"{path}, row 1: {problem}. Expected {_expected(needed)}.{remedy} "
                f"Received: {','.join(found) or 'nothing'}"
            )
    return [found.index(column) for column in needed]
