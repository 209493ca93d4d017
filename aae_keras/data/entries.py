"""What lies in a folder: its folders and its image files, without what tools leave there."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

from aae_keras import images as image_files
from aae_keras.data.source import DataError

# Besides names that begin with a dot or with two underscores.
_TOOL_FOLDERS = {
    *("@eadir", "@recycle", "#recycle", "$recycle.bin", "lost+found"),
    *("system volume information", "node_modules"),
}
TOOL_FILES = {"thumbs.db", "desktop.ini", "icon\r"}


def folders(folder: pathlib.Path) -> list[pathlib.Path]:
    """The folders in a folder, without those of tools, in order."""
    with _readable(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir() and not _is_of_a_tool(entry)]
    return [folder / name for name in sorted(names)]


def images_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """The image files directly in a folder, in order."""
    with _readable(folder) as entries:
        names = [entry.name for entry in entries if not entry.is_dir() and is_image(entry)]
    return [folder / name for name in sorted(names)]


def has_images(folder: pathlib.Path) -> bool:
    """Whether an image lies in a folder, or in one within it."""
    return any(is_image(entry) for entry in walk(folder, [], []))


def images_under(folder: pathlib.Path) -> Iterator[str]:
    """Paths of the image files in a folder and in those within it, in order, none of a tool's.

    Raises:
        DataError: If a folder cannot be listed.
    """
    return (entry.path for entry in walk(folder, [], []) if is_image(entry))


def walk(
    folder: pathlib.Path | str, hidden: list[pathlib.Path], linked: list[pathlib.Path]
) -> Iterator[os.DirEntry]:
    """Files in a folder and in those within it; images that are passed over go into the lists."""
    with _readable(folder) as entries:
        listed = sorted(((entry, entry.is_dir()) for entry in entries), key=lambda row: row[0].name)
    for entry, is_folder in listed:
        path = pathlib.Path(entry.path)
        if _is_of_a_tool(entry):
            inside = path.rglob("*") if is_folder else [path]
            hidden += [file for file in inside if file.suffix.lower() in image_files.EXTENSIONS]
        elif is_folder and entry.is_symlink():
            linked.append(path)  # it might lead back here
        elif is_folder:
            yield from walk(entry.path, hidden, linked)
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


def _is_of_a_tool(entry):
    name = entry.name.casefold()
    return name.startswith((".", "__")) or name in _TOOL_FOLDERS


def is_image(entry: os.DirEntry) -> bool:
    """Whether an entry that is no folder is an image file, by its name or else by its content."""
    if _is_of_a_tool(entry) or _is_special(entry):
        return False
    suffix = pathlib.PurePath(entry.name).suffix.lower()
    return suffix in image_files.EXTENSIONS or (not suffix and image_files.is_image(entry.path))


def _is_special(entry):
    """Whether it is a pipe, say, which would wait for ever."""
    try:
        return not entry.is_file() and os.path.exists(entry.path)
    except OSError:  # reading it will say what is wrong
        return False
