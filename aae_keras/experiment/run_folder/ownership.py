"""One owner at a time: the lock that a training holds on its run folder, or another on its file.

It is an flock on a file, `.lock` in a run folder. The system releases it when the process ends,
however it ends: a killed one leaves at most the empty file, which binds nobody. NFS passes such
locks on to its server, so that they hold between machines; mounted with `nolock` or
`local_lock=flock` they hold on one machine only. A file system without locks is named in a warning.
"""

import contextlib
import os
import pathlib
from collections.abc import Iterator

from aae_keras import files
from aae_keras.errors import UserError

FILE = ".lock"


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
    taken = (
        f"{folder} is being trained in by another process. Wait for its end, stop it, or pass "
        "another --run_dir."
    )
    stood = False
    try:
        with locked(folder / FILE, taken, "nobody else trains there") as lock:
            try:
                yield lock
            finally:
                stood = lock.stands()
    finally:
        if made and stood and not any(folder.iterdir()):
            folder.rmdir()


@contextlib.contextmanager
def locked(path: pathlib.Path, taken: str, care: str) -> Iterator[Lock]:
    """Hold the lock on a file, which stands until the end of the block.

    Args:
        path: Of the file, in a folder that exists, or did a moment ago.
        taken: What to say if another holds it.
        care: What to see to where the file system has no locks: "nobody else trains there".

    Raises:
        UserError: If another process, or another block of this one, holds it; or has just taken the
            folder away.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError as error:
        raise UserError(taken) from error
    lock = Lock(path, handle)
    mine = False
    try:
        mine = files.lock(handle, path.parent, care)
        # The owner before may have removed the file, or moved the folder, just before the lock.
        if not mine or not lock.stands():
            mine = False
            raise UserError(taken)
        yield lock
    finally:
        if mine and lock.stands():
            path.unlink()
        os.close(handle)
