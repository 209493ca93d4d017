"""Reading a folder of images: class folders, unlabelled images, a test part."""

import logging
import pathlib

import numpy as np
from PIL import Image

from aae_keras import images as image_files
from aae_keras.data.source import DataError, Source
from aae_keras.images import ImageError

log = logging.getLogger(__name__)

UNLABELED_FOLDER = "unlabeled"


def read_folder(root: pathlib.Path, size: tuple[int, int] | None, skip_unreadable: bool) -> Source:
    """The `Source` in a folder.

    Args:
        root: Folder of class folders, or of `train/` and `test/` with class folders in them.
        size: (height, width) to resize to; None keeps the images as they are.
        skip_unreadable: Leave out files that cannot be read, instead of refusing.

    Raises:
        DataError: If there are no images, or they cannot be used.
    """
    train_root = root / "train" if (root / "train").is_dir() else root
    train_classes = _class_folders(train_root)
    test_classes = _class_folders(root / "test") if (root / "test").is_dir() else []
    # Images alone may be scored by a test part with classes.
    class_names = tuple(train_classes or test_classes)
    files = _labelled_files(train_root, class_names)
    for folder in dict.fromkeys([root / UNLABELED_FOLDER, train_root / UNLABELED_FOLDER]):
        files += [(file, -1) for file in _image_files(folder)]
    if not train_classes:
        files += [(file, -1) for file in _image_files(train_root) if file.parent == train_root]
        if not files:
            raise DataError(
                f"{root}: expected folders of images, one per class (under it or under train/), "
                f"and optionally {UNLABELED_FOLDER}/; or images alone, where no labels are "
                "needed. Received: neither"
            )
    test_files = []
    if (root / "test").is_dir():
        unknown = set(test_classes) - set(class_names)
        if unknown:
            raise DataError(
                f"{root}/test: classes that {train_root} does not have: "
                f"{', '.join(sorted(unknown))}"
            )
        test_files = _labelled_files(root / "test", class_names)
        if not class_names:
            test_files = [(file, -1) for file in _image_files(root / "test")]
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

    def __init__(self, size: tuple[int, int] | None, skip_unreadable: bool):
        self.size = size
        self.skip_unreadable = skip_unreadable
        self.shape: tuple[int, ...] | None = None

    def read(self, files: list[tuple[pathlib.Path, int]]) -> tuple[np.ndarray, np.ndarray]:
        """Arrays of images and labels, read from pairs of a path and a label."""
        images, labels, unreadable, other_shapes = [], [], [], []
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
                other_shapes.append(f"{path}: {_describe(pixels.shape)}")
        if other_shapes:
            raise DataError(
                f"{len(other_shapes)} of {len(files)} images are not {_describe(self.shape)} "
                "like the first. --image_size=N resizes all; grey and colour must not be mixed:"
                + _listing(other_shapes)
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
