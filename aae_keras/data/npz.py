"""An .npz file of a data set: the arrays that it may hold, looked at before they are read."""

import math
import pathlib
import zipfile

import numpy as np

from aae_keras.data import capacity
from aae_keras.errors import DataError, first_line
from aae_keras.files import DAMAGE

KEYS = ("x_train", "y_train", "x_test", "y_test", "class_names")
NEEDED = KEYS[:2]


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Those of the arrays `KEYS` that a file has, by name; others are left alone.

    Raises:
        DataError: If it is no such file, or claims what it does not hold or no memory could.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: expected an .npz file. Received: a folder, a pipe or a device")
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            _check(path, archive)
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {key: arrays[key] for key in KEYS if key in arrays.files}
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file.") from error
    except DataError:
        raise
    except (*DAMAGE, MemoryError, SyntaxError) as error:
        raise DataError(
            f"{path}: not a readable .npz of plain arrays ({first_line(error)})."
        ) from error


def _check(path, archive):
    """Compare what the arrays claim in their heads with the file and with the memory."""
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    missing = [key for key in NEEDED if key not in members]
    if missing:
        raise DataError(
            f"{path}: expected the arrays x_train and y_train (x_test and y_test beside them if "
            f"there is a test part). Received: {', '.join(sorted(members)[:9]) or 'none'}"
        )
    total = 0
    for key in (key for key in KEYS if key in members):
        with archive.open(members[key]) as member:
            head, size = _claimed(member)
        if head + size != members[key].file_size:
            raise DataError(
                f"{path}: {key} claims {size:,} bytes and holds {members[key].file_size - head:,}. "
                "Write the file anew with `np.savez`."
            )
        total += size
    copies = 1 if "x_test" in members else 2  # while a test part is held out of them
    what = f"{path}: its arrays"
    capacity.check(copies * total, what, "Write fewer or smaller images, or as uint8.")


def _claimed(member):
    """The length of an array's head in a file, and of what it says will follow."""
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    if dtype.hasobject:
        raise ValueError("Object arrays cannot be read: convert them to numbers or text")
    return member.tell(), math.prod(shape) * dtype.itemsize
