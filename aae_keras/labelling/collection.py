"""The images of a data set as a person sees them: upright and in their own size, not a network's.

What is shown was read by the project's own reader, so that a photo that lies on its side is turned
as training turns it. It is not brought to the size or the colours of training: what is hard to
recognise in 32 pixels is easy in the file. A prepared set of several sizes is shown in one, which
is said.
"""

import abc
import io
import logging
import pathlib

import numpy as np
from PIL import Image

from aae_keras import images as image_files
from aae_keras.data import joining, layout, sources
from aae_keras.data.source import Source
from aae_keras.errors import SeveralSizes
from aae_keras.files import at_home
from aae_keras.reading import EACH_IMAGE, Reading

log = logging.getLogger(__name__)

# Longest side of a picture that is sent: more is not seen, and takes seconds to make.
LARGE, SMALL = 1024, 192


class Collection(abc.ABC):
    """The images of a data set by row, as its tables of labels count them.

    Attributes:
        names: What a table calls each image.
        labels: int64, one each: class indices that the data itself has, -1 where there is none.
        class_names: One string per class that the data itself has.
        train: Rows of the training part.
        find: The row of the image that an `Answer` names; raises a DataError if there is none.
    """

    names: list[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    train: range
    find: joining.Finder

    @abc.abstractmethod
    def joined(self, path: pathlib.Path) -> tuple[np.ndarray, tuple[str, ...]]:
        """Labels and names of classes with those of a table, by the rules of training.

        Raises:
            DataError: If training would refuse the table.
        """

    @abc.abstractmethod
    def pixels(self, row: int) -> np.ndarray:
        """An image, uint8, shape (height, width, 1 or 3).

        Raises:
            DataError, ImageError: If it cannot be read.
        """

    def png(self, row: int, most: int) -> bytes:
        """An image as the content of a PNG with no side longer than `most`.

        Raises:
            DataError, ImageError: If it cannot be read.
        """
        pixels = self.pixels(row)
        height, width, channels = pixels.shape
        if (longest := max(height, width)) > most:
            size = [max(1, round(side * most / longest)) for side in (height, width)]
            pixels = image_files.resize(pixels, (size[0], size[1]))
        content = io.BytesIO()
        picture = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
        picture.save(content, "PNG", compress_level=1)  # it travels no further than this machine
        return content.getvalue()


def open_collection(dataset: str, data_dir: str = "", reading: Reading | None = None) -> Collection:
    """The images of a data set.

    Args:
        dataset, data_dir: See `sources.read`.
        reading: How files become pixels; None: deep ones by the range of each image, which shows
            something of every file.

    Raises:
        DataError: If there is no such data, or it cannot be used.
    """
    if not sources.is_folder(dataset, data_dir):
        return _Rows(_source(dataset, data_dir))
    found = layout.find(at_home(dataset))
    return _Files(found, reading or Reading(pixel_range=EACH_IMAGE))


def _source(dataset, data_dir):
    """What is no folder; sets of several sizes in one, with margins, that shows all of an image."""
    try:
        return sources.read(dataset, data_dir)
    except SeveralSizes:
        log.warning("%s: images of several sizes, shown with margins in %d pixels.", dataset, SMALL)
        return sources.read(dataset, data_dir, SMALL, reading=Reading(fit="pad"))


class _Files(Collection):
    """The files of a folder, read when they are shown."""

    def __init__(self, found: layout.Layout, reading: Reading):
        self._found = found
        self._reading = reading
        self._files = [file for rows in found.files.values() for file, _ in rows]
        self.names = joining.names_of_files(found)
        self.labels = _labels(found)
        self.class_names = found.class_names
        self.train = range(len(found.files["train"]))  # which comes first
        self.find = joining.finder_of_files(found)

    def joined(self, path: pathlib.Path) -> tuple[np.ndarray, tuple[str, ...]]:
        """See `Collection.joined`."""
        found = joining.label_files(self._found, path)
        return _labels(found), found.class_names

    def pixels(self, row: int) -> np.ndarray:
        """See `Collection.pixels`."""
        return image_files.read_picture(self._files[row], reading=self._reading).pixels


class _Rows(Collection):
    """The rows of a data set that is read as a whole."""

    def __init__(self, source: Source):
        self._source = source
        count = len(source.labels)
        self.names = list(map(str, range(count)))
        self.labels = source.labels
        self.class_names = source.class_names
        self.train = range(count)
        self.find = joining.finder_of_rows(count)

    def joined(self, path: pathlib.Path) -> tuple[np.ndarray, tuple[str, ...]]:
        """See `Collection.joined`."""
        source = joining.label_rows(self._source, path)
        return source.labels, source.class_names

    def pixels(self, row: int) -> np.ndarray:
        """See `Collection.pixels`."""
        return self._source.images[[row]][0]


def _labels(found):
    return np.array([label for rows in found.files.values() for _, label in rows], "int64")
