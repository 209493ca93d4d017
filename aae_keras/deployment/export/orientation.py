"""How an image file says it was held, read inside the graph, and turning the image upright.

It is the tag Orientation of EXIF data, or else of XMP data, as Pillow reads them. What is damaged,
or written otherwise, is refused.
"""

import tensorflow as tf

from aae_keras.deployment.export.segments import begins, digits_of, is_empty, number, refused_unless

TAG, SHORT = 0x0112, 3
ENTRY_BYTES = 12
IN_XMP = r'(?s)\C*?tiff:Orientation(?:="|>)([0-9])\C*'


def read(exif: tf.Tensor, xmp: tf.Tensor) -> tf.Tensor:
    """The orientation that a file states, 1 where it states none.

    Args:
        exif, xmp: string scalars of `segments.Segments`.

    Returns:
        int32 scalar. 2 to 8 are to be turned.

    Raises:
        InvalidArgumentError: When the graph runs, if EXIF data cannot be read.
    """
    from_exif = tf.cond(is_empty(exif), lambda: 0, lambda: _in_exif(exif), name="e")  # short, too
    found = tf.strings.regex_full_match(xmp, IN_XMP)
    digit = tf.strings.regex_replace(xmp, IN_XMP, r"\1", replace_global=False)
    from_xmp = tf.strings.to_number(tf.where(found, digit, "1"), tf.int32)
    return tf.where(from_exif > 0, from_exif, from_xmp)


def upright(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turn an image as its orientation says.

    Args:
        pixels: Tensor [height, width, channels].
        orientation: int32 scalar, see `read`.
    """

    def among(*numbers: int) -> tf.Tensor:
        return tf.reduce_any(orientation == tf.constant(numbers))

    pixels = tf.cond(among(5, 6, 7, 8), lambda: tf.transpose(pixels, (1, 0, 2)), lambda: pixels)
    pixels = tf.cond(among(3, 4, 7, 8), lambda: tf.reverse(pixels, [0]), lambda: pixels)
    return tf.cond(among(2, 3, 6, 7), lambda: tf.reverse(pixels, [1]), lambda: pixels)


def _in_exif(exif):
    """The tag in EXIF data, 0 if it has none."""
    little = begins(exif, b"II*\0")
    start = _entry_number(exif, 4, 4, little)
    bounded = (little | begins(exif, b"MM\0*")) & (start >= 8)
    bounded &= start <= tf.strings.length(exif) - 2
    with tf.control_dependencies([_readable(bounded)]):
        count = _entry_number(exif, start, 2, little)
    size = ENTRY_BYTES * count
    with tf.control_dependencies([_readable(start + 2 + size <= tf.strings.length(exif))]):
        entries = tf.reshape(digits_of(exif, start + 2, size), [count, ENTRY_BYTES])
    # Two bytes each of tag and kind, four of a count, two of the value itself.
    low, high = entries[:, 0::2], entries[:, 1::2]
    words = tf.where(little, low + 256 * high, 256 * low + high)
    ours = tf.boolean_mask(words, words[:, 0] == TAG)
    one = tf.where(little, ours[:, 2], ours[:, 3]) == 1
    with tf.control_dependencies([_readable(tf.reduce_all((ours[:, 1] == SHORT) & one))]):
        return tf.reduce_sum(ours[-1:, 4])


def _readable(condition):
    message = "A file of `image_bytes` has damaged EXIF data. Save it anew, or without."
    return refused_unless(condition, message)


def _entry_number(content, place, length, little):
    """A whole number of some bytes, the lowest first if `little`."""
    digits = digits_of(content, place, length)
    return number(tf.where(little, digits[::-1], digits))
