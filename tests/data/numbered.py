"""Images that carry their row number, in memory and in files."""

import numpy as np
import tensorflow as tf

from aae_keras.data.streaming import StreamedImages

LENGTHS = (50, 30, 40)


def numbered_images():
    """120 images of 2x3 pixels; the first two pixels are the row number in base 16."""
    pixels = np.zeros((120, 2, 3, 1), "uint8")
    pixels[:, 0, 0, 0], pixels[:, 0, 1, 0] = np.divmod(np.arange(120), 16)
    return pixels


def rows_of(images):
    """The row numbers that images carry."""
    return images[..., 0, 0, 0].astype(int) * 16 + images[..., 0, 1, 0]


def png(image):
    return tf.io.encode_png(image).numpy()


def streamed_images(folder, encode=png, **options):
    """The same, in three files."""
    files = [str(folder / f"{number}.tfrecord") for number in range(3)]
    rows = iter(numbered_images())
    for path, length in zip(files, LENGTHS, strict=True):
        with tf.io.TFRecordWriter(path) as writer:
            for _ in range(length):
                writer.write(encode(next(rows)))
    return StreamedImages(files, LENGTHS, parse=lambda records: records, **options)
