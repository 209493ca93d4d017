"""What the folders of a data set are: parts, classes in them, and what is no part of it."""

import dataclasses
import pathlib
import re

from aae_keras import images as image_files
from aae_keras.data import entries
from aae_keras.data.names import check_classes, plain
from aae_keras.data.source import DataError

# The names that a part may have, in any case.
PARTS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
    "unlabeled": ("unlabeled", "unlabelled"),
}
_PART_OF = {name: part for part, names in PARTS.items() for name in names}
# What is written like a part, but says another thing: to guess would be to train on tests.
_LIKE_A_PART = re.compile(
    r"(train|test|val|eval|hold.?out|fold|split|unlabel)(\w*ing|id|idation|uation|led|ed)?s?"
    r"([-_ .]*(set|split|data|part|images?|imgs?|\d+))*"
)
UNLABELED = -1


@dataclasses.dataclass
class Layout:
    """The image files of a folder by part.

    Attributes:
        class_names: One string per class.
        files: Pairs of a path and a class, or `UNLABELED`, by `train`, `validation` and `test`.
        folders: The folder of each part that has one of its own.
        left_out: What was left out, and why.
    """

    root: pathlib.Path
    class_names: tuple[str, ...] = ()
    files: dict[str, list[tuple[pathlib.Path, int]]] = dataclasses.field(default_factory=dict)
    folders: dict[str, pathlib.Path] = dataclasses.field(default_factory=dict)
    left_out: entries.LeftOut = dataclasses.field(init=False)

    def __post_init__(self):
        self.left_out = entries.LeftOut(self.root)


def find(root: pathlib.Path) -> Layout:
    """The `Layout` of a folder: class folders in it, or in its parts; or images alone.

    Raises:
        DataError: If there are no images, or what the folders mean cannot be told.
    """
    layout = Layout(root)
    layout.folders = _parts(root)
    train_root = layout.folders.get("train", root)
    if train_root is not root:
        _refuse_others(root, layout)
    in_train = _classes(train_root, layout)
    in_others = {
        part: _classes(layout.folders[part], layout)
        for part in ("validation", "test")
        if part in layout.folders
    }
    _refuse_hidden_parts(train_root, in_train)
    # Images alone may be scored by another part with classes.
    named_by = in_train or in_others.get("test") or in_others.get("validation") or {}
    layout.class_names = tuple(named_by)
    check_classes(layout.class_names)
    layout.files["train"] = _labelled(in_train, layout.class_names)
    layout.files["train"] += _unlabelled(train_root, layout, alone=not in_train)
    for part, classes in in_others.items():
        layout.files[part] = _other_part(part, classes, train_root, layout)
    if not layout.files["train"]:
        raise DataError(
            f"{root}: expected folders of images, one per class (under it or under train/), and "
            "optionally unlabeled/; or images alone, where no labels are needed. "
            f"Received: no image files ({' '.join(image_files.EXTENSIONS)})"
        )
    return layout


def _parts(root):
    """The folders directly under a root that are parts, by part."""
    found: dict[str, pathlib.Path] = {}
    for folder in entries.folders(root):
        part = _PART_OF.get(folder.name.casefold())
        if part in found:
            raise DataError(
                f"{root}: {found[part].name}/ and {folder.name}/ are the same part. Keep one."
            )
        if part:
            found[part] = folder
    return found


def _refuse_others(root, layout):
    """Refuse folders with images that stand beside train/ and are no part."""
    strange = [
        f
        for f in entries.folders(root)
        if f not in layout.folders.values() and entries.has_images(f)
    ]
    if strange:
        raise DataError(
            f"{root}: {_listing(strange)} beside {layout.folders['train'].name}/: a part by which "
            f"name? Parts are {', '.join(f'{part}/' for part in PARTS)}. If they are classes, and "
            f"{layout.folders['train'].name}/ is one too, give that another name."
        )
    layout.left_out.add("images beside the parts", entries.images_in(root))


def _refuse_hidden_parts(train_root, classes):
    """Refuse class folders that look like parts, or hold parts."""
    inner = {name: {f.name for f in entries.folders(train_root / name)} for name in classes}
    deep = [name for name in classes if not entries.images_in(train_root / name)]
    like_parts = [name for name in classes if _LIKE_A_PART.fullmatch(name.casefold())]
    sets = [inner[name] for name in deep]
    if len(like_parts) > 1 or set(like_parts) & set(deep):
        raise DataError(
            f"{train_root}: {_named(like_parts)} look like parts of the data, not like classes. "
            f"Parts are {', '.join(f'{part}/' for part in PARTS)}: give them these names."
        )
    for name, folders in inner.items():
        if parts := sorted(folder for folder in folders if folder.casefold() in _PART_OF):
            raise DataError(
                f"{train_root / name} holds {_named(parts)}: parts must hold classes, not classes "
                f"parts. Move the images to {parts[0]}/{name}/."
            )
    if len(classes) == 1 and deep and len(sets[0]) > 1:
        raise DataError(
            f"{train_root} holds one folder of folders, {deep[0]}/. If those are the classes, pass "
            f"--dataset={train_root / deep[0]}; if it is one, move its images up into it."
        )
    if len(classes) > 1 and len(deep) == len(classes) and len(sets[0]) > 1:
        if all(names == sets[0] for names in sets):
            raise DataError(
                f"{train_root}: {_named(classes)} hold folders of equal names, "
                f"{_named(sorted(sets[0]))}. If these are the classes, name the outer ones as "
                f"parts: {', '.join(f'{part}/' for part in PARTS)}. If the outer ones are, move "
                "their images up into them."
            )


def _classes(folder, layout):
    """Image files of the class folders of a part, by name; empty ones are left out."""
    found = {}
    train_root = layout.folders.get("train", layout.root)
    layout.left_out.add("hidden folders with images, and those of tools", entries.hidden(folder))
    for class_folder in entries.folders(folder):
        part = _PART_OF.get(class_folder.name.casefold())
        files = [] if part else _files(class_folder, layout)
        if files:
            found[class_folder.name] = files
        elif not part:
            layout.left_out.add("folders without an image, which are no classes", [class_folder])
        elif folder != layout.root and (part != "unlabeled" or folder != train_root):
            layout.left_out.add("parts within a part", [class_folder])
    return found


def _labelled(classes, class_names):
    """Pairs of a file and its class."""
    index = {plain(name): label for label, name in enumerate(class_names)}
    return [(file, index[plain(name)]) for name, files in classes.items() for file in files]


def _unlabelled(train_root, layout, alone):
    """Pairs of a file and `UNLABELED`: of unlabeled/, and of the folder itself without classes."""
    found = []
    inner = [
        f for f in entries.folders(train_root) if _PART_OF.get(f.name.casefold()) == "unlabeled"
    ]
    for folder in dict.fromkeys([layout.folders.get("unlabeled"), *inner]):
        found += _files(folder, layout) if folder else []
    loose = entries.images_in(train_root)
    if alone:
        found += loose
    else:
        layout.left_out.add("images beside the class folders", loose)
    return [(file, UNLABELED) for file in found]


def _other_part(part, classes, train_root, layout):
    """The files of test or validation."""
    folder = layout.folders[part]
    if not layout.class_names:
        return [(file, UNLABELED) for file in _files(folder, layout)]
    known = set(map(plain, layout.class_names))
    unknown = [name for name in classes if plain(name) not in known]
    if unknown:
        raise DataError(f"{folder}: classes that {train_root} does not have: {', '.join(unknown)}")
    reason = f"images of {folder.name}/ in no class folder, which score nothing"
    layout.left_out.add(reason, entries.images_in(folder))
    return _labelled(classes, layout.class_names)


def _files(folder, layout):
    """The image files in a folder and in those within it, in order."""
    return sorted(map(pathlib.Path, entries.images_under(folder, layout.left_out)))


def _listing(folders):
    return _named([folder.name for folder in folders])


def _named(names):
    names = list(names)
    shown = ", ".join(f"{name}/" for name in names[:5])
    return shown + (", ..." if len(names) > 5 else "")
