"""Images that stay on disk: read anew, and shuffled anew, in every epoch.

The order is a function of (seed, epoch), as it is for images in memory, so that a resumed run sees
what a run left alone would have seen. Records are shuffled as they lie in their files, before an
image is decoded, a block at a time: of the images, what is held does not grow with their number.
"""

import contextlib
import hashlib
import io
import math
import pathlib
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from aae_keras import noise
from aae_keras.data.images import Images, Rows
from aae_keras.data.memory import ImagesInMemory
from aae_keras.data.source import DataError
from aae_keras.errors import SeveralSizes, first_line
from aae_keras.images import is_bare_png, read_image, read_picture
from aae_keras.pictures import ImageError
from aae_keras.reading import Reading

# Encoded records that are shuffled together, and decoded images that may be held.
BLOCK_BYTES = 64 * 2**20
FILES_AT_ONCE = 4
READ_BATCH = 1000
# What `images.read_image` says, within all that TensorFlow tells of an error in Python.
UNREADABLE = re.compile(r"not a readable image \(.*\)")


class StreamedImages(Images):
    """Images that lie in TFRecord files.

    `images[rows]` reads rows into memory; `batches` streams them. They are read as image files are:
    upright, over the background, in one colour mode. TensorFlow decodes those alone of which it
    makes the same pixels, in a fraction of the time; `images.is_bare_png` says which.

    Args:
        files: Paths of the files.
        lengths: Records in each of them.
        parse: Function of a batch of serialized records that returns its encoded images.
        shape: (height, width, channels), each None where the first image says it; or None.
        size: (height, width) to resize to; None keeps images as they are.
        name: Of the data set, for messages.
        channels: 1 for grey, 3 for colour, 0 for those of `shape`, opacity aside.
        reading: How images fill that size; None: the default.
    """

    on_disk = True

    def __init__(
        self,
        files: Sequence[pathlib.Path | str],
        lengths: Sequence[int],
        parse: Callable[[tf.Tensor], tf.Tensor],
        shape: tuple | None = None,
        size: tuple[int, int] | None = None,
        name: str = "the data",
        channels: int = 0,
        reading: Reading | None = None,
    ):
        self._files = [str(path) for path in files]
        self._starts = np.cumsum([0, *lengths])[:-1]
        self._rows = np.arange(sum(lengths))
        self._num_records = sum(lengths)
        self._parse = parse
        self._size = size
        self._name = name
        self._reading = reading
        height, width, own = shape or (None, None, None)
        channels = channels or min(own or 0, 3)  # the fourth is opacity
        height, width = size or (height, width)
        if None in (height, width) or not channels:
            with reading_files(name):
                records = tf.data.TFRecordDataset(self._files).batch(1)
                (first,) = parse(next(iter(records))).numpy()
                height, width, channels = read_picture(
                    io.BytesIO(first), channels or None, size, reading
                ).pixels.shape
        self._image_shape = (int(height), int(width), int(channels))

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)."""
        return (len(self._rows), *self._image_shape)

    def subset(self, rows: np.ndarray) -> "StreamedImages":
        """Some of the images, left on disk."""
        some = object.__new__(StreamedImages)
        some.__dict__ |= self.__dict__ | {"_rows": self._rows[rows]}
        return some

    def __getitem__(self, rows: Rows) -> np.ndarray:
        """The images of an array, list or slice of rows, in its order, as an array.

        Raises:
            DataError: If images differ in size, or a file is damaged.
        """
        record_numbers = self._rows[rows]
        pixels = np.empty((len(record_numbers), *self._image_shape), "uint8")
        place = np.full(self._num_records, -1)
        place[record_numbers] = np.arange(len(record_numbers))
        left = np.count_nonzero(place >= 0)
        # So few at a time that the decoded images of a batch stay small.
        batch = min(READ_BATCH, max(1, BLOCK_BYTES // math.prod(self._image_shape)))
        records = self._records(tf.range(len(self._files), dtype=tf.int64), 1, batch)
        wanted = records.map(self._keep(place >= 0)).map(self._images, tf.data.AUTOTUNE)
        with reading_files(self._name):
            for numbers, images in wanted.as_numpy_iterator() if left else ():
                pixels[place[numbers]] = images
                left -= len(numbers)
                if not left:
                    break
        if left:
            raise DataError(f"{self._name}: {left} images are missing; a file has been cut short.")
        # A row asked for twice was written once, at its last place.
        written = place[record_numbers]
        return pixels if (written == np.arange(len(written))).all() else pixels[written]

    def loaded(self, rows: np.ndarray, max_bytes: int) -> tuple[Images, np.ndarray]:
        """The images of `rows`, read into memory unless that takes more than `max_bytes`."""
        if len(rows) * math.prod(self._image_shape) > max_bytes:
            return self, rows
        return ImagesInMemory(self[rows]), np.arange(len(rows))

    def content(self) -> bytes:
        """A hash of the files' records and of which of them these images are."""
        digest = hashlib.sha256(self._rows.tobytes())
        files = tf.data.TFRecordDataset(self._files)
        with reading_files(self._name):
            for records in files.batch(READ_BATCH).as_numpy_iterator():
                for record in records:
                    digest.update(hashlib.sha256(record).digest())
        return digest.digest()

    def batches(
        self, rows: np.ndarray, batch_size: int, steps: int, seed: tf.Tensor | Sequence
    ) -> tf.data.Dataset:
        """Full batches of the rows, read from disk; see `Images.batches`."""
        places = np.full(self._num_records, -1)
        places[self._rows[rows]] = np.arange(len(rows))
        seed = tf.convert_to_tensor(seed, tf.int64)
        passes = tf.data.Dataset.range(math.ceil(steps * batch_size / len(rows)))
        records = passes.flat_map(
            lambda number: self._shuffled(places, noise.fold_in(seed, number))
        )
        batches = records.batch(batch_size, drop_remainder=True).take(steps)
        return batches.map(self._images, tf.data.AUTOTUNE, deterministic=True)

    def _shuffled(self, places, seed):
        """A pass over the records with a place: files, and blocks of them, in random order."""
        order = noise.order([len(self._files)], noise.fold_in(seed, -1))
        records = self._records(order, FILES_AT_ONCE, self._block_length())
        blocks = records.map(self._keep(places >= 0)).enumerate()

        def shuffle(rank: tf.Tensor, block: tuple) -> tuple[tf.Tensor, tf.Tensor]:
            numbers, encoded = block
            order = noise.order([tf.shape(numbers)[0]], noise.fold_in(seed, rank))
            shuffled = tf.gather(tf.constant(places), tf.gather(numbers, order))
            return shuffled, tf.gather(encoded, order)

        return blocks.map(shuffle).unbatch()

    def _records(self, order, files_at_once, batch_size):
        """Batches of `(number, record)`: files in an order, numbers through all of them."""
        files, starts = tf.constant(self._files), tf.constant(self._starts, tf.int64)

        def numbered(file: tf.Tensor) -> tf.data.Dataset:
            return tf.data.TFRecordDataset(files[file]).enumerate(starts[file])

        files_in_order = tf.data.Dataset.from_tensor_slices(order)
        records = files_in_order.interleave(numbered, files_at_once, block_length=16)
        return records.batch(batch_size)

    def _block_length(self):
        total = sum(tf.io.gfile.stat(path).length for path in self._files)
        return max(1, int(BLOCK_BYTES / (total / self._num_records)))

    def _keep(self, mask):
        """A function of a batch of `(number, record)`: `(number, encoded image)` in the mask."""
        mask = tf.constant(mask)

        def keep(numbers: tf.Tensor, records: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            kept = tf.gather(mask, numbers)
            return tf.boolean_mask(numbers, kept), self._parse(tf.boolean_mask(records, kept))

        return keep

    def _images(self, numbers, encoded):
        """Decode a batch: one call for all of them is twice as fast as a call for each."""
        *_, channels = self._image_shape
        bare = tf.numpy_function(self._all_bare, [encoded], tf.bool)
        signature = tf.TensorSpec((None, None, channels), tf.uint8)

        def decoded(decode: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
            return tf.map_fn(decode, encoded, fn_output_signature=signature)

        images = tf.cond(
            tf.ensure_shape(bare, ()),
            lambda: decoded(lambda content: tf.io.decode_png(content, channels)),
            lambda: decoded(lambda content: tf.numpy_function(self._read, [content], tf.uint8)),
        )
        return numbers, tf.ensure_shape(images, (None, *self._image_shape))

    def _all_bare(self, encoded):
        *_, channels = self._image_shape
        return self._size is None and all(is_bare_png(content, channels) for content in encoded)

    def _read(self, encoded):
        *_, channels = self._image_shape
        return read_image(io.BytesIO(encoded), channels, self._size, self._reading)


@contextlib.contextmanager
def reading_files(name: str) -> Iterator[None]:
    """Turn TensorFlow's errors about a set's files into a `DataError`."""
    try:
        yield
    except (ImageError, tf.errors.InvalidArgumentError) as error:
        if unreadable := UNREADABLE.search(str(error)):
            raise DataError(f"{name}: {unreadable[0]}.") from error
        raise SeveralSizes(
            f"{name}: images of several sizes, or a damaged one. --image_size=H,W resizes all, "
            "and --fit says how."
        ) from error
    except tf.errors.OpError as error:
        raise DataError(f"{name}: a file is damaged ({first_line(error)}).") from error
