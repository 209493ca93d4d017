"""One owner at a time: the lock that a training holds on its run folder.

It is an flock on `.lock` in the folder. The system releases it when the process ends, however it
ends: a killed training leaves at most the empty file, which binds nobody. NFS passes such locks on
to its server, so that they hold between machines; mounted with `nolock` or `local_lock=flock` they
hold on one machine only. A file system without locks is named in a warning.
"""

import contextlib
import errno
import fcntl
import logging
import os
import pathlib
from collections.abc import Iterator

from aae_keras.errors import UserError

log = logging.getLogger(__name__)
FILE = ".lock"
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


class Lock:
    """A lock that is held.

    Args:
        path: Of its file.
        handle: The file, open.
    """

    def __init__(self, path: pathlib.Path, handle: int):
        self.path = path
        self._handle = handle

    def stands(self) -> bool:
        """Whether the folder still holds this very file: it was not deleted, moved, replaced."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._handle))
        except FileNotFoundError:
            return False

    def check(self) -> None:
        """Raise `UserError` if the folder was deleted or moved meanwhile: nobody writes into it."""
        if not self.stands():
            raise UserError(
                f"{self.path.parent} was deleted, moved or replaced while it was trained in, so "
                "training has ended. Put it back and go on with --resume, or train anew."
            )


@contextlib.contextmanager
def owned(folder: pathlib.Path) -> Iterator[Lock]:
    """Own a run folder, which is made if need be, until the end of the block.

    Raises:
        UserError: If another process, or another training of this one, owns it.
    """
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    lock = Lock(path, handle)
    mine = False
    try:
        mine = _taken(handle, folder)
        # The owner before may have removed the file, or moved the folder, just before the lock.
        if not mine or not lock.stands():
            mine = False
            raise UserError(
                f"{folder} is being trained in by another process. Wait for its end, stop it, or "
                "pass another --run_dir."
            )
        yield lock
    finally:
        if mine and lock.stands():
            path.unlink()
            if made and not any(folder.iterdir()):
                folder.rmdir()
        os.close(handle)


def _taken(handle, folder):
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        log.warning(
            "The file system of %s has no locks: see to it that nobody else trains there.", folder
        )
    return True
