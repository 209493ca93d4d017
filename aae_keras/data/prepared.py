"""Sets that tensorflow-datasets has prepared on disk: read into memory, or left where they lie."""

import dataclasses
import logging
import pathlib
import typing

import numpy as np
import tensorflow as tf

from aae_keras.data.source import DataError, Source
from aae_keras.data.streaming import READ_BATCH, StreamedImages, reading_files
from aae_keras.errors import first_line
from aae_keras.reading import Reading
from aae_keras.remarks import REMARKS

if typing.TYPE_CHECKING:
    import tensorflow_datasets as tfds

log = logging.getLogger(__name__)

# A training part above this size, decoded, stays on disk where `streaming` is `auto`.
MEMORY_BYTES = 2**30


class UnknownSet(DataError):
    """A name that tensorflow-datasets does not know."""


def read(
    name: str,
    data_dir: pathlib.Path | str = "",
    size: tuple[int, int] | None = None,
    streaming: str = "auto",
    channels: int = 0,
    reading: Reading | None = None,
) -> Source:
    """Read a prepared set.

    Args:
        name: Of the set in tensorflow-datasets.
        data_dir: Where it has been prepared; "" for the default.
        size: (height, width) to resize to; None keeps the images as they are.
        streaming: `yes` leaves the training images on disk, `no` reads them into memory, `auto`
            decides by their size. The test part is always read into memory.
        channels: 1 for grey, 3 for colour, 0 for the set's own, opacity aside.
        reading: How images fill that size; None: the default.

    Returns:
        A `Source`.

    Raises:
        DataError: If the set is not there, or holds no labelled images of one size.
    """
    import tensorflow_datasets as tfds

    builder = prepared_builder(name, data_dir)
    keys, features = builder.info.supervised_keys, builder.info.features
    flat = keys and len(keys) == 2 and all(isinstance(key, str) for key in keys)
    if not flat or not isinstance(features[keys[0]], tfds.features.Image):
        raise DataError(f"{name}: not an image-classification set of tensorflow-datasets.")
    _check_parts(builder.info.splits, name)
    _check_image(features[keys[0]], name)
    _check_label(features[keys[1]], name)
    if builder.info.file_format != tfds.core.FileFormat.TFRECORD:
        raise DataError(
            f"{name} is prepared as {builder.info.file_format.value}, but only TFRecord files are "
            "read. Prepare it in another folder with python -m tools.prepare_data"
        )
    on_disk, labels = _on_disk(builder, "train", size, channels, reading)
    in_memory = streaming == "no" or (streaming == "auto" and on_disk.nbytes <= MEMORY_BYTES)
    images = on_disk[:] if in_memory else on_disk
    source = Source(images, labels, tuple(getattr(features[keys[1]], "names", ())))
    if "test" in builder.info.splits:
        test_images, test_labels = _on_disk(builder, "test", size, channels, reading)
        source = dataclasses.replace(source, test_images=test_images[:], test_labels=test_labels)
    return source if source.class_names else _numbered(source, name)


def _check_parts(parts, name):
    """Refuse a set without images to learn from; say which parts are not read."""
    if "train" not in parts:
        raise DataError(f"{name}: there is no part train in it. Received: {', '.join(parts)}")
    if others := [part for part in parts if part not in ("train", "test")]:
        log.warning(
            "%s: left out %s. Validation is held out of train.", name,
            ", ".join(f"{part} ({parts[part].num_examples} images)" for part in others),
        )  # fmt: skip


def _check_image(feature, name):
    """Refuse pixels that are no bytes; say what becomes of a fourth channel."""
    dtype = np.dtype(feature.np_dtype)
    if dtype != np.uint8 or feature.shape[2] == 2:
        raise DataError(
            f"{name}: images must be uint8, of 1, 3 or 4 channels. Write them so with another "
            f"builder. Received: {dtype} of shape {feature.shape}"
        )
    if feature.shape[2] == 4:
        log.warning("%s has four channels. %s", name, REMARKS["transparent"])


def _check_label(feature, name):
    """Refuse labels that are no class: only class names and whole numbers are read."""
    whole = np.issubdtype(feature.np_dtype, np.integer)
    if feature.shape != () or not whole:
        raise DataError(
            f"{name}: labels must be one class for each image. Received: {feature.np_dtype} of "
            f"shape {feature.shape}"
        )


def _numbered(source, name):
    """A set whose labels are whole numbers: each that occurs is a class, named by its number."""
    labels, test_labels = source.labels, source.test_labels
    numbers = np.unique(labels if test_labels is None else np.append(labels, test_labels))
    numbers = numbers[numbers >= 0]
    log.warning("%s has numbers in place of class names: %d of them.", name, len(numbers))

    def ranks(labels: np.ndarray) -> np.ndarray:
        return np.where(labels < 0, -1, np.searchsorted(numbers, labels))

    return dataclasses.replace(
        source,
        labels=ranks(labels),
        test_labels=None if test_labels is None else ranks(test_labels),
        class_names=tuple(map(str, numbers)),
    )


def _on_disk(builder, part, size, channels, reading):
    """The images of a part, where they lie, and its labels."""
    info = builder.info
    image, label = info.supervised_keys

    def parse(records: tf.Tensor, name: str, dtype: tf.DType) -> tf.Tensor:
        return tf.io.parse_example(records, {name: tf.io.FixedLenFeature((), dtype)})[name]

    files = [str(path) for path in info.splits[part].filepaths]
    images = StreamedImages(
        files,
        info.splits[part].shard_lengths,
        parse=lambda records: parse(records, image, tf.string),
        shape=info.features[image].shape,
        size=size,
        name=builder.name,
        channels=channels,
        reading=reading,
    )
    batches = tf.data.TFRecordDataset(files).batch(READ_BATCH)
    batches = batches.map(lambda records: parse(records, label, tf.int64))
    with reading_files(builder.name):
        labels = np.concatenate(list(batches.as_numpy_iterator()))
    if len(labels) != len(images):
        raise DataError(
            f"{builder.name}: {len(labels)} images in the files of {part}, but {len(images)} were "
            "prepared; a file has been cut short. Prepare the set again."
        )
    return images, labels


def prepared_builder(name: str, data_dir: pathlib.Path | str) -> "tfds.core.DatasetBuilder":
    """The tensorflow-datasets builder of a set that lies prepared on disk.

    Raises:
        UnknownSet: If tensorflow-datasets does not know the set.
        DataError: If it has not been prepared; nothing is downloaded here.
    """
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=data_dir or None)
    except (tfds.core.DatasetNotFoundError, ValueError, AssertionError, ImportError) as error:
        raise UnknownSet(
            f"Unknown data set {name!r}: expected digits, a tensorflow-datasets name, an .npz "
            f"file or a folder of images. tensorflow-datasets said: {first_line(error)}"
        ) from error
    if not builder.is_prepared():
        place = data_dir or "its default folder"
        raise DataError(
            f"{name} is not prepared in {place}. If it lies elsewhere, pass --data_dir=DIR; else "
            f"make it: python -m tools.prepare_data --dataset={name} --data_dir=DIR (downloads), "
            "with --from=FOLDER if you have the original files."
        )
    return builder
