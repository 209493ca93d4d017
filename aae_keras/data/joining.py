"""Labels of a table joined to those that the data has: a table adds labels, and changes none."""

import collections
import dataclasses
import logging
import os
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from aae_keras.data import layout
from aae_keras.data.names import Classes, plain, spelled
from aae_keras.data.source import DataError, Source
from aae_keras.data.tables import Answer, read_table
from aae_keras.remarks import count_of

log = logging.getLogger(__name__)

NONE = layout.UNLABELED
Finder = Callable[[Answer], int]


def label_rows(source: Source, path: pathlib.Path | str) -> Source:
    """A source with the labels of a table too, which calls images by their row, from 0 on.

    Args:
        source: The `Source`; rows are those of its training part.
        path: Of the table, see `tables.read_table`.

    Raises:
        DataError: If a row of the table cannot be used.
    """
    find = finder_of_rows(len(source.labels))
    labels, names = join(
        path, find, source.labels, source.class_names, lambda row: f"the data has image {row}"
    )
    return dataclasses.replace(source, labels=labels, class_names=names)


def label_files(found: layout.Layout, path: pathlib.Path | str) -> layout.Layout:
    """A layout with the labels of a table too, which calls images by their path below the root.

    Args:
        found: The `Layout`.
        path: Of the table, see `tables.read_table`.

    Raises:
        DataError: If a row of the table cannot be used.
    """
    files = [file for rows in found.files.values() for file, _ in rows]
    labels = np.array([label for rows in found.files.values() for _, label in rows], "int64")
    labels, names = join(
        path,
        finder_of_files(found),
        labels,
        found.class_names,
        lambda row: f"its folder {files[row].parent} has it",
    )
    rows = iter(labels.tolist())
    parts = {part: [(file, next(rows)) for file, _ in there] for part, there in found.files.items()}
    return dataclasses.replace(found, files=parts, class_names=names)


def finder_of_rows(count: int) -> Finder:
    """What finds the row of the image that a table names, of so many; a DataError if none."""

    def find(answer: Answer) -> int:
        text = answer.image
        # Python refuses to make an int of thousands of digits.
        is_number = text.isascii() and text.isdigit() and len(text) < 20
        if not (is_number and int(text) < count):
            raise DataError(
                f"{answer.where}, column image: expected the number of a training image, 0 to "
                f"{count - 1}. Count the rows of the training part from 0 on. Received: {text}"
            )
        return int(text)

    return find


def finder_of_files(found: layout.Layout) -> Finder:
    """The same of a folder: the place of a file among all of its files; a DataError if none."""
    paths = {name: place for place, name in enumerate(names_of_files(found))}
    return lambda answer: _find(answer, paths, found)


def names_of_files(found: layout.Layout) -> list[str]:
    """What tables call the files of a folder, in the order of its parts.

    Raises:
        DataError: If two of them have the same name in one spelling.
    """
    files = [file for rows in found.files.values() for file, _ in rows]
    names = [name_of(file, found.root) for file in files]
    if len(set(names)) < len(names):
        (name, count), *_ = collections.Counter(names).most_common(1)
        same = [repr(str(file)) for file, its in zip(files, names, strict=True) if its == name]
        raise DataError(
            f"{found.root}: {count} images have the same name but for the spelling of accents, so "
            f"that a table cannot tell them apart. Rename one of them: {', '.join(same)}"
        )
    return names


def name_of(file: pathlib.Path, root: pathlib.Path) -> str:
    """What tables call a file of a folder: its path there, in one spelling."""
    return spelled(file.relative_to(root).as_posix())


def join(
    path: pathlib.Path | str,
    find: Finder,
    labels: np.ndarray,
    class_names: Sequence[str],
    said: Callable[[int], str],
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels, and names of classes, with those of a table; new classes come last, sorted.

    Args:
        path: Of the table.
        find: The row of the image that an `Answer` names; raises a DataError if there is none.
        labels: int64, shape (n,): class indices, -1 where there is no label.
        class_names: One string per class.
        said: For messages, who gave a row the label that it has: "its folder a has it".

    Raises:
        DataError: If a row of the table cannot be used, or contradicts another or the data.
    """
    answers = read_table(path)
    if not answers:
        raise DataError(f"{path}: holds no label. Expected a row for each labelled image.")
    names = _all_names(answers, class_names)
    number = {plain(name): label for label, name in enumerate(names)}
    labels = labels.copy()
    given: dict[int, Answer] = {}
    for answer in answers:
        row, label = find(answer), number[answer.label]
        if labels[row] not in (NONE, label):
            by = given[row].where + " has it" if row in given else said(row)
            raise DataError(
                f"{answer.where}, column label: {answer.image} is {answer.label!r} here, but {by} "
                f"as {names[labels[row]]!r}. Correct one of the two, or remove the row."
            )
        if labels[row] == NONE:
            given[row] = answer
        labels[row] = label
    log.info("%s: %s, %d of them new", path, count_of(len(answers), "label"), len(given))
    return labels, names


def _all_names(answers, class_names):
    """The names of classes, with those that a table adds."""
    first: dict[str, Answer] = {}
    for answer in answers:
        first.setdefault(answer.label, answer)
    classes = Classes(class_names)
    for name, answer in first.items():
        classes.add(name, f"{answer.where}, column label")
    new = sorted(classes.names[len(class_names) :])
    if new and class_names:
        log.warning("Classes that the table of labels adds: %s", ", ".join(new))
    return (*class_names, *new)


def _find(answer, paths, found):
    """The row of the file that an answer names."""
    where = f"{answer.where}, column image"
    path = pathlib.PurePosixPath(answer.image)
    if "\\" in answer.image and answer.image not in paths:
        raise DataError(f"{where}: write paths with /, not \\. Received: {answer.image}")
    if path.is_absolute() or ".." in path.parts:
        raise DataError(
            f"{where}: expected a path below {found.root}, such as {min(paths)}. "
            f"Received: {answer.image}"
        )
    if (row := paths.get(path.as_posix())) is not None:
        return row
    if os.path.isfile(found.root / path):  # False of a name that no file can have
        raise DataError(
            f"{where}: {answer.image} is no part of the data. Images without a class folder "
            "belong into unlabeled/, where there are class folders; others may be no image."
        )
    raise DataError(
        f"{where}: there is no {answer.image} in {found.root}. Name images by their path below "
        f"that folder, such as {min(paths)}."
    )
