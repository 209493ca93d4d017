"""What lies in a folder: its folders and its image files, without what tools leave there."""

import contextlib
import os
import pathlib
from collections.abc import Iterable, Iterator

from aae_keras import images as image_files
from aae_keras.data.source import DataError

# Besides names that begin with a dot or with two underscores.
_TOOL_FOLDERS = {
    *("@eadir", "@recycle", "#recycle", "$recycle.bin", "lost+found"),
    *("system volume information", "node_modules"),
}
_TOOL_FILES = {"thumbs.db", "desktop.ini", "icon\r"}


class LeftOut:
    """What is left out of a folder, so that it can be said."""

    def __init__(self, root: pathlib.Path):
        self._root = root
        self._names: dict[str, set[str]] = {}

    def add(self, reason: str, paths: Iterable[pathlib.Path]) -> None:
        """Remember paths below the folder that are left out; `reason` says what they are."""
        if names := {str(path.relative_to(self._root)) for path in paths}:
            self._names[reason] = self._names.get(reason, set()) | names

    def notes(self) -> list[str]:
        """A line for each reason: how many were left out, why, and the first of them."""
        return [
            f"Left out {reason}: {len(names)}, such as {min(names)}"
            for reason, names in self._names.items()
        ]


def folders(folder: pathlib.Path) -> list[pathlib.Path]:
    """The folders in a folder, without those of tools, in order."""
    with _readable(folder) as entries:
        names = [entry.name for entry in entries if _is_folder(entry) and not _is_of_a_tool(entry)]
    return [folder / name for name in sorted(names)]


def hidden(folder: pathlib.Path) -> list[pathlib.Path]:
    """The folders of tools in a folder that hold images all the same, in order."""
    with _readable(folder) as entries:
        names = [entry.name for entry in entries if _is_folder(entry) and _is_of_a_tool(entry)]
    return [folder / name for name in sorted(names) if any(_named_as_images(folder / name))]


def images_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """The image files directly in a folder, in order."""
    with _readable(folder) as entries:
        names = [entry.name for entry in entries if not _is_folder(entry) and is_image(entry)]
    return [folder / name for name in sorted(names)]


def has_images(folder: pathlib.Path) -> bool:
    """Whether an image lies in a folder, or in one within it."""
    return any(is_image(entry) for entry in _walk(folder, [], []))


def images_under(
    folder: pathlib.Path, left_out: LeftOut, follow_links: bool = False
) -> Iterator[str]:
    """Paths of the image files in a folder and in those within it, in order.

    Args:
        folder: The folder.
        left_out: Is told, after the last image, what was passed over: other files, what tools
            leave, links to folders.
        follow_links: Whether links to folders that lie directly in the folder are followed, as
            those to class folders are. Deeper ones might lead back.

    Raises:
        DataError: If a folder cannot be listed.
    """
    others: list[pathlib.Path] = []
    hidden: list[pathlib.Path] = []
    linked: list[pathlib.Path] = []
    for entry in _walk(folder, hidden, linked, follow_links):
        if is_image(entry):
            yield entry.path
        elif entry.name.casefold() not in _TOOL_FILES:
            others.append(pathlib.Path(entry.path))
    left_out.add("files that are no images", others)
    left_out.add("hidden images, and those of tools", hidden)
    left_out.add("links to folders", linked)


def _walk(folder, hidden, linked, follow_links=False):
    """Files in a folder and in those within it; images that are passed over go into the lists."""
    with _readable(folder) as entries:
        listed = [(entry, _is_folder(entry)) for entry in entries]
    for entry, is_folder in sorted(listed, key=lambda row: row[0].name):
        path = pathlib.Path(entry.path)
        if _is_of_a_tool(entry):
            hidden += _named_as_images(path)
        elif is_folder and entry.is_symlink() and not follow_links:
            linked.append(path)  # it might lead back here
        elif is_folder:
            yield from _walk(entry.path, hidden, linked)
        else:
            yield entry


@contextlib.contextmanager
def _readable(folder):
    """The entries of a folder; that it cannot be listed to its end is an error, and never empty."""
    try:
        with os.scandir(folder) as entries:
            yield entries
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed: {error.strerror}.") from error


def _is_folder(entry):
    """Whether an entry is a folder; of a link that leads nowhere its name decides."""
    try:
        return entry.is_dir()
    except OSError as error:
        if not entry.is_symlink():
            raise
        if _is_named_as_image(entry):
            return False  # reading it will say what is wrong
        raise DataError(f"{entry.path}: {error.strerror}. Remove the link, or mend it.") from error


def _is_of_a_tool(entry):
    name = entry.name.casefold()
    return name.startswith((".", "__")) or name in _TOOL_FOLDERS


def is_image(entry: os.DirEntry) -> bool:
    """Whether an entry that is no folder is an image file, by its name or else by its content."""
    if _is_of_a_tool(entry) or _is_special(entry):
        return False
    if _is_named_as_image(entry):
        return True
    return not pathlib.PurePath(entry.name).suffix and image_files.is_image(entry.path)


def _named_as_images(path):
    """A file, or those in a folder and in those within it, that are images by their names."""
    inside = path.rglob("*") if path.is_dir() else [path]
    return (file for file in inside if file.suffix.lower() in image_files.EXTENSIONS)


def _is_named_as_image(entry):
    return pathlib.PurePath(entry.name).suffix.lower() in image_files.EXTENSIONS


def _is_special(entry):
    """Whether it is a pipe, say, which would wait for ever."""
    try:
        return not entry.is_file() and os.path.exists(entry.path)
    except OSError:  # reading it will say what is wrong
        return False
