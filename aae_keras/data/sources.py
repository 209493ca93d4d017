"""Where images come from: each reader returns a `Source`, uint8 in memory, -1 for "no label"."""

import dataclasses
import logging
import pathlib
import zipfile
import zlib

import numpy as np
from PIL import Image

from aae_keras import images as image_files
from aae_keras.errors import UserError, first_line
from aae_keras.images import MAX_PIXEL, ImageError

log = logging.getLogger(__name__)

UNLABELED_FOLDER = "unlabeled"


class DataError(UserError):
    """Data that is missing or cannot be used; the message says how to mend it."""


@dataclasses.dataclass(frozen=True)
class Source:
    """A data set as it was found.

    Attributes:
        images: uint8, shape (n, height, width, channels).
        labels: int64, shape (n,): class indices, -1 where there is no label.
        class_names: One string per class.
        test_images, test_labels: The same for the test part; None where the data has none.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple
    test_images: np.ndarray | None = None
    test_labels: np.ndarray | None = None


def read(dataset, data_dir="", image_size=0, skip_unreadable=False):
    """Read a data set by what its name says it is.

    Args:
        dataset: `digits`, the path of an .npz file or of a folder of images, or the name of a
            tensorflow-datasets set.
        data_dir: Folder of tensorflow-datasets; "" for its own default.
        image_size: Pixels a side to resize to; 0 keeps the images as they are.
        skip_unreadable: Leave out image files that cannot be read, instead of refusing.

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
        return _read_folder(path, size, skip_unreadable)
    if "/" in dataset and not _looks_like_tfds(dataset):
        raise DataError(f"{dataset}: there is no such folder. Give a folder of class folders.")
    return _read_tfds(dataset, data_dir, size)


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
    num_classes = max(int(labels.max(initial=-1)) + 1, 1)
    names = tuple(str(n) for n in range(num_classes))
    if "x_test" not in arrays:
        return Source(images, labels, names)
    test_images = _checked_images(arrays["x_test"], f"{path}: x_test")
    test_labels = _checked_labels(arrays["y_test"], len(test_images), f"{path}: y_test")
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


def _read_folder(root, size, skip_unreadable):
    train_root = root / "train" if (root / "train").is_dir() else root
    class_names = tuple(_class_folders(train_root))
    if not class_names:
        raise DataError(
            f"{root}: expected folders of images, one per class (under it or under train/), and "
            f"optionally {UNLABELED_FOLDER}/. Received: no folder with another name"
        )
    files = _labelled_files(train_root, class_names)
    for folder in dict.fromkeys([root / UNLABELED_FOLDER, train_root / UNLABELED_FOLDER]):
        files += [(file, -1) for file in _image_files(folder)]
    test_files = []
    if (root / "test").is_dir():
        unknown = set(_class_folders(root / "test")) - set(class_names)
        if unknown:
            raise DataError(
                f"{root}/test: classes that {train_root} does not have: "
                f"{', '.join(sorted(unknown))}"
            )
        test_files = _labelled_files(root / "test", class_names)
    if not files:
        raise DataError(f"{train_root}: no image files ({', '.join(image_files.EXTENSIONS)}).")
    reader = _FolderReader(size, skip_unreadable)
    images, labels = reader.read(files)
    if not test_files:
        return Source(images, labels, class_names)
    return Source(images, labels, class_names, *reader.read(test_files))


def _class_folders(root):
    return sorted(
        entry.name
        for entry in root.iterdir()
        if entry.is_dir()
        and not entry.name.startswith((".", "__"))
        and entry.name not in (UNLABELED_FOLDER, "train", "test")
    )


def _labelled_files(root, class_names):
    return [
        (file, label)
        for label, name in enumerate(class_names)
        for file in _image_files(root / name)
    ]


def _image_files(folder):
    if not folder.is_dir():
        return []
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in image_files.EXTENSIONS and not file.name.startswith(".")
    )


class _FolderReader:
    """Reads files into one array of one shape, that of the first file read.

    Args:
        size: (height, width) to resize to; None keeps the images as they are.
        skip_unreadable: Leave out files that cannot be read, with a warning. Files of another
            shape are never left out: they are refused.
    """

    def __init__(self, size, skip_unreadable):
        self.size = size
        self.skip_unreadable = skip_unreadable
        self.shape = None

    def read(self, files):
        """Arrays of images and labels of (path, label) pairs."""
        images, labels, unreadable, odd = [], [], [], []
        for path, label in files:
            try:
                pixels = image_files.read_image(path, _channels(path), self.size)
            except ImageError as error:
                unreadable.append(str(error))
                continue
            self.shape = self.shape or pixels.shape
            if pixels.shape == self.shape:
                images.append(pixels)
                labels.append(label)
            else:
                odd.append(f"{path}: {_describe(pixels.shape)}")
        if odd:
            raise DataError(
                f"{len(odd)} of {len(files)} images are not {_describe(self.shape)} like the "
                "first. --image_size=N resizes all; grey and colour must not be mixed:"
                + _listing(odd)
            )
        if unreadable and not (self.skip_unreadable and images):
            raise DataError(
                f"{len(unreadable)} of {len(files)} image files cannot be read. Mend or remove "
                "them, or pass --skip_unreadable to leave them out:" + _listing(unreadable)
            )
        if unreadable:
            log.warning(
                "Left out %d of %d image files:%s",
                len(unreadable),
                len(files),
                _listing(unreadable),
            )
        return np.stack(images), np.asarray(labels, "int64")


def _listing(lines):
    shown = lines[:5] + ["..."] * (len(lines) > 5)
    return "".join(f"\n  {line}" for line in shown)


def _describe(shape):
    height, width, channels = shape
    return f"{height}x{width} pixels in {'grey' if channels == 1 else 'colour'}"


def _channels(path):
    try:
        with Image.open(path) as file:
            return 1 if file.mode in ("1", "L", "LA") else 3
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path}: not a readable image ({error}).") from error


def _looks_like_tfds(name):
    """`set/config:version` rather than a path."""
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


def _read_tfds(name, data_dir, size):
    import tensorflow_datasets as tfds

    builder = prepared_builder(name, data_dir)
    keys = builder.info.supervised_keys
    features = builder.info.features
    if not keys or not isinstance(features[keys[0]], tfds.features.Image):
        raise DataError(f"{name}: not an image-classification set of tensorflow-datasets.")

    def split(part):
        pixels, labels = [], []
        for image, label in builder.as_dataset(split=part, as_supervised=True).as_numpy_iterator():
            pixels.append(image_files.resize(image, size) if size else image)
            labels.append(label)
        if len({image.shape for image in pixels}) > 1:
            raise DataError(f"{name}: images of several sizes; --image_size=N resizes all.")
        return np.stack(pixels), np.asarray(labels, "int64")

    names = tuple(features[keys[1]].names)
    if "test" in builder.info.splits:
        return Source(*split("train"), names, *split("test"))
    return Source(*split("train"), names)


def prepared_builder(name, data_dir):
    """The tensorflow-datasets builder of a set that lies prepared on disk.

    Raises:
        DataError: If tensorflow-datasets does not know the set, or it has not been prepared;
            nothing is downloaded here.
    """
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=data_dir or None)
    except (tfds.core.DatasetNotFoundError, ValueError, AssertionError, ImportError) as error:
        raise DataError(
            f"Unknown data set {name!r}: expected digits, a tensorflow-datasets name, an .npz "
            f"file or a folder of images. tensorflow-datasets said: {first_line(error)}"
        ) from error
    if not builder.is_prepared():
        place = data_dir or "its default folder"
        raise DataError(
            f"{name} is not prepared in {place}. If it lies elsewhere, pass --data_dir=DIR; else "
            f"make it: python -m tools.prepare_data --dataset={name} --data_dir=DIR (downloads), "
            "with --from=FOLDER if you have the original files."
        )
    return builder


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
