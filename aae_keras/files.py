"""Files that a reader, or a power cut, never finds half written."""

import contextlib
import errno
import fcntl
import logging
import os
import pathlib
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from typing import TextIO

from aae_keras.errors import UserError

log = logging.getLogger(__name__)
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)

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

    What a link leads to is replaced, not the link. A new file may be read by whom the umask lets,
    another by whom the old one let.

    Yields:
        Path to write to, in the same folder and with the same suffix.
    """
    path = pathlib.Path(path).resolve()
    aside = path.with_name(f".{path.stem[:100]}-{secrets.token_hex(4)}{path.suffix}")
    try:
        os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
    except OSError as error:
        error.filename = str(path)
        raise
    mode = (path if path.exists() else aside).stat().st_mode & 0o777
    try:
        aside.chmod(0o600)  # nobody else reads half of it
        yield aside
        aside.chmod(mode)
        flush(aside)
        os.replace(aside, path)
    except BaseException as error:
        aside.unlink()
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


def lock(file: TextIO | int, folder: pathlib.Path, care: str, *, wait: bool = False) -> bool:
    """Take the system's lock on an open file, which goes with the process however it ends.

    Args:
        file: The file, or its number.
        folder: Where it lies, for the warning that its file system has no locks.
        care: What to see to then: "nobody else trains there".
        wait: Whether to wait for another to release it.

    Returns:
        False if another holds it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        log.warning("The file system of %s has no locks: see to it that %s.", folder, care)
    return True


@contextlib.contextmanager
def in_turn(folder: pathlib.Path, care: str) -> Iterator[None]:
    """Around what one process at a time may do in a folder; others wait. `care` as in `lock`."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        lock(handle, folder, care, wait=True)
        yield
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
