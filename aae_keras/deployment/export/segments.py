"""The parts of a PNG or JPEG file beside its pixels, found inside the graph."""

from typing import NamedTuple

import tensorflow as tf

EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
PNG_XMP_NAME, PNG_XMP = b"XML:com.adobe.xmp\0", b"XML:com.adobe.xmp\0\0\0\0\0"
PNG_PROFILE = b"Raw profile type exif\0"
# Parts that are looked at, each in some 30 to 90 microseconds: files with more are refused, else a
# small one could hold a server for minutes. A PNG of 50 million pixels has 18 000 of 8 KiB.
MOST_OF_JPEG, MOST_OF_PNG = 1000, 20_000
LOOP = "w"  # a short name: it stands in that of every node


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
    """The `Segments` of a JPEG file, a string scalar that begins as one does.

    Raises:
        InvalidArgumentError: When the graph runs, if it has more than `MOST_OF_JPEG` parts.
    """

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

    start = (tf.constant(2), "", "")
    place, exif, xmp = tf.while_loop(
        goes_on, step, start, maximum_iterations=MOST_OF_JPEG, name=LOOP
    )
    with tf.control_dependencies([_all_seen(goes_on(place))]):
        exif = tf.identity(exif)
    exif = tf.strings.substr(exif, tf.minimum(len(EXIF), tf.strings.length(exif)), 2**16)
    return Segments(exif, xmp, tf.constant(False))


def of_png(content: tf.Tensor) -> Segments:
    """The same of a PNG file.

    Raises:
        InvalidArgumentError: When the graph runs, if its EXIF or XMP data is compressed, its
            transparent colour stands behind its pixels or is none that they can have, or it has
            more than `MOST_OF_PNG` parts.
    """
    depth, colours = tf.unstack(digits_of(content, 24, 2), 2)
    values = tf.gather([1, 0, 3, 0, 0, 0, 0], colours)  # that name a transparent colour
    most = tf.bitwise.left_shift(1, [tf.maximum(depth - 8, 0), depth])

    def step(place: tf.Tensor, exif: tf.Tensor, xmp: tf.Tensor, *seen: tf.Tensor) -> tuple:
        transparent, pixels = seen
        length = number(digits_of(content, place, 4))
        kind = tf.strings.substr(content, place + 4, 4)
        is_text = _is_any(kind, (b"tEXt", b"zTXt", b"iTXt"))
        chunk = tf.cond(
            is_text | (kind == b"eXIf"),
            lambda: tf.strings.substr(content, place + 8, length),
            lambda: "",
        )
        compressed = begins(chunk, PNG_XMP_NAME) & ~begins(chunk, PNG_XMP)
        plain = refused_unless(
            ~(is_text & (compressed | begins(chunk, PNG_PROFILE))),
            "A PNG file of `image_bytes` has its EXIF data compressed. Save it without.",
        )
        is_key = kind == b"tRNS"
        key = digits_of(content, place + 8, 2 * values)  # two bytes each, the higher one first
        beyond = tf.reduce_any(key[::2] >= most[0]) | tf.reduce_any(key[1::2] >= most[1])
        clear = refused_unless(
            ~(is_key & (pixels | beyond)),
            "A PNG file of `image_bytes` names its transparent colour wrongly. Save it anew.",
        )
        with tf.control_dependencies([plain, clear]):
            exif = tf.where(kind == b"eXIf", chunk, exif)
        xmp = tf.where(is_text & begins(chunk, PNG_XMP), chunk, xmp)
        return place + 12 + length, exif, xmp, transparent | is_key, pixels | (kind == b"IDAT")

    def goes_on(place: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return (place >= 8) & (place < tf.strings.length(content) - 12)

    start = (tf.constant(8), "", "", False, False)
    place, exif, xmp, transparent, _ = tf.while_loop(
        goes_on, step, start, maximum_iterations=MOST_OF_PNG, name=LOOP
    )
    with tf.control_dependencies([_all_seen(goes_on(place))]):
        return Segments(tf.identity(exif), xmp, transparent)


def _all_seen(goes_on):
    message = "A file of `image_bytes` has too many parts beside its pixels. Save it anew."
    return refused_unless(~goes_on, message)


def refused_unless(good: tf.Tensor, *said: str | tf.Tensor) -> tf.Operation:
    """An InvalidArgumentError when the graph runs, unless it is good.

    It is one node, where `tf.debugging.Assert` makes two functions for it.

    Args:
        good: bool scalar.
        said: What the error says, texts and tensors.
    """
    return tf.raw_ops.Assert(condition=good, data=list(said), summarize=20)


def begins(content: tf.Tensor, mark: bytes) -> tf.Tensor:
    """Whether a text begins with a mark, a bool scalar."""
    return tf.strings.substr(content, 0, len(mark)) == mark


def is_empty(content: tf.Tensor) -> tf.Tensor:
    """Whether a text is "", a bool scalar."""
    return tf.strings.length(content) == 0


def digits_of(content: tf.Tensor, place: int | tf.Tensor, length: int | tf.Tensor) -> tf.Tensor:
    """Some bytes of a text, int32 (length,); fewer at its end."""
    place = tf.minimum(place, tf.strings.length(content))  # beyond it is an error
    part = tf.strings.substr(content, place, length)
    return tf.cast(tf.io.decode_raw(part, tf.uint8), tf.int32)


def number(digits: tf.Tensor) -> tf.Tensor:
    """The whole number of up to four bytes, the highest first: an int32 scalar, at most 2^30."""
    places = tf.constant([2**24, 2**16, 2**8, 1], tf.int64)[4 - tf.size(digits) :]
    total = tf.reduce_sum(tf.cast(digits, tf.int64) * places)
    return tf.cast(tf.minimum(total, 2**30), tf.int32)


def _is_any(value, values):
    return tf.reduce_any(value == tf.constant(values))
