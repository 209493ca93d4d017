"""What fits into this machine: looked at before memory is taken, while there is a way out."""

import os

from aae_keras.errors import DataError


def memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check(needed: int, what: str, remedy: str) -> None:
    """Refuse what is larger than the memory.

    Args:
        needed: Bytes.
        what: What takes them, the beginning of the message.
        remedy: Its end.

    Raises:
        DataError: If they are more than there are.
    """
    there = memory()
    if needed > there:
        raise DataError(
            f"{what} take {needed / 2**30:,.0f} GiB of memory, and there are "
            f"{there / 2**30:,.0f}. {remedy}"
        )
