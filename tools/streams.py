"""The standard streams as a Unix tool treats them: output that is lost is no success."""

import contextlib
import errno
import os
import sys

LOST = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)


def open_all():
    """Give the descriptors 0 to 2 something to be, lest a file that is opened takes their place.

    What is printed where stdout was closed is lost, and `writing` says so. The name of a file is
    printed byte by byte as it is, in UTF-8 or not.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            _put(number, "/dev/full" if name == "stdout" else os.devnull)
            setattr(sys, name, open(number, mode, closefd=False))
    sys.stdout.reconfigure(errors="surrogateescape")


@contextlib.contextmanager
def writing(fail):
    """Around what prints: ends the program if stdout does not take all of it.

    In silence where a reader has gone, as in `| head -1`; else with a message.

    Args:
        fail: Function of a message and an exit code, which ends the program.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        flush()
        sys.exit(1)
    except OSError as error:
        if error.filename is not None or error.errno not in LOST:
            raise
        fail(f"The output cannot be written: {error.strerror}.", 1)


def flush():
    """Write out what stdout holds; where it does not take it, that is thrown away."""
    try:
        sys.stdout.flush()
    except OSError:
        _put(1, os.devnull)  # or Python would try again at the end, and complain


def _put(number, path):
    handle = os.open(path, os.O_RDWR)
    if handle != number:
        os.dup2(handle, number)
        os.close(handle)
