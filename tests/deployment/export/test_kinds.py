"""The serving graph and the file reader on every kind of file: equal pixels, or a refusal."""

import io

import numpy as np
import pytest
import tensorflow as tf

from aae_keras.deployment.export import image_bytes
from aae_keras.images import ImageError, read_image
from aae_keras.reading import Reading, placement
from tests.data import kinds

SIZE = (20, 11)
# PNG and JPEG files that the reader takes and the graph refuses by contract.
REFUSED = {
    "png-16-bits-colour", "png-16-bits-grey-alpha", "png-turned-by-compressed-xmp",
    "png-turned-by-text", "jpeg-cmyk", "jpeg-turned-by-a-long", "jpeg-exif-damaged",
    "jpeg-exif-cut",
}  # fmt: skip
SERVED = {
    name: make for name, make in kinds.READABLE.items() if name.startswith(("png-", "jpeg-"))
} | {"jpeg-2000": kinds.READABLE["jpeg-2000"]}


def decoder(channels, reading):
    """Traced as in an export: any number of files."""
    spec = tf.TensorSpec([None], tf.string)
    return tf.function(
        lambda content: image_bytes.decode_images(content, (*SIZE, channels), reading),
        input_signature=[spec],
    )


@pytest.mark.parametrize(
    "channels, reading",
    [(1, Reading()), (3, Reading("pad", "#20c040")), (3, Reading("crop", "black"))],
)
def test_a_file_is_the_same_pixels_or_is_refused(channels, reading):
    decode, refused = decoder(channels, reading), set()
    for name, make in SERVED.items():
        try:
            served = decode(tf.constant([make()])).numpy()[0]
        except tf.errors.InvalidArgumentError:
            refused.add(name)
            continue
        expected = read_image(io.BytesIO(make()), channels, SIZE, reading)
        np.testing.assert_array_equal(served, expected, err_msg=name)
    assert refused == REFUSED | {"jpeg-2000"}


def test_what_the_reader_refuses_the_graph_does_not_guess():
    decode, served = decoder(1, Reading()), set()
    for name, make in (kinds.DAMAGED | kinds.DEEP).items():
        with pytest.raises(ImageError):
            read_image(io.BytesIO(make()), 1)
        try:
            decode(tf.constant([make()]))
            served.add(name)
        except tf.errors.InvalidArgumentError:
            pass
    assert served == {"png-large-text"}  # its pixels are whole, and the graph reads no text


@pytest.mark.parametrize("name", ["jpeg-cmyk", "jpeg-exif-damaged", "png-turned-by-text"])
def test_a_refusal_says_what_to_do(name):
    message = {"jpeg-cmyk": "Convert it to RGB", "jpeg-exif-damaged": "Save it anew"}
    with pytest.raises(tf.errors.InvalidArgumentError, match=message.get(name, "Save it without")):
        decoder(1, Reading())(tf.constant([kinds.READABLE[name]()]))


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_tensors_are_placed_as_numbers_are(fit):
    random = np.random.default_rng(0)
    for height, width, *new in random.integers(1, 90, (60, 4)).tolist():
        tensors = tf.constant(height, tf.int64), tf.constant(width, tf.int64)
        of_tensors = placement(tensors, new, fit, tf.minimum, tf.maximum)
        of_numbers = placement((height, width), new, fit)
        np.testing.assert_array_equal(of_tensors, of_numbers)
