"""Where images come from: each reader returns a `Source`, uint8, -1 for "no label"."""

import dataclasses
import logging
from collections.abc import Sequence

import numpy as np

from aae_keras.data import capacity, joining, kinds, npz
from aae_keras.data.arrays import classes_without_labels, read_arrays
from aae_keras.data.folders import read_folder
from aae_keras.data.source import DataError, Source
from aae_keras.files import at_home
from aae_keras.images import MAX_PIXEL, adapt
from aae_keras.reading import Reading, size_of

log = logging.getLogger(__name__)


def read(
    dataset: str,
    data_dir: str = "",
    image_size: int | Sequence[int] = 0,
    skip_unreadable: bool = False,
    streaming: str = "auto",
    channels: int = 0,
    reading: Reading | None = None,
    labels: str = "",
) -> Source:
    """Read a data set by what its name says it is.

    Args:
        dataset: `digits`, the path of an .npz file or of a folder of images, or the name of a
            tensorflow-datasets set.
        data_dir: Folder of tensorflow-datasets; "" for its own default.
        image_size: Height and width in pixels, or one number for both; 0 keeps images as they are.
        skip_unreadable: Leave out image files that cannot be read, instead of refusing.
        streaming: Whether a tensorflow-datasets set stays on disk: `yes`, `no` or `auto`, see
            `prepared.read`. Other data is always read into memory.
        channels: 1 for grey, 3 for colour; 0 for those of the data, of which a folder's are colour
            if those of any image are.
        reading: How image files become pixels, a `Reading`; None: the defaults.
        labels: A table of labels beside those that the data has, see `tables.read_table`. It names
            the images of a folder by their path in it, others by their row in the training part,
            from 0 on. "": none.

    Raises:
        DataError: If there is no such data, or it cannot be used.
        ValueError: If a number is out of range.
    """
    if channels not in (0, 1, 3):
        raise ValueError(f"`channels` must be 1, 3, or 0 for the data's own. Received: {channels=}")
    reading = reading or Reading()
    kinds.check(dataset)
    path = at_home(dataset)
    size = size_of(image_size)
    is_digits, is_npz = dataset == "digits", _is_npz(dataset)
    if is_digits and path.is_dir():
        log.warning("digits is scikit-learn's set. The folder of that name is --dataset=./digits")
    if is_folder(dataset, data_dir):
        return read_folder(path, size, skip_unreadable, channels, reading, labels)
    if is_digits:
        source = _adapted(_read_digits(), channels, size, reading)
    elif is_npz:
        if not path.exists() and (place := kinds.elsewhere(dataset, data_dir)):
            raise DataError(place)
        source = _adapted(_read_npz(path), channels, size, reading)
    else:
        source = _read_prepared(dataset, data_dir, size, streaming, channels, reading)
    if labels:
        source = joining.label_rows(source, labels)
    if is_npz and (missing := classes_without_labels(source)):
        log.warning("%s has no label of class %s: nothing teaches it.", path, missing)
    return source


def is_folder(dataset: str, data_dir: str = "") -> bool:
    """Whether `dataset` is the path of a folder of images, see `read`."""
    by_name = dataset == "digits" or _is_npz(dataset) or (data_dir and "/" not in dataset)
    return at_home(dataset).is_dir() and not by_name


def is_prepared(dataset: str, data_dir: str = "") -> bool:
    """Whether it is the name of a tensorflow-datasets set, which takes TensorFlow to read."""
    others = (dataset == "digits", _is_npz(dataset), is_folder(dataset, data_dir))
    return not (any(others) or _is_path(dataset))


def _is_npz(dataset):
    return dataset.lower().endswith(".npz")


def _read_prepared(dataset, data_dir, size, streaming, channels, reading):
    if _is_path(dataset):
        raise DataError(f"{dataset}: there is no such folder. Give a folder of class folders.")
    from aae_keras.data import prepared  # it takes TensorFlow, which other data does without

    try:
        return prepared.read(dataset, data_dir, size, streaming, channels, reading)
    except prepared.UnknownSet as error:
        raise DataError(kinds.elsewhere(dataset, data_dir) or str(error)) from error


def _read_digits():
    from sklearn.datasets import load_digits

    digits = load_digits()
    # Grey levels 0 to 16, in exact steps of a sixteenth of the pixel range.
    pixels = np.rint(digits.images[..., None] * (MAX_PIXEL / 16)).astype("uint8")
    return Source(pixels, digits.target.astype("int64"), tuple(str(n) for n in range(10)))


def _read_npz(path):
    arrays = npz.read(path)
    return read_arrays(
        arrays["x_train"],
        arrays["y_train"],
        arrays.get("x_test"),
        arrays.get("y_test"),
        arrays.get("class_names"),
        where=f"{path}: ",
        suffix="_train",
    )


def _is_path(name):
    """Whether it is no name of a set, such as `set/config:version`."""
    return "/" in name and (name.count("/") > 1 or name.startswith((".", "/", "~")))


def _adapted(source, channels, size, reading):
    """The source with its images in other colours and another size."""
    channels = channels or source.images.shape[3]
    if size is not None:
        count = len(source.images) + (0 if source.test_images is None else len(source.test_images))
        what = f"{count} images of {size[0]}x{size[1]} pixels"
        capacity.check(count * size[0] * size[1] * channels, what, "Lower --image_size.")
    if channels == source.images.shape[3] and size is None:
        return source

    def adapted(images: np.ndarray | None) -> np.ndarray | None:
        if images is None:
            return None
        return np.stack([adapt(pixels, channels, size, reading) for pixels in images])

    return dataclasses.replace(
        source, images=adapted(source.images), test_images=adapted(source.test_images)
    )
