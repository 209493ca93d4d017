"""Classifying as many images as there are: in bounded memory, and gone on with after a kill.

Beside the output stands `OUTPUT.part/` until all is done:

| file | holds |
|---|---|
| `images.jsonl` | the images, listed once |
| `rows.jsonl` | a row for each of the first of them, in the same order; those that failed too |
| `begun.json` | which model and which images; written last, when the listing is whole |

So the number of whole lines in `rows.jsonl` is the image to go on with: none is left out, and none
is there twice. The output is made of it at the end.
"""

import collections
import concurrent.futures
import dataclasses
import hashlib
import itertools
import json
import logging
import os
import pathlib
import shutil
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from aae_keras import files as whole_files
from aae_keras.deployment import contract
from aae_keras.deployment.prediction import listing, tables
from aae_keras.deployment.prediction.files import BATCH, answer_batch, read_batch
from aae_keras.deployment.prediction.listing import Item
from aae_keras.deployment.prediction.local import Predictor
from aae_keras.errors import UserError
from aae_keras.remarks import Remarks

log = logging.getLogger(__name__)

AHEAD = 2  # batches that are read, or being read, for each reader


class BulkError(UserError):
    """Work that cannot be begun, or cannot be gone on with."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far the work is.

    Attributes:
        done: Images that have a row, those that failed among them.
        failed: Images that could not be read, of those done since the work went on.
        total: All images.
    """

    done: int
    failed: int
    total: int


def failures(output: pathlib.Path) -> pathlib.Path:
    """Where the images that cannot be read are listed: `NAME.failed.jsonl`."""
    return output.with_name(f"{output.stem}.failed.jsonl")


def _part(output):
    return output.with_name(f"{output.name}.part")


def predict_all(
    predictor: Predictor, images: str, output: str | pathlib.Path, readers: int | None = None
) -> Iterator[Progress]:
    """Classify many images into a file, or go on with it; files are read while others are asked.

    Each image gets the row that `predict_files` would give it. Those that cannot be read are in
    `failures(output)`, which there is only if there are any.

    Args:
        predictor: What `open_predictor` returned.
        images: What `listing.find` takes.
        output: Path of a file that does not exist yet, whose suffix is a key of `tables.WRITERS`.
        readers: Threads that read files; None for one per processor.

    Yields:
        A `Progress` at the beginning and after each batch. The output is there after the last.

    Raises:
        BulkError: If the output exists, or work on it was begun otherwise, or goes on elsewhere.
        DataError: If there are no images.
    """
    output = pathlib.Path(output)
    tables.check(output)
    part = _part(output)
    if not (part / "begun.json").exists():
        refuse_existing(output)
    part.mkdir(exist_ok=True)
    with open(part / "rows.jsonl", "a+", encoding="utf-8") as spool:
        _lock(spool, output)
        total = _begun(part, images, predictor)
        done = _cut_to_whole_lines(spool)
        progress = Progress(done, 0, total)
        yield progress
        items = listing.read(part / "images.jsonl", done)
        for rows in _answered(predictor, items, readers or os.cpu_count() or 1):
            spool.writelines(json.dumps(row) + "\n" for row in rows)
            spool.flush()
            failed = sum("error" in row for row in rows)
            progress = Progress(progress.done + len(rows), progress.failed + failed, total)
            yield progress
        if progress.done != total:
            raise BulkError(
                f"{part}: {progress.done} rows for {total} images. Its list of images is damaged. "
                "Remove the folder and begin again."
            )
        _finish(part, output)


def refuse_existing(output: pathlib.Path) -> None:
    """Raise `BulkError` if the output of other work is there, or its list of failures."""
    for path in (output, failures(output)):
        if path.exists():
            raise BulkError(f"{path} exists already. Name another output, or move it away.")
    for suffix in tables.WRITERS:
        other = output.with_suffix(suffix)
        if (_part(other) / "begun.json").exists():
            raise BulkError(
                f"{other} is begun and not done, and lists what it cannot read in the same "
                f"{failures(other).name}. Go on with it first, or give another output."
            )


def _lock(spool: TextIO, output: pathlib.Path) -> None:
    """Hold the work for this process; the lock goes with it, however it ends."""
    if not whole_files.lock(spool, output.parent, f"nobody else works on {output.name}"):
        raise BulkError(f"{output}: another process is at work on it.")


def _begun(part, images, predictor):
    """The number of images of the work in a folder, which is begun if it was not."""
    file = part / "begun.json"
    ours = {"images": images, "folder": os.getcwd(), "model": _fingerprint(predictor.path)}
    path = str(predictor.path)
    if not file.exists():
        (part / "rows.jsonl").write_text("", encoding="utf-8")
        ours["total"] = listing.write(images, part / "images.jsonl")
        whole_files.flush(part / "images.jsonl")  # which the next file vouches for
        whole_files.write_atomically(file, json.dumps({**ours, "path": path}))
        return ours["total"]
    theirs = json.loads(file.read_text("utf-8"))
    for name, value in ours.items():
        if theirs[name] != value:
            # A hash says nothing to a reader; where the model lay does.
            old, new = (theirs.get("path"), path) if name == "model" else (theirs[name], value)
            raise BulkError(
                f"{part} was begun with another {name}, {old}, than {new}. Go on with "
                "that one, or remove the folder, or name another output."
            )
    return theirs["total"]


def _fingerprint(path):
    """A hash of the files that a model is read from."""
    found = hashlib.sha256()
    for file in contract.model_files(pathlib.Path(path)):
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def _cut_to_whole_lines(spool):
    """The number of whole lines of a file; what a kill left of one more is cut off."""
    count = length = 0
    with open(spool.name, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                count, length = count + 1, length + len(line)
    os.truncate(spool.name, length)
    return count


def _answered(predictor: Predictor, items: Iterator[Item], readers: int) -> Iterator[list[Any]]:
    """Rows of one batch after the other, while threads read the next ones."""
    remarks = Remarks()
    waiting: collections.deque[concurrent.futures.Future] = collections.deque()
    pool = concurrent.futures.ThreadPoolExecutor(readers)
    try:
        for batch in _batches(items):
            waiting.append(pool.submit(read_batch, batch, predictor, Item.opened))
            if len(waiting) > AHEAD * readers:
                yield _answer(predictor, waiting.popleft().result(), remarks)
        while waiting:
            yield _answer(predictor, waiting.popleft().result(), remarks)
    finally:
        pool.shutdown(cancel_futures=True)
    for line in remarks.lines():
        log.warning("%s", line)


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(itertools.islice(items, BATCH)):
        yield batch


def _answer(predictor, batch, remarks):
    remarks.add_all(batch.remarks)
    return answer_batch(predictor, batch)


def _finish(part, output):
    """Make the output, and the list of failures, of all rows; nothing is lost by a kill here."""
    spool = part / "rows.jsonl"
    if any("error" in row for row in _rows(spool)):
        tables.write((row for row in _rows(spool) if "error" in row), failures(output))
    tables.write((row for row in _rows(spool) if "error" not in row), output)
    whole_files.flush(output.absolute().parent)  # before the rows are removed, the only other copy
    (part / "begun.json").unlink()
    shutil.rmtree(part)


def _rows(spool: pathlib.Path) -> Iterable[dict[str, Any]]:
    with open(spool, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError as error:  # a power cut, say: no kill leaves it so
                raise BulkError(
                    f"{spool}: line {number} is damaged. Remove {spool.parent} and begin again."
                ) from error
