"""Rows of predictions as text, a line as soon as its row is there."""

import csv
import io
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aae_keras.data import label_studio
from aae_keras.deployment.prediction.tables import COLUMNS, cells

log = logging.getLogger(__name__)

Row = Mapping[str, Any]


def as_jsonl(rows: Iterable[Row], model: str) -> Iterator[str]:
    """A line of JSON for each row, of one that failed too."""
    for row in rows:
        yield json.dumps(row)


def as_csv(rows: Iterable[Row], model: str) -> Iterator[str]:
    """A table of `COLUMNS`, `probabilities` as a list in JSON, without the rows that failed."""
    yield ",".join(COLUMNS)
    for row in _answered(rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells(row))  # quotes a name that has one
        yield line.getvalue().removesuffix("\n")


def as_label_studio(rows: Iterable[Row], model: str) -> Iterator[str]:
    """Tasks for Label Studio to import, with predictions, without the rows that failed."""
    separator = "["
    for row in _answered(rows):
        task = label_studio.task(row["image"], row["class_name"], row["confidence"], model)
        yield separator + json.dumps(task)
        separator = ","
    yield "]" if separator == "," else "[]"


def _answered(rows):
    """The rows without an error; those with one are logged."""
    for row in rows:
        if "error" in row:
            log.warning("%s", row["error"])
        else:
            yield row


# Functions of rows, as `predict_files` yields them, and of what the model is called.
FORMATS = {"jsonl": as_jsonl, "csv": as_csv, "label-studio": as_label_studio}
