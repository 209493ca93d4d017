"""Decoding inside the graph against Pillow's, pixel for pixel."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from aae_keras.deployment.export import image_bytes
from aae_keras.images import read_image
from tests.data import kinds


def content(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def smooth(mode, size=(37, 23)):
    """A picture of every value: random corners, drawn large."""
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 4), dtype="uint8")
    return Image.fromarray(pixels, "RGBA").resize(size).convert(mode)


@pytest.fixture(scope="module")
def decode():
    """Traced as in an export: any number of files."""
    spec = tf.TensorSpec([None], tf.string)
    traced = {}

    def decoded(contents, shape):
        if shape not in traced:
            traced[shape] = tf.function(
                lambda content: image_bytes.decode_images(content, shape), input_signature=[spec]
            )
        return traced[shape](tf.constant(contents, tf.string)).numpy()

    return decoded


FILES = {
    "png-grey": lambda: content(smooth("L"), "PNG"),
    "png-colour": lambda: content(smooth("RGB"), "PNG"),
    "png-alpha": lambda: content(smooth("RGBA"), "PNG"),
    "png-grey-alpha": lambda: content(smooth("LA"), "PNG"),
    "png-palette": lambda: content(smooth("RGB").quantize(40), "PNG"),
    "png-black-and-white": lambda: content(smooth("1"), "PNG"),
    "jpeg-grey": lambda: content(smooth("L"), "JPEG"),
    "jpeg-colour": lambda: content(smooth("RGB"), "JPEG", subsampling=2),
    "jpeg-progressive": lambda: content(smooth("RGB"), "JPEG", progressive=True),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_becomes_the_pixels_that_training_reads(decode, name, channels):
    file = FILES[name]()
    for size in ((23, 37), (8, 8)):  # as it is, and made smaller
        expected = read_image(io.BytesIO(file), channels, size)
        np.testing.assert_array_equal(decode([file], (*size, channels))[0], expected)


def test_files_of_several_sizes_and_kinds_make_one_batch(decode):
    files = [FILES[name]() for name in FILES] + [content(smooth("L", (3, 90)), "PNG")]
    decoded = decode(files, (28, 28, 1))
    for file, pixels in zip(files, decoded, strict=True):
        np.testing.assert_array_equal(pixels, read_image(io.BytesIO(file), 1, (28, 28)))
    assert decode([], (28, 28, 1)).shape == (0, 28, 28, 1)


def test_resizing_is_pillows_to_the_last_bit():
    random = np.random.default_rng(1)
    for _ in range(60):
        height, width, new_height, new_width = (int(n) for n in random.integers(1, 90, 4))
        pixels = random.integers(0, 256, (height, width, 3), dtype="uint8")
        resized = image_bytes.resize(tf.constant(pixels, tf.int32), (new_height, new_width))
        expected = Image.fromarray(pixels).resize(
            (new_width, new_height), Image.Resampling.BILINEAR
        )
        np.testing.assert_array_equal(resized, np.asarray(expected))


@pytest.mark.parametrize("bad", [b"", b"\xff\xd8", b"no image", b"GIF89a and more of it"])
def test_what_is_no_png_or_jpeg_is_named_by_its_row(decode, bad):
    good = FILES["png-grey"]()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"These rows are not:[^\d]*\[1 3\]"):
        decode([good, bad, good, bad], (8, 8, 1))


def test_grey_of_16_bits_is_refused_as_training_refuses_it(decode):
    deep = content(Image.fromarray(np.full((4, 4), 1000, "uint16")), "PNG")
    with pytest.raises(ValueError, match="8 bits"):
        read_image(io.BytesIO(deep), 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"8 bits a channel.*\[0\]"):
        decode([deep], (4, 4, 1))


def test_a_small_file_of_a_huge_picture_is_refused_before_it_unfolds(decode):
    bombs = [
        content(Image.new("1", (16_000, 4_000)), "PNG"),
        content(Image.new("L", (8_000, 8_000)), "JPEG", quality=1),
    ]
    for bomb in bombs:
        assert len(bomb) < 2_000_000
        with pytest.raises(tf.errors.InvalidArgumentError, match="more than 50000000 pixels"):
            decode([FILES["png-grey"](), bomb], (8, 8, 1))
    for cut in range(8, 34):  # a file that ends within its header
        with pytest.raises(tf.errors.InvalidArgumentError):
            decode([FILES["png-grey"]()[:cut]], (8, 8, 1))


@pytest.mark.parametrize("size", [(1_000_000, 1), (1, 65_536)])
def test_a_file_of_few_pixels_and_a_long_side_is_refused(decode, size):
    """A million columns resized to 128 took 2 GB, for a file of 201 bytes."""
    with pytest.raises(tf.errors.InvalidArgumentError, match="or 65535 on a side"):
        decode([content(Image.new("1", size), "PNG")], (8, 8, 1))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_file_of_too_many_parts_is_refused(decode, kind):
    """100 kB of stray bytes in a JPEG held a server for seconds."""
    file = content(smooth("RGB"), kind)
    chunk = b"\0\0\0\0aaAa" + struct.pack(">I", zlib.crc32(b"aaAa"))
    place, part, few, many = {  # behind the header, or the first segment
        "PNG": (33, chunk, 19_000, 20_000),
        "JPEG": (20, b"\0", 900, 1000),
    }[kind]
    expected = read_image(io.BytesIO(file), 3)
    taken = decode([file[:place] + few * part + file[place:]], (23, 37, 3))
    np.testing.assert_array_equal(taken[0], expected)
    with pytest.raises(tf.errors.InvalidArgumentError, match="too many parts beside its pixels"):
        decode([file[:place] + many * part + file[place:]], (23, 37, 3))


@pytest.mark.parametrize(
    "file",
    [
        kinds.png(4, 0, kinds.grey_rows(4), 16, (b"tRNS", b"\0\xc8")),  # 200 of 15
        kinds.png(1, 0, [b"\xaa\xaa"] * 6, 16, (b"tRNS", b"\0\2")),
        kinds.png(8, 2, [bytes(range(48))] * 6, 16, (b"tRNS", b"\1\0\0\1\0\2")),
        kinds.with_chunk_at_its_end(content(smooth("L"), "PNG"), b"tRNS", b"\0\x40"),
    ],
)
def test_a_transparent_colour_that_decoders_read_in_several_ways_is_refused(decode, file):
    with pytest.raises(tf.errors.InvalidArgumentError, match="transparent colour wrongly"):
        decode([file], (6, 16, 1))


def test_deeper_damage_fails_the_request(decode):
    file = FILES["png-colour"]()
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode([file, file[: len(file) // 2]], (8, 8, 3))
