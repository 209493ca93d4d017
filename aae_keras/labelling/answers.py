"""The file of answers: a table of labels that training reads, safe from a kill at any moment.

An answer is a row, put behind the others in one write and flushed to the disk before `add` returns.
Its cells are in quotes, so that a row that was cut short can be told from a whole one: the last
cell of it is not closed. No image has two rows. To undo an answer is to write the file without its
row aside, and to rename that into place.
"""

import contextlib
import csv
import datetime
import errno
import io
import logging
import os
import pathlib
import re
from collections.abc import Iterable, Iterator

from aae_keras.data import tables
from aae_keras.data.names import plain
from aae_keras.errors import DataError, UserError
from aae_keras.experiment.run_folder import ownership
from aae_keras.files import flush, write_atomically
from aae_keras.remarks import count_of

log = logging.getLogger(__name__)

COLUMNS = (*tables.COLUMNS, "labelled_at")
# All cells in quotes but the last, which is not there: others would write it without any quotes.
_CUT = re.compile(r'("([^"]|"")*",)+')


class Answers:
    """The answers in a file, which is made with the first of them.

    Attributes:
        path: Of the file.
        given: The label of each image that it has a row of, by the image's name, in order.

    Args:
        path: Of a `.csv` file. One that others wrote keeps its rows and its columns.

    Raises:
        DataError: If it is there and is no table of labels.
    """

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.given: dict[str, str] = {}
        if path.exists():
            mend(path)
            self.given = {answer.image: answer.label for answer in tables.read_table(path)}

    def add(self, images: Iterable[str], label: str) -> None:
        """Give images a label; they are on the disk when this returns.

        Args:
            images: Names as tables have them. Those that have this very label already are passed
                over, so that what is asked twice is written once.
            label: Name of a class, `tables.checked`.

        Raises:
            ValueError: If an image has another label already.
            DataError: If the file's first line has been changed.
            OSError: If the file cannot be written, a full disk say. Then nothing has changed.
        """
        images = [image for image in dict.fromkeys(images) if self.given.get(image) != label]
        if other := [image for image in images if image in self.given]:
            raise ValueError(f"{other[0]} is {self.given[other[0]]!r} already. Undo that first.")
        if not images:
            return
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._append({"image": image, "label": label, "labelled_at": now} for image in images)
        self.given.update(dict.fromkeys(images, label))

    def undo(self, images: Iterable[str]) -> None:
        """Take the labels of images away, in one go.

        Raises:
            DataError: If the file's first line has been changed.
            OSError: If the file cannot be written. Then nothing has changed.
        """
        images = set(images)
        self._put_back()
        mend(self.path)
        text = self.path.read_bytes().decode("utf-8-sig")
        place = self._columns().index("image")
        names, *rows = _rows(text)
        kept = [lines for cells, lines in rows if _name(cells, place) not in images]
        write_atomically(self.path, "".join([names[1], *kept]))
        flush(self.path.parent)
        for image in images:
            self.given.pop(image, None)

    def _append(self, rows):
        self._put_back()
        mend(self.path)  # somebody may have edited it meanwhile
        names = self._columns()
        text = _lines([row.get(name, "") for name in names] for row in rows)
        with open(self.path, "ab", buffering=0) as file:
            end = file.tell()
            try:
                if file.write(text.encode()) < len(text.encode()):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise

    def _put_back(self):
        """Begin the file; or write it anew, if somebody has removed it."""
        if self.path.exists():
            return
        if self.given:
            log.warning(
                "%s was removed: written anew with its %s. To begin afresh, end label first.",
                self.path, count_of(len(self.given), "answer"),
            )  # fmt: skip
        begin(self.path, (tables.Answer("", *answer) for answer in self.given.items()))

    def _columns(self):
        """The names in the first line, which somebody may have edited meanwhile."""
        names = tables.column_names(self.path)
        if not {"image", "label"} <= set(names):
            raise DataError(
                f"{self.path}: its first line must name the columns image and label, or answers "
                f"would be lost. Put it back. Received: {','.join(names)}"
            )
        return names


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[Answers]:
    """The `Answers` in a file that no other process writes to until the end of the block.

    A link is followed, so that one file has one name.

    Raises:
        UserError: If another process does.
        DataError: As of `Answers`.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    taken = (
        f"{path} is being written by another python -m tools.label. Use its page, which any number "
        "of tabs may have open; or end it, or pass another --labels."
    )
    lock = path.with_name(f".{path.name}.lock")
    with ownership.locked(lock, taken, f"nobody else writes to {path}"):
        yield Answers(path)


def begin(path: pathlib.Path, rows: Iterable[tables.Answer] = ()) -> None:
    """Write a file of answers that holds some already; none stands there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [[row.image, row.label, ""] for row in rows]
    write_atomically(path, f"{','.join(COLUMNS)}\n" + _lines(cells))
    flush(path.parent)


def after(path: pathlib.Path) -> pathlib.Path:
    """What the table after a table is called: `labels.csv`, `labels-2.csv`, `labels-3.csv`.

    A run was trained with the one; it would no longer be the run's if answers were added to it.
    """
    name, dash, number = path.stem.rpartition("-")
    if not (dash and name and number.isdecimal()):
        name, number = path.stem, "1"
    return path.with_name(f"{name}-{int(number) + 1}.csv")


def mend(path: pathlib.Path) -> None:
    """End the last line of a file of answers, or remove it if it was cut short, which is logged.

    Raises:
        UserError: If it cannot be a table: its only line was cut short.
    """
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        if file.read() in (b"", b"\n", b"\r"):
            return
        file.seek(0)
        content = file.read()
        start = content.rfind(b"\n") + 1
        # The rows of others are theirs: what is wrong with one is said when it is read.
        if not content.startswith(b'"', start) or _ends_with_a_whole_row(content):
            file.write(b"\n")
        elif not start:
            raise UserError(f"{path}: its only line was cut short. Remove the file.")
        else:
            file.truncate(start)
            cut = content[start:].decode(errors="replace")
            log.warning("%s: its last row was cut short, and is removed: %r", path, cut)
        file.flush()
        os.fsync(file.fileno())


def _ends_with_a_whole_row(content):
    """Whether the last row of a table has as many cells as the first, and closes its quotes."""
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return False
    return len(rows[-1]) == len(rows[0]) and not _CUT.fullmatch(text.rpartition("\n")[2])


def _rows(text):
    """Cells and the very text of each row; several lines, where a cell holds ends of lines."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines)
    begin = 0
    for cells in reader:
        yield cells, "".join(lines[begin : reader.line_num])
        begin = reader.line_num


def _name(cells, place):
    return plain(cells[place]) if place < len(cells) else ""


def _lines(rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()
