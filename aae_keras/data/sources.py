"""Where images come from: each reader returns a `Source`, uint8, -1 for "no label"."""

import dataclasses
import pathlib
import zipfile
import zlib

import numpy as np

from aae_keras import images as image_files
from aae_keras.data import prepared
from aae_keras.data.folders import read_folder
from aae_keras.data.source import DataError, Source
from aae_keras.errors import first_line
from aae_keras.images import MAX_PIXEL


def read(dataset, data_dir="", image_size=0, skip_unreadable=False, streaming="auto"):
    """Read a data set by what its name says it is.

    Args:
        dataset: `digits`, the path of an .npz file or of a folder of images, or the name of a
            tensorflow-datasets set.
        data_dir: Folder of tensorflow-datasets; "" for its own default.
        image_size: Pixels a side to resize to; 0 keeps the images as they are.
        skip_unreadable: Leave out image files that cannot be read, instead of refusing.
        streaming: Whether a tensorflow-datasets set stays on disk: `yes`, `no` or `auto`, see
            `prepared.read`. Other data is always read into memory.

    Raises:
        DataError: If there is no such data, or it cannot be used.
    """
    path = pathlib.Path(dataset).expanduser()
    size = (image_size, image_size) if image_size else None
    if dataset == "digits":
        return _resized(_read_digits(), size)
    if dataset.endswith(".npz"):
        return _resized(_read_npz(path), size)
    if path.is_dir() and not (data_dir and "/" not in dataset):
        return read_folder(path, size, skip_unreadable)
    if "/" in dataset and not _looks_like_tfds(dataset):
        raise DataError(f"{dataset}: there is no such folder. Give a folder of class folders.")
    return prepared.read(dataset, data_dir, size, streaming)


def _read_digits():
    from sklearn.datasets import load_digits

    digits = load_digits()
    # Grey levels 0 to 16, in exact steps of a sixteenth of the pixel range.
    pixels = np.rint(digits.images[..., None] * (MAX_PIXEL / 16)).astype("uint8")
    return Source(pixels, digits.target.astype("int64"), tuple(str(n) for n in range(10)))


def _read_npz(path):
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file.") from error
    except (OSError, ValueError, EOFError, TypeError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: not a readable .npz of plain arrays ({first_line(error)})."
        ) from error
    for key in ("x_train", "y_train"):
        if key not in arrays:
            raise DataError(
                f"{path}: expected the arrays x_train and y_train (x_test and y_test beside them "
                f"if there is a test part). Received: {', '.join(arrays) or 'none'}"
            )
    if ("x_test" in arrays) != ("y_test" in arrays):
        raise DataError(f"{path}: x_test and y_test must come together.")
    images = _checked_images(arrays["x_train"], f"{path}: x_train")
    labels = _checked_labels(arrays["y_train"], len(images), f"{path}: y_train")
    # Test labels may score what was found without any in training.
    test_images = test_labels = None
    if "x_test" in arrays:
        test_images = _checked_images(arrays["x_test"], f"{path}: x_test")
        test_labels = _checked_labels(arrays["y_test"], len(test_images), f"{path}: y_test")
    named_by = labels if test_labels is None or (labels >= 0).any() else test_labels
    num_classes = int(named_by.max(initial=-1)) + 1
    names = tuple(str(n) for n in range(num_classes))
    if test_images is None:
        return Source(images, labels, names)
    if test_images.shape[1:] != images.shape[1:]:
        raise DataError(
            f"{path}: x_train and x_test must hold images of one shape. "
            f"Received: {images.shape[1:]} and {test_images.shape[1:]}"
        )
    if test_labels.max(initial=-1) >= num_classes:
        raise DataError(
            f"{path}: y_test must hold classes that y_train holds, 0 to {num_classes - 1}. "
            f"Received: {test_labels.max()}"
        )
    return Source(images, labels, names, test_images, test_labels)


def _checked_images(images, name):
    """uint8 (n, height, width, channels) from either form DESIGN allows, or a DataError."""
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or 0 in images.shape:
        raise DataError(
            f"{name} must have shape [N, H, W] or [N, H, W, C], with images in it. "
            f"Received: shape {images.shape}"
        )
    if images.shape[3] not in (1, 3):
        raise DataError(
            f"{name} must have 1 channel (grey) or 3 (RGB), as the last dimension: [N, H, W, C]. "
            f"Received: shape {images.shape}"
        )
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise DataError(
            f"{name} must be uint8, or float in [0, 1]. Convert it with `.astype('uint8')` if its "
            f"values are 0 to 255. Received: {images.dtype}"
        )
    low, high = images.min(), images.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{name} must be finite. Received: NaN or infinite pixels")
    if low < 0 or high > 1:
        raise DataError(
            f"{name} holds floats, so they must lie in [0, 1]; divide by their maximum, or pass "
            f"uint8. Received: values from {low} to {high}"
        )
    return np.rint(images * MAX_PIXEL).astype("uint8")


def _checked_labels(labels, count, name):
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise DataError(
            f"{name} must be whole numbers, one per image: shape ({count},), -1 where there is "
            f"no label. Received: shape {labels.shape}, {labels.dtype}"
        )
    labels = labels.astype("int64")
    if labels.min(initial=0) < -1:
        raise DataError(
            f"{name} must be class numbers from 0, or -1 for no label. Received: {labels.min()}"
        )
    return labels


def _looks_like_tfds(name):
    """`set/config:version` rather than a path."""
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


def _resized(source, size):
    if size is None:
        return source

    def all_resized(images):
        return None if images is None else np.stack([image_files.resize(i, size) for i in images])

    return dataclasses.replace(
        source,
        images=all_resized(source.images),
        test_images=all_resized(source.test_images),
    )
