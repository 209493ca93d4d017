"""Rows of predictions as a file: lines of JSON, CSV or Parquet, with the same five columns."""

import csv
import itertools
import json
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from aae_keras.errors import UserError
from aae_keras.files import replaced

Rows = Iterable[Mapping[str, Any]]

COLUMNS = ("image", "label", "class_name", "confidence", "probabilities")
GROUP = 10_000  # rows in a row group of Parquet, which is held in memory


def check(path: pathlib.Path) -> None:
    """Refuse a file name that says no format, and a format whose library is missing.

    Raises:
        UserError: If it ends in none of `WRITERS`.
        ModuleNotFoundError: If it ends in `.parquet` and pyarrow is not installed.
    """
    if path.suffix not in WRITERS:
        raise UserError(f"The output must end in {' or '.join(WRITERS)}. Received: {path}")
    if path.suffix == ".parquet":
        import pyarrow.parquet  # noqa: F401  before the work, not after it


def write(rows: Rows, path: pathlib.Path) -> None:
    """Write rows whole or not at all: beside the path first, then in its place.

    Args:
        rows: Mappings with the keys `COLUMNS`; in lines of JSON, with any keys.
        path: A file whose suffix is a key of `WRITERS`.
    """
    with replaced(path) as aside:
        WRITERS[path.suffix](rows, aside)


def cells(row: Mapping[str, Any]) -> list[Any]:
    """A row of CSV: the values of `COLUMNS`, `probabilities` as a list in JSON."""
    return [*(row[name] for name in COLUMNS[:-1]), json.dumps(row[COLUMNS[-1]])]


def _write_jsonl(rows, path):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _write_csv(rows, path):
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for row in rows:
            table.writerow(cells(row))


def _write_parquet(rows, path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = (pa.string(), pa.int64(), pa.string(), pa.float32(), pa.list_(pa.float32()))
    schema = pa.schema(list(zip(COLUMNS, types, strict=True)))
    with pq.ParquetWriter(path, schema) as table:
        for group in _groups(rows):
            table.write_table(pa.Table.from_pylist(group, schema))


def _groups(rows: Rows) -> Iterator[list[dict[str, Any]]]:
    """Rows in lists; Parquet's text is UTF-8, which the name of a file need not be."""
    named = ({**row, "image": os.fsencode(row["image"]).decode(errors="replace")} for row in rows)
    while group := list(itertools.islice(named, GROUP)):
        yield group


WRITERS: dict[str, Callable[[Rows, pathlib.Path], None]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
