"""Files that a reader, or a power cut, never finds half written."""

import contextlib
import errno
import os
import pathlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator

from aae_keras.errors import UserError

# What reading a damaged archive raises: an .npz, a .keras file, a checkpoint.
DAMAGE = (
    *(OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


def at_home(path: pathlib.Path | str) -> pathlib.Path:
    """A path with the home folder in place of `~`; of a user whom nobody knows, as it is."""
    return pathlib.Path(os.path.expanduser(path))


def write_atomically(path: pathlib.Path | str, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never half of it."""
    with replaced(path) as aside:
        aside.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replaced(path: pathlib.Path | str) -> Iterator[pathlib.Path]:
    """Around the writing of a file: what stood there stays as it was until all is written.

    Yields:
        Path to write to, in the same folder and with the same suffix.
    """
    path = pathlib.Path(path)
    try:
        handle, name = tempfile.mkstemp(path.suffix, f".{path.stem}-", path.parent)
    except OSError as error:
        error.filename = str(path)
        raise
    os.close(handle)
    try:
        yield pathlib.Path(name)
        os.chmod(name, 0o644)
        flush(name)
        os.replace(name, path)
    except BaseException as error:
        os.unlink(name)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # that of a full disk names no file
        raise


def flush(path: pathlib.Path | str) -> None:
    """Have a file's content, or a folder's list of names, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def naming_a_full_disk(path: pathlib.Path, size: int, remedy: str) -> Iterator[None]:
    """Around the writing of a large file: on a full disk, say what is needed and how to go on.

    Args:
        path: What is written, into a folder that exists.
        size: About how many bytes it takes.
        remedy: What to do once there is room; the end of the message.

    Raises:
        UserError: If the disk, or what this user may have of it, is full.
    """
    try:
        yield
    except OSError as error:
        # HDF5 says the number in its text alone.
        numbers = (errno.ENOSPC, errno.EDQUOT)
        full = [n for n in numbers if error.errno == n or f"errno = {n}," in str(error)]
        if not full:
            raise
        free = shutil.disk_usage(path.parent).free
        raise UserError(
            f"{path} cannot be written: {os.strerror(full[0])}. It takes about "
            f"{size / 2**20:.1f} MiB, and {free / 2**20:.1f} MiB are free. Make room, then {remedy}"
        ) from error
