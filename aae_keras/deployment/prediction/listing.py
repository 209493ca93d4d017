"""The images that one argument names: a folder, a pattern, a list of files, or TFRecord files.

A listing is a file of its own, with a line of JSON for each image, so that work on a million of
them can be gone on with whatever has become of the folder meanwhile.
"""

import dataclasses
import glob
import io
import itertools
import json
import logging
import os
import pathlib
import re
from collections.abc import Iterator

from aae_keras.data import entries
from aae_keras.deployment import contract
from aae_keras.errors import DataError
from aae_keras.pictures import File, ImageError

log = logging.getLogger(__name__)

LIST = ".txt"
_RECORDS = re.compile(r"\.tfrecords?(-\d+-of-\d+)?$")
# A record: its length, a checksum of that, the data, and a checksum of those.
_LENGTH, _CHECKSUM = 8, 4
FEATURES = (contract.EXAMPLE_FEATURE, "image")  # the second is tensorflow-datasets'


@dataclasses.dataclass(frozen=True)
class Item:
    """One image: a file, or a record in a TFRecord file.

    Attributes:
        path: Path of the file.
        number, offset: Which record it is, and the byte it begins at; None for a whole file.
    """

    path: str
    number: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        return self.path if self.number is None else f"{self.path}#{self.number}"

    def opened(self) -> File:
        """What a reader of images takes.

        Raises:
            ImageError: If a record holds no image file.
        """
        if self.offset is None:
            return self.path
        return _Named(str(self), _image_in(self))


class _Named(io.BytesIO):
    """Bytes that a message can name."""

    def __init__(self, name: str, content: bytes):
        super().__init__(content)
        self._name = name

    def __str__(self) -> str:
        return self._name


def find(images: str) -> Iterator[Item]:
    """The images that an argument names, in order.

    Args:
        images: A folder, of which all image files are taken, those in folders within it too, and a
            line says what is left out once all were listed; a list of paths, `FILE.txt`, one a
            line; TFRecord files, `FILE.tfrecord`, of tf.Examples with one of `FEATURES`; an image
            file; or a pattern of files, such as `photos/*.jpg`.

    Raises:
        DataError: If there is no such thing, or a TFRecord file is damaged.
    """
    path = pathlib.Path(images)
    if path.is_dir():
        return _in_folder(path)
    if path.is_file():
        return _listed(path) if path.suffix.lower() == LIST else _in_file(images)
    matched = sorted(name for name in glob.iglob(images, recursive=True) if os.path.isfile(name))
    return itertools.chain.from_iterable(map(_in_file, matched))


def write(images: str, path: pathlib.Path) -> int:
    """Write a listing of what `find` finds; returns how many images that are.

    Raises:
        DataError: As `find`; or if there are none.
    """
    count = 0
    with open(path, "w", encoding="utf-8") as file:
        for item in find(images):
            file.write(json.dumps(dataclasses.astuple(item)) + "\n")
            count += 1
    if not count:
        raise DataError(
            f"{images}: expected a folder of images, a pattern such as 'photos/*.jpg', a list of "
            "files in FILE.txt, or FILE.tfrecord. Received: no image"
        )
    return count


def read(path: pathlib.Path, start: int) -> Iterator[Item]:
    """The items of a listing, from one on."""
    with open(path, encoding="utf-8") as file:
        for line in itertools.islice(file, start, None):
            yield Item(*json.loads(line))


def _in_folder(path):
    left_out = entries.LeftOut(path)
    yield from map(Item, entries.images_under(path, left_out, follow_links=True))
    for note in left_out.notes():
        log.warning("%s", note)


def _listed(path):
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
        for line in file:
            if line.strip():
                yield Item(line.rstrip("\r\n"))


def _in_file(path):
    return _records(path) if _RECORDS.search(path) else iter([Item(path)])


def _records(path):
    size, offset = os.path.getsize(path), 0
    with open(path, "rb") as file:
        for number in itertools.count():
            if offset == size:
                return
            file.seek(offset)
            length = int.from_bytes(file.read(_LENGTH), "little")
            end = offset + _LENGTH + _CHECKSUM + length + _CHECKSUM
            if end > size:
                raise DataError(
                    f"{path}: expected a TFRecord file that is whole and not compressed. "
                    f"Received: record {number} ends {end - size} bytes behind the file"
                )
            yield Item(path, number, offset)
            offset = end


def _image_in(item):
    """The image file in a record."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    with open(item.path, "rb") as file:
        file.seek(item.offset)
        length = int.from_bytes(file.read(_LENGTH), "little")
        file.seek(_CHECKSUM, os.SEEK_CUR)
        content = file.read(length)
    try:
        features = tf.train.Example.FromString(content).features.feature
    except DecodeError as error:
        raise ImageError(f"{item}: not a tf.Example.") from error
    for name in FEATURES:
        if name in features and len(values := features[name].bytes_list.value) == 1:
            return values[0]
    raise ImageError(
        f"{item}: expected an image file in {' or '.join(FEATURES)}. "
        f"Received: {', '.join(sorted(features)) or 'no feature'}"
    )
