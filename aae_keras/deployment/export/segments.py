"""The parts of a PNG or JPEG file beside its pixels, found inside the graph."""

from typing import NamedTuple

import tensorflow as tf

EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
PNG_XMP_NAME, PNG_XMP = b"XML:com.adobe.xmp\0", b"XML:com.adobe.xmp\0\0\0\0\0"
PNG_PROFILE = b"Raw profile type exif\0"


class Segments(NamedTuple):
    """What a file has beside its pixels.

    Attributes:
        exif, xmp: string scalars, "" for each that it has not.
        transparent: bool scalar, whether a PNG names colours that are transparent.
    """

    exif: tf.Tensor
    xmp: tf.Tensor
    transparent: tf.Tensor


def of_jpeg(content: tf.Tensor) -> Segments:
    """The `Segments` of a JPEG file, a string scalar that begins as one does."""

    def step(place: tf.Tensor, exif: tf.Tensor, xmp: tf.Tensor) -> tuple:
        mark = digits_of(content, place, 2)
        # Stray bytes before a marker are passed over one by one.
        is_mark = (mark[0] == 0xFF) & ~_is_any(mark[1], (0x00, 0xFF))
        length = tf.cond(is_mark, lambda: 2 + number(digits_of(content, place + 2, 2)), lambda: 1)
        segment = tf.cond(
            is_mark & (mark[1] == 0xE1),
            lambda: tf.strings.substr(content, place + 4, length - 4),
            lambda: "",
        )
        # Of EXIF data in several segments the first has the tags.
        exif = tf.where(begins(segment, EXIF) & is_empty(exif), segment, exif)
        xmp = tf.where(begins(segment, XMP), segment, xmp)
        return place + length, exif, xmp

    def goes_on(place: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return tf.cond(
            place < tf.strings.length(content) - 4,
            lambda: ~_is_any(number(digits_of(content, place, 2)), (0xFFD9, 0xFFDA)),
            lambda: False,
        )

    _, exif, xmp = tf.while_loop(goes_on, step, (tf.constant(2), "", ""))
    exif = tf.strings.substr(exif, tf.minimum(len(EXIF), tf.strings.length(exif)), 2**16)
    return Segments(exif, xmp, tf.constant(False))


def of_png(content: tf.Tensor) -> Segments:
    """The same of a PNG file.

    Raises:
        InvalidArgumentError: When the graph runs, if its EXIF or XMP data is compressed.
    """

    def step(place: tf.Tensor, exif: tf.Tensor, xmp: tf.Tensor, transparent: tf.Tensor) -> tuple:
        length = number(digits_of(content, place, 4))
        kind = tf.strings.substr(content, place + 4, 4)
        is_text = _is_any(kind, (b"tEXt", b"zTXt", b"iTXt"))
        chunk = tf.cond(
            is_text | (kind == b"eXIf"),
            lambda: tf.strings.substr(content, place + 8, length),
            lambda: "",
        )
        compressed = begins(chunk, PNG_XMP_NAME) & ~begins(chunk, PNG_XMP)
        check = tf.debugging.Assert(
            ~(is_text & (compressed | begins(chunk, PNG_PROFILE))),
            ["A PNG file of `image_bytes` has its EXIF data compressed. Save it without."],
        )
        with tf.control_dependencies([check]):
            exif = tf.where(kind == b"eXIf", chunk, exif)
        xmp = tf.where(is_text & begins(chunk, PNG_XMP), chunk, xmp)
        return place + 12 + length, exif, xmp, transparent | (kind == b"tRNS")

    def goes_on(place: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return (place >= 8) & (place < tf.strings.length(content) - 12)

    return Segments(*tf.while_loop(goes_on, step, (tf.constant(8), "", "", False))[1:])


def begins(content: tf.Tensor, mark: bytes) -> tf.Tensor:
    """Whether a text begins with a mark, a bool scalar."""
    return tf.strings.substr(content, 0, len(mark)) == mark


def is_empty(content: tf.Tensor) -> tf.Tensor:
    """Whether a text is "", a bool scalar."""
    return tf.strings.length(content) == 0


def digits_of(content: tf.Tensor, place: int | tf.Tensor, length: int | tf.Tensor) -> tf.Tensor:
    """Some bytes of a text, int32 (length,); fewer at its end."""
    place = tf.clip_by_value(place, 0, tf.strings.length(content))  # beyond it is an error
    part = tf.strings.substr(content, place, length)
    return tf.cast(tf.io.decode_raw(part, tf.uint8), tf.int32)


def number(digits: tf.Tensor) -> tf.Tensor:
    """The whole number of up to four bytes, the highest first: an int32 scalar, at most 2^30."""
    places = tf.constant([2**24, 2**16, 2**8, 1], tf.int64)[4 - tf.size(digits) :]
    total = tf.reduce_sum(tf.cast(digits, tf.int64) * places)
    return tf.cast(tf.minimum(total, 2**30), tf.int32)


def _is_any(value, values):
    return tf.reduce_any(value == tf.constant(values))
