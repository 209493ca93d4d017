"""A user's own arrays, from Python or from an .npz file: checked, and made a `Source`."""

import logging
from collections.abc import Mapping, Sequence, Set

import numpy as np
from numpy.typing import ArrayLike

from aae_keras import values
from aae_keras.data.source import DataError, Source
from aae_keras.images import MAX_PIXEL

log = logging.getLogger(__name__)

IMAGE_FORMS = "[N, H, W] or [N, H, W, C]"
GAPS = (
    "Labels must use every number from 0 to the largest. Number the classes anew, or pass "
    "`class_names`, a name for each number, if those classes exist (in an .npz as an array). "
    "`np.unique(labels, return_inverse=True)` gives names and numbers."
)


def read_arrays(
    x: ArrayLike,
    y: ArrayLike | None = None,
    x_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    *,
    where: str = "",
    suffix: str = "",
    forms: str = IMAGE_FORMS,
) -> Source:
    """The `Source` of arrays, or of lists that NumPy makes arrays of.

    Args:
        x: Images, [N, H, W] or [N, H, W, C] with 1 or 3 channels, uint8 or float in [0, 1].
        y: Class numbers, shape (N,) or (N, 1), -1 where there is no label; None: no labels at all.
        x_test, y_test: The same for the test part; None if there is none.
        class_names: A name for each class. None: the numbers up to the largest label, of the test
            part where `y` holds no label.
        where, suffix, forms: For messages: the file that holds the arrays, what follows the names
            of `x` and `y` there, and the forms that images may have.

    Raises:
        DataError: If the arrays cannot be used.
    """
    x_name, y_name = f"{where}x{suffix}", f"{where}y{suffix}"
    if (x_test is None) != (y_test is None):
        raise DataError(f"{where}x_test and y_test must come together.")
    images = _checked_images(x, x_name, forms)
    labels = _checked_labels(y, len(images), y_name)
    test_images = test_labels = None
    if x_test is not None:
        test_images = _checked_images(x_test, f"{where}x_test", forms)
        test_labels = _checked_labels(y_test, len(test_images), f"{where}y_test")
        if test_images.shape[1:] != images.shape[1:]:
            raise DataError(
                f"{x_name} and x_test must hold images of one shape. "
                f"Received: {images.shape[1:]} and {test_images.shape[1:]}"
            )
    largest = _largest(_naming_labels(labels, test_labels), y_name, class_names)
    names = _checked_names(range(largest + 1) if class_names is None else class_names)
    if len(names) <= largest:
        raise DataError(
            f"`class_names` must name every class, 0 to {largest}. Received: {len(names)} names"
        )
    if test_labels is not None and test_labels.max(initial=-1) >= len(names):
        raise DataError(
            f"{where}y_test must hold classes that y{suffix} holds, 0 to {len(names) - 1}. "
            f"Received: {test_labels.max()}"
        )
    return Source(images, labels, names, test_images, test_labels)


def read_arrays_or_vectors(
    x: ArrayLike,
    y: ArrayLike | None = None,
    x_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
) -> Source:
    """As `read_arrays`; also of vectors [N, D], and with a label of every class or names for them.

    A vector becomes an image of one row of D pixels, shape (1, D, 1).
    """
    images = values.as_array(x, "x")
    if images.ndim == 2:
        log.warning(
            "x holds vectors of %d values: each is taken as an image of one row, shape (1, %d, 1).",
            images.shape[1],
            images.shape[1],
        )
    images = _vectors_as_rows(images)
    test_images = None if x_test is None else _vectors_as_rows(values.as_array(x_test, "x_test"))
    forms = "[N, H, W], [N, H, W, C] or, as vectors, [N, D]"
    source = read_arrays(images, y, test_images, y_test, class_names, forms=forms)
    missing = classes_without_labels(source)
    if missing and class_names is None:
        raise DataError(f"{GAPS} Received: no label {missing}")
    if missing:
        log.warning("No label of class %s: nothing teaches it.", missing)
    return source


def classes_without_labels(source: Source) -> str:
    """The names of classes that no label has, "" if every class has one or if there are no labels.

    Labels of the test part count where the training part has none.
    """
    labels = _naming_labels(source.labels, source.test_labels)
    counts = np.bincount(labels[labels >= 0], minlength=len(source.class_names))
    if not counts.any():
        return ""
    return ", ".join(
        name for name, count in zip(source.class_names, counts, strict=True) if not count
    )


def _naming_labels(labels, test_labels):
    """The labels that say which classes there are."""
    # Test labels may score what was learned without any in training.
    return labels if test_labels is None or (labels >= 0).any() else test_labels


def _largest(labels, name, class_names):
    """The largest label, -1 where there is none; a DataError if most numbers up to it are unused.

    A gap or two may be classes without a label. Mostly gaps are numbers that name things.
    """
    used = np.unique(labels[labels >= 0])
    largest = int(used.max(initial=-1))
    if class_names is None and largest + 1 > 2 * len(used):
        few = np.setdiff1d(np.arange(min(largest, len(used) + 6)), used)[:6].tolist()
        missing = ", ".join(map(str, few[:5])) + (", ..." if len(few) > 5 else "")
        raise DataError(f"{name}: {GAPS} Received: no label {missing}; the largest is {largest}")
    return largest


def _checked_names(class_names):
    """Names of classes in the order of their numbers, of every form that says them for certain."""
    unordered = isinstance(class_names, str | bytes | Mapping | Set)
    if unordered or not np.iterable(class_names) or any(map(np.ndim, class_names)):
        raise DataError(
            "`class_names` must be a list of names, in the order of the classes' numbers. "
            f"Received: {type(class_names).__name__}, {class_names!r:.80}"
        )
    return tuple(
        name.decode(errors="surrogateescape") if isinstance(name, bytes) else str(name)
        for name in class_names
    )


def _vectors_as_rows(array):
    return array[:, None, :, None] if array.ndim == 2 else array


def _checked_images(images, name, forms):
    """uint8 (n, height, width, channels) from every form allowed, or a DataError."""
    images = values.as_array(images, name)
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or 0 in images.shape:
        raise DataError(
            f"{name} must have shape {forms}, with images in it. Received: shape {images.shape}"
        )
    if images.shape[3] not in (1, 3):
        raise DataError(
            f"{name} must have 1 channel (grey) or 3 (RGB), as the last dimension: [N, H, W, C]. "
            f"Received: shape {images.shape}"
        )
    if images.dtype == bool:
        images = images.astype("uint8") * np.uint8(MAX_PIXEL)
    if images.dtype.kind != "f" and images.dtype != np.uint8:
        raise DataError(
            f"{name} must be uint8, or float in [0, 1]. Convert it with `np.asarray(..., 'uint8')` "
            f"if its values are 0 to 255. Received: {images.dtype}"
        )
    values.check_pixels(images, name)
    if images.dtype == np.uint8:
        return images
    return np.rint(np.clip(images, 0, 1) * MAX_PIXEL).astype("uint8")


def _checked_labels(labels, count, name):
    """int64 (count,) from every form allowed, or a DataError; None: no labels."""
    if labels is None:
        return np.full(count, -1)
    return values.class_numbers(values.as_array(labels, name), count, name)
