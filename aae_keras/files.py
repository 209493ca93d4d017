"""Files that a reader, or a power cut, never finds half written."""

import os
import pathlib
import tempfile


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
    except BaseException:
        os.unlink(name)
        raise


def flush(path: pathlib.Path | str) -> None:
    """Have a file's content, or a folder's list of names, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
