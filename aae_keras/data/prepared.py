"""Sets that tensorflow-datasets has prepared on disk: read into memory, or left where they lie."""

import math

import numpy as np
import tensorflow as tf

from aae_keras.data.source import DataError, Source
from aae_keras.data.streaming import StreamedImages
from aae_keras.errors import first_line
from aae_keras.images import resize

# A training part above this size, decoded, stays on disk where `streaming` is `auto`.
MEMORY_BYTES = 2**30
READ_BATCH = 1000


def read(name, data_dir="", size=None, streaming="auto"):
    """Read a prepared set.

    Args:
        name: Of the set in tensorflow-datasets.
        data_dir: Where it has been prepared; "" for the default.
        size: (height, width) to resize to; None keeps the images as they are.
        streaming: `yes` leaves the training images on disk, `no` reads them into memory, `auto`
            decides by their size. The test part is always read into memory.

    Returns:
        A `Source`.

    Raises:
        DataError: If the set is not there, or holds no labelled images of one size.
    """
    import tensorflow_datasets as tfds

    builder = prepared_builder(name, data_dir)
    keys, features = builder.info.supervised_keys, builder.info.features
    if not keys or not isinstance(features[keys[0]], tfds.features.Image):
        raise DataError(f"{name}: not an image-classification set of tensorflow-datasets.")
    if _streams(builder, size, streaming):
        train = _streamed(builder, size)
    else:
        train = _in_memory(builder, "train", size)
    names = tuple(features[keys[1]].names)
    if "test" in builder.info.splits:
        return Source(*train, names, *_in_memory(builder, "test", size))
    return Source(*train, names)


def _streams(builder, size, streaming):
    shape = builder.info.features[builder.info.supervised_keys[0]].shape
    if size is not None:
        shape = (*size, shape[-1])
    if streaming == "auto" and None not in shape:
        return builder.info.splits["train"].num_examples * math.prod(shape) > MEMORY_BYTES
    return streaming == "yes"


def _in_memory(builder, part, size):
    """Images and labels of a part, in the order of its files."""
    import tensorflow_datasets as tfds

    in_order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    dataset = builder.as_dataset(split=part, as_supervised=True, read_config=in_order)
    if size is not None:
        dataset = dataset.map(
            lambda image, label: (
                tf.numpy_function(lambda pixels: resize(pixels, size), [image], tf.uint8),
                label,
            )
        )
    images, labels, done = None, np.empty(builder.info.splits[part].num_examples, "int64"), 0
    try:
        for some_images, some_labels in dataset.batch(READ_BATCH).as_numpy_iterator():
            if images is None:
                images = np.empty((len(labels), *some_images.shape[1:]), "uint8")
            rows = slice(done, done := done + len(some_labels))
            images[rows], labels[rows] = some_images, some_labels
    except (tf.errors.InvalidArgumentError, ValueError) as error:
        raise DataError(
            f"{builder.name}: images of several sizes; --image_size=N resizes all."
        ) from error
    return images, labels


def _streamed(builder, size):
    """`StreamedImages` of the training part, and its labels."""
    import tensorflow_datasets as tfds

    info, part = builder.info, builder.info.splits["train"]
    image, label = info.supervised_keys
    if info.file_format != tfds.core.FileFormat.TFRECORD:
        raise DataError(
            f"{builder.name} is prepared as {info.file_format.value}, but only TFRecord files can "
            "be streamed. Prepare it so, or pass --streaming=no."
        )

    def parse(records, name, dtype):
        return tf.io.parse_example(records, {name: tf.io.FixedLenFeature((), dtype)})[name]

    files = [str(path) for path in part.filepaths]
    images = StreamedImages(
        files,
        part.shard_lengths,
        parse=lambda records: parse(records, image, tf.string),
        decode=info.features[image].decode_example,
        shape=info.features[image].shape,
        size=size,
        name=builder.name,
    )
    batches = tf.data.TFRecordDataset(files).batch(READ_BATCH)
    labels = batches.map(lambda records: parse(records, label, tf.int64))
    return images, np.concatenate(list(labels.as_numpy_iterator()))


def prepared_builder(name, data_dir):
    """The tensorflow-datasets builder of a set that lies prepared on disk.

    Raises:
        DataError: If tensorflow-datasets does not know the set, or it has not been prepared;
            nothing is downloaded here.
    """
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=data_dir or None)
    except (tfds.core.DatasetNotFoundError, ValueError, AssertionError, ImportError) as error:
        raise DataError(
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
