"""Files that a reader, or a power cut, never finds half written."""

import contextlib
import errno
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from aae_keras.errors import UserError


def write_atomically(path: pathlib.Path | str, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never half of it."""
    path = pathlib.Path(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
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
