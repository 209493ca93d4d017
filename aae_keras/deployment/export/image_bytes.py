"""Decoding image files inside the graph, pixel for pixel as `images.read_image` does it.

A server gets the bytes of a file, and must see what training saw. TensorFlow's own conversions
differ from Pillow's: to grey in rounding, in resizing by up to 90 grey levels without `antialias`
and by 1 with it, and in JPEG by 3 with its fast transform. The arithmetic here is Pillow's, in
whole numbers. What cannot be treated alike is refused.
"""

from collections.abc import Sequence

import tensorflow as tf

from aae_keras.deployment.export import orientation, segments
from aae_keras.reading import Reading, placement

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
# A file of a few kilobytes may unfold to gigabytes, and take a server with it.
MAX_PIXELS = 50_000_000
MAX_SIDE = 65_535  # that of a JPEG: resizing takes memory for each row and column
# Where a PNG says how many bits a channel has (more than 8 are refused), and what channels.
PNG_BITS, PNG_16_BIT, PNG_KIND = 24, b"\x10", 25

# Pillow's weights of grey and of resizing are whole numbers of this many bits.
GREY_WEIGHTS, GREY_BITS = (19595, 38470, 7471), 16
RESIZE_BITS = 22


def decode_images(
    image_bytes: tf.Tensor, image_shape: tuple[int, int, int], reading: Reading | None = None
) -> tf.Tensor:
    """Decode PNG or JPEG files, and bring all of them to one shape.

    Args:
        image_bytes: string tensor [N], the contents of the files.
        image_shape: Height, width and channels (1 or 3) of the result.
        reading: How transparency and proportions are treated; None: the defaults.

    Returns:
        uint8 tensor [N, height, width, channels].

    Raises:
        InvalidArgumentError: When the graph runs, if a row is no such file (the message has its
            number), has more than `MAX_PIXELS` pixels, or cannot be read as training read it:
            more than 8 bits a channel, JPEG of four colours, damaged EXIF data.
    """
    reading = reading or Reading()
    return tf.map_fn(
        lambda content: _decode(content, image_shape, reading),
        _checked(image_bytes),
        fn_output_signature=tf.TensorSpec(image_shape, tf.uint8),
        name="m",  # a short one: it stands in the name of every node
    )


def _checked(image_bytes):
    """The same tensor, once each row is seen to begin like a PNG or a JPEG file."""
    head = _head(image_bytes)
    is_png = _has(head, 0, PNG) & ~_has(head, PNG_BITS, PNG_16_BIT)
    good = is_png | _has(head, 0, JPEG)
    check = segments.refused_unless(
        tf.reduce_all(good),
        "`image_bytes` must be the content of PNG or JPEG files with 8 bits a channel. "
        "These rows are not:",
        tf.where(~good)[:, 0],
    )
    with tf.control_dependencies([check]):  # or a decoder fails first, and names no row
        return tf.identity(image_bytes)


def _head(content):
    """The first bytes of files, padded: a substring beyond the end is an error of its own."""
    return tf.strings.join([tf.strings.substr(content, 0, 26), 26 * b"\0"])


def _has(content, place, mark):
    """Whether the bytes `mark` stand at a place of a file."""
    return tf.equal(tf.strings.substr(content, place, len(mark)), mark)


def _decode(content, image_shape, reading):
    """One file as a uint8 tensor of the shape."""
    height, width, channels = image_shape
    content = _not_too_large(content)
    pixels, beside = tf.cond(
        _has(content, 0, JPEG),
        lambda: (_jpeg(content), segments.of_jpeg(content)),
        lambda: _png(content, segments.of_png(content), reading.colour),
        name="f",  # short ones here too
    )
    stated = orientation.read(beside.exif, beside.xmp)
    pixels = orientation.upright(tf.cast(pixels, tf.int32), stated)
    coloured = tf.shape(pixels)[2] >= 3
    if channels == 1:
        pixels = tf.cond(coloured, lambda: _grey(pixels), lambda: pixels)
    else:
        pixels = tf.cond(coloured, lambda: pixels, lambda: tf.repeat(pixels, 3, axis=2))
    fitted = _fitted(pixels, (height, width), channels, reading)
    return tf.ensure_shape(tf.cast(fitted, tf.uint8), image_shape)


def _jpeg(content):
    """The pixels of a JPEG file that is grey or of three colours."""
    channels = tf.image.extract_jpeg_shape(content)[2]
    check = segments.refused_unless(
        channels <= 3,
        "A JPEG file of `image_bytes` has four colours (CMYK). Convert it to RGB. Received:",
        channels,
    )
    with tf.control_dependencies([check]):
        return tf.io.decode_jpeg(content, dct_method="INTEGER_ACCURATE")


def _png(content, beside, colour):
    """The pixels of a PNG file, laid over a background, and its `Segments`."""
    head = _head(content)
    has_alpha = _has(head, PNG_KIND, b"\4") | _has(head, PNG_KIND, b"\6")
    # Where nothing is transparent, TensorFlow's fourth channel is wrong for less than 8 bits.
    pixels = tf.cond(
        has_alpha | beside.transparent,
        lambda: _over_background(tf.io.decode_png(content, channels=4), colour),
        lambda: tf.io.decode_png(content),
    )
    return pixels, beside


def _over_background(pixels, colour):
    """RGBA over a background of one colour, mixed as Pillow mixes."""
    pixels = tf.cast(pixels, tf.int32)
    alpha = pixels[:, :, 3:]
    mixed = pixels[:, :, :3] * alpha + tf.constant(colour) * (255 - alpha) + 128
    return tf.cast(tf.bitwise.right_shift(mixed + tf.bitwise.right_shift(mixed, 8), 8), tf.uint8)


def _fitted(pixels, size, channels, reading):
    """The image in a size: a part of it scaled, in the middle of the background."""
    old = tf.unstack(tf.cast(tf.shape(pixels)[:2], tf.int64))
    part, scaled = placement(old, size, reading.fit, tf.minimum, tf.maximum)
    top, left = ((whole - some) // 2 for whole, some in zip(old, part, strict=True))
    pixels = resize(pixels[top : top + part[0], left : left + part[1]], scaled)
    if reading.fit != "pad":
        return pixels
    colour = tf.constant(reading.colour)[None, None]
    colour = _grey(colour) if channels == 1 else colour
    margins = [
        ((whole - some) // 2, whole - some - (whole - some) // 2)
        for whole, some in zip(size, scaled, strict=True)
    ]
    return tf.pad(pixels - colour, [*margins, (0, 0)]) + colour


def _not_too_large(content):
    """The same tensor, once its header names no more than `MAX_PIXELS` and `MAX_SIDE`."""
    # A PNG holds its width and height as four bytes each, the highest first.
    place = tf.constant([2**24, 2**16, 2**8, 1], tf.int64)

    def png_size() -> tf.Tensor:
        digits = tf.io.decode_raw(tf.strings.substr(_head(content), 16, 8), tf.uint8)
        return tf.reduce_sum(tf.reshape(tf.cast(digits, tf.int64), [2, 4]) * place, axis=1)

    def jpeg_size() -> tf.Tensor:
        return tf.image.extract_jpeg_shape(content, tf.int64)[:2]

    size = tf.cond(_has(content, 0, JPEG), jpeg_size, png_size)
    fits = (tf.reduce_prod(tf.cast(size, tf.float64)) <= MAX_PIXELS) & (
        tf.reduce_max(size) <= MAX_SIDE
    )
    check = segments.refused_unless(
        fits,
        f"A file of `image_bytes` has more than {MAX_PIXELS} pixels, or {MAX_SIDE} on a side. "
        "Its size is:",
        size,
    )
    with tf.control_dependencies([check]):
        return tf.identity(content)


def _grey(pixels):
    """One grey channel from three colours, weighted as Pillow weighs them."""
    weighted = tf.reduce_sum(pixels[:, :, :3] * GREY_WEIGHTS, axis=2, keepdims=True)
    return _rounded_shift(weighted, GREY_BITS)


def resize(pixels: tf.Tensor, size: Sequence[int | tf.Tensor]) -> tf.Tensor:
    """Resize an image as Pillow does: bilinear with antialiasing, in whole numbers.

    The width comes first, and each of the two passes is rounded to bytes.

    Args:
        pixels: int32 tensor [height, width, channels] of values from 0 to 255.
        size: New height and width, numbers or tensors.

    Returns:
        int32 tensor of the new size, of values from 0 to 255.
    """
    transposed = _resize_rows(tf.transpose(pixels, (1, 0, 2)), size[1])
    return _resize_rows(tf.transpose(transposed, (1, 0, 2)), size[0])


def _resize_rows(pixels, new):
    """An image with `new` rows in place of those it has."""
    new = tf.cast(new, tf.int32)
    old, width, channels = tf.unstack(tf.shape(pixels))
    flat = tf.reshape(pixels, [old, width * channels])
    mixed = _rounded_shift(tf.matmul(_resize_weights(old, new), flat), RESIZE_BITS)
    return tf.reshape(tf.clip_by_value(mixed, 0, 255), [new, width, channels])


def _resize_weights(old, new):
    """Weight of each old row in each new one, int32 [new, old]: a triangle around its place."""
    scale = tf.cast(old, tf.float64) / tf.cast(new, tf.float64)
    support = tf.maximum(scale, 1.0)  # shrinking: as wide as a new row is in old ones
    centre = (tf.range(new, dtype=tf.float64)[:, None] + 0.5) * scale
    row = tf.range(old)[None]
    first = tf.cast(tf.maximum(centre - support + 0.5, 0.0), tf.int32)
    last = tf.cast(centre + support + 0.5, tf.int32)
    distance = tf.abs(tf.cast(row, tf.float64) - centre + 0.5) * (1.0 / support)
    weights = tf.where((row >= first) & (row < last), tf.maximum(1.0 - distance, 0.0), 0.0)
    weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
    return tf.cast(weights * 2**RESIZE_BITS + 0.5, tf.int32)


def _rounded_shift(values, bits):
    """Whole numbers divided by 2^bits, rounded to the nearest."""
    return tf.bitwise.right_shift(values + 2 ** (bits - 1), bits)
