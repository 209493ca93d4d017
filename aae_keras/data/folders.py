"""Reading a folder of images: what `layout` finds in it, brought to one shape."""

import collections
import dataclasses
import logging
import math
import pathlib
from collections.abc import Iterable

import numpy as np

from aae_keras import images as image_files
from aae_keras import interrupts
from aae_keras.data import capacity, duplicates, joining, layout
from aae_keras.data.source import DataError, Source
from aae_keras.images import ImageError
from aae_keras.reading import Reading
from aae_keras.remarks import Remarks, count_of

log = logging.getLogger(__name__)

# Of what a person looks at, so many are listed.
FEW = 5
MANY_CLASSES = 12
# What a message proposes where the commonest size is a camera's.
EXAMPLE_SIDE = 64


def read_folder(
    root: pathlib.Path,
    size: tuple[int, int] | None = None,
    skip_unreadable: bool = False,
    channels: int = 0,
    reading: Reading | None = None,
    labels_file: str = "",
) -> Source:
    """The `Source` in a folder; what was found, left out and assumed is logged.

    Args:
        root: Folder of class folders, or of parts with class folders in them, see `layout.PARTS`.
        size: (height, width) to resize to; None keeps the images as they are.
        skip_unreadable: Leave out files that cannot be read, instead of refusing.
        channels: 1 for grey, 3 for colour; 0 for colour if any image is coloured.
        reading: How files become pixels; None: the defaults.
        labels_file: A table of labels beside those that folders give, see `labelling`; "": none.

    Raises:
        DataError: If there are no images, or they cannot be used.
    """
    found = layout.find(root)
    if labels_file:
        found = joining.label_files(found, labels_file)
    rows = [(part, *row) for part, files in found.files.items() for row in files]
    copies = 1 if found.files.get("test") else 2  # while a test part is held out of them
    reader = _Reader(len(rows), channels or None, size, reading or Reading(), copies)
    pixels = reader.read([path for _, path, _ in rows], skip_unreadable)
    rows = [rows[row] for row in reader.rows]
    parts = np.array([part for part, _, _ in rows])
    labels = np.array([label for _, _, label in rows], "int64")
    _refuse_emptied(found, parts, labels)
    files = [path.relative_to(root) for _, path, _ in rows]
    for part in found.files:
        log.info("%s", _describe(part, labels[parts == part], found.class_names))
    if len(found.class_names) == 1:
        log.warning("There is one class alone, %s: nothing is told apart.", found.class_names[0])
    for line in [
        *found.left_out.notes(),
        *reader.remarks.lines(),
        *duplicates.describe(pixels, labels, parts.tolist(), files),
    ]:
        log.warning("%s", line)
    names = np.array([joining.name_of(path, root) for _, path, _ in rows], object)
    return _source(pixels, labels, parts, found.class_names, names)


def _source(pixels, labels, parts, class_names, names):
    """The training part with that for validation behind it, and the test part."""
    is_test = parts == "test"
    count = len(parts) - np.count_nonzero(is_test)  # they come last
    source = Source(pixels[:count], labels[:count], class_names, names=names[:count])
    if is_test.any():
        source = dataclasses.replace(source, test_images=pixels[count:], test_labels=labels[count:])
    rows = np.flatnonzero(parts == "validation")
    return dataclasses.replace(source, validation_rows=rows) if len(rows) else source


def _refuse_emptied(found, parts, labels):
    """Refuse data that lost all images of a class, or of training, because none can be read."""
    kept = set(zip(parts, labels, strict=True))
    for label in {label for _, label in found.files["train"]} - {layout.UNLABELED}:
        if ("train", label) not in kept:
            raise DataError(
                f"{found.root}: no image of class {found.class_names[label]!r} can be read. Mend "
                "one, or remove what names the class: its folder, or its rows in a table of labels."
            )
    if "train" not in parts:
        raise DataError(f"{found.root}: no training image can be read.")


def _describe(part, labels, class_names):
    """One line about a part: its images, its classes and their sizes."""
    counts = np.bincount(labels[labels >= 0], minlength=len(class_names))
    unlabelled = np.count_nonzero(labels < 0)
    line = f"{part}: {count_of(len(labels), 'image')}"
    if len(class_names) > MANY_CLASSES:
        line += f" of {len(class_names)} classes, {counts.min()} to {counts.max()} of each"
    elif counts.any():
        sizes = (f"{name} {count}" for name, count in zip(class_names, counts, strict=True))
        line += f" of {', '.join(sizes)}"
    if unlabelled:
        line += f"; {unlabelled} without a label" if counts.any() else " without a label"
    return line


class _Reader:
    """Reads files into one array of one shape.

    Attributes:
        rows: Which of the files were read.
        remarks: What was assumed in reading them.

    Args:
        count: How many files there are.
        channels: 1 or 3; None for 3 if any image is coloured.
        size: (height, width) to resize to; None for the size of the first image.
        reading: How files become pixels.
        copies: How often the array will be held at the most.
    """

    def __init__(
        self,
        count: int,
        channels: int | None,
        size: tuple[int, int] | None,
        reading: Reading,
        copies: int,
    ):
        self.count = count
        self.channels = channels
        self.size = size
        self.reading = reading
        self.copies = copies
        self.rows: list[int] = []
        self.remarks = Remarks()
        self._pixels = np.empty((0, 0, 0, 0), "uint8")
        self._grey: list[pathlib.Path] = []

    def read(self, files: list[pathlib.Path], skip_unreadable: bool) -> np.ndarray:
        """The images, uint8 (n, height, width, channels).

        Raises:
            DataError: If files cannot be read and are not skipped, or differ in size. Files of
                another size are never left out.
        """
        unreadable, other_sizes = [], []
        for row, path in enumerate(files):
            interrupts.check()
            try:
                picture = image_files.read_picture(path, self.channels, self.size, self.reading)
            except ImageError as error:
                unreadable.append(str(error))
                continue
            if not self.rows:
                self._begin(picture.pixels.shape, path)
            if picture.pixels.shape[:2] != self._pixels.shape[1:3]:
                other_sizes.append((path, picture.pixels.shape))
                continue
            self._keep(row, path, picture)
        _refuse_sizes(other_sizes, self._pixels.shape, len(files))
        _report_unreadable(unreadable, len(files), skip_unreadable and bool(self.rows))
        if self._grey and self._pixels.shape[3] == 3:
            log.warning(
                "Grey among colour, read as colour (--channels=1 reads all as grey): %d of %d "
                "images, such as %s", len(self._grey), self.count, self._grey[0],
            )  # fmt: skip
        return self._pixels[: len(self.rows)]

    def _begin(self, shape, path):
        self._check_capacity(shape, path)
        self._pixels = np.empty((self.count, *shape), "uint8")

    def _check_capacity(self, shape, path):
        capacity.check(
            self.copies * self.count * math.prod(shape),
            f"{path}: {self.count} images of {_describe_size(shape)} pixels",
            "--image_size=H,W makes them smaller, for example --image_size=64,64",
        )

    def _keep(self, row, path, picture):
        """Put an image behind those there are, all of them in colour from the first that is."""
        channels = picture.pixels.shape[2]
        if self.channels is None and channels == 1:
            self._grey.append(path)
        if channels > self._pixels.shape[3]:
            self._check_capacity(picture.pixels.shape, path)
            self._pixels = np.repeat(self._pixels, channels, axis=3)
        self._pixels[len(self.rows)] = picture.pixels  # one channel is spread over three
        self.rows.append(row)
        self.remarks.add(path, picture.remarks)


def _refuse_sizes(others, shape, count):
    if not others:
        return
    sizes = collections.Counter(other[:2] for _, other in others)
    heights, widths = zip(*sizes, strict=True)
    sizes[shape[1:3]] += count - len(others)
    ((height, width), _), *_ = sizes.most_common(1)
    if max(height, width) > EXAMPLE_SIDE:
        height = width = EXAMPLE_SIDE
    raise DataError(
        f"{len(others)} of {count} images are not {_describe_size(shape[1:])} pixels like the "
        f"first, but {_span(heights)} high and {_span(widths)} wide. --image_size=H,W brings all "
        f"to one size, for example --image_size={height},{width}; "
        "--fit=stretch, crop or pad says how:"
        + _listing(f"{path}: {_describe_size(other)} pixels" for path, other in others)
    )


def _span(sides):
    low, high = min(sides), max(sides)
    return f"{low} to {high}" if low < high else str(low)


def _report_unreadable(unreadable, count, skip):
    if not unreadable:
        return
    if not skip:
        raise DataError(
            f"{len(unreadable)} of {count} image files cannot be read. Mend or remove "
            "them, or pass --skip_unreadable to leave them out:" + _listing(unreadable)
        )
    log.warning("Left out %d of %d image files:%s", len(unreadable), count, _listing(unreadable))


def _listing(lines: Iterable[str]) -> str:
    lines = list(lines)
    shown = lines[:FEW] + ["..."] * (len(lines) > FEW)
    return "".join(f"\n  {line}" for line in shown)


def _describe_size(shape):
    return f"{shape[0]}x{shape[1]}"
