"""The versions of an export: folders under `saved_models/NAME` whose names are whole numbers.

A server polls that folder and loads the largest number it sees. So a version is written in a
hidden folder beside it and renamed into place whole, is never changed afterwards, and is retired by
renaming it out of sight, which does not disturb a server that is reading it.
"""

import contextlib
import dataclasses
import datetime
import errno
import fcntl
import json
import logging
import os
import pathlib
import shutil
import socket
import tempfile

from aae_keras.deployment import contract
from aae_keras.errors import UserError
from aae_keras.files import flush

log = logging.getLogger(__name__)

ROOT = pathlib.Path("saved_models")
WRITING, RETIRED = ".writing-", ".retired-"


class VersionError(UserError):
    """A version that is not there, or is taken."""


@dataclasses.dataclass(frozen=True)
class Version:
    """One version.

    Attributes:
        number: Its number.
        folder: Where it lies.
        retired: Whether it is out of the server's sight.
        manifest: What its manifest holds; None if it cannot be read.
    """

    number: int
    folder: pathlib.Path
    retired: bool
    manifest: dict | None


def numbers(base):
    """The numbers that a server sees under a base folder, growing."""
    return sorted(int(path.name) for path in _folders(base) if _is_number(path.name))


def served(base):
    """Whether a server may be serving a version under a base folder: one has a SavedModel."""
    folders = (pathlib.Path(base) / str(number) for number in numbers(base))
    return any((folder / "saved_model.pb").exists() for folder in folders)


def listed(base):
    """Every `Version` under a base folder, growing by number, retired ones too."""
    found = []
    for path in _folders(base):
        name = path.name.removeprefix(RETIRED)
        if _is_number(name):
            found.append(Version(int(name), path, path.name != name, _manifest(path)))
    return sorted(found, key=lambda version: version.number)


@contextlib.contextmanager
def written_aside(base):
    """A hidden folder under `base` to write a version in; what is left of it in the end goes.

    A process that is killed leaves its folder behind; the next one on the same machine removes it
    (locks of other machines cannot be asked for everywhere).
    """
    base = pathlib.Path(base)
    base.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        with _locked(base):  # or another's sweep might find the folder before it is held
            _sweep(base)
            aside = pathlib.Path(tempfile.mkdtemp(dir=base, prefix=_prefix()))
            held.callback(shutil.rmtree, aside, ignore_errors=True)
            held.enter_context(_locked(aside))
        yield aside


def check_free(base, number):
    """Refuse a number that has been used, retired or not."""
    taken = [version for version in listed(base) if version.number == number]
    if taken:
        raise VersionError(f"{taken[0].folder} exists, and a version is never overwritten.")


def publish(aside, base, number=None):
    """Rename a finished folder to its version, in one step that never replaces another.

    Args:
        aside: The folder.
        base: Where its version belongs.
        number: Whole number; None: the UTC time as YYYYMMDDhhmmss, or above the largest there is.

    Returns:
        Path of the version.

    Raises:
        VersionError: If the number has been used, or is none that a server can read.
    """
    if number is not None and not 1 <= number <= contract.MAX_VERSION:
        raise VersionError(f"A version lies in 1 to {contract.MAX_VERSION}. Received: {number}")
    with _locked(base):  # or one that is numbered first might appear last
        newest = max((version.number for version in listed(base)), default=0)
        if number is None:
            now = int(datetime.datetime.now(datetime.UTC).strftime("%Y%m%d%H%M%S"))
            number = max(now, newest + 1)
        elif number < newest:
            log.warning("Version %d is below %d: servers go on with the newest.", number, newest)
        check_free(base, number)
        _settle(aside)
        target = pathlib.Path(base) / str(number)
        try:
            return aside.rename(target)  # fails on a folder that is not empty
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            raise VersionError(f"{target} exists, and a version is never overwritten.") from error


def retire(base, number):
    """Take a version out of the server's sight, in one step; its files stay, its number is used.

    Returns:
        Where it lies now.

    Raises:
        VersionError: If there is no such version.
    """
    source = pathlib.Path(base) / str(number)
    if number not in numbers(base):
        known = ", ".join(map(str, numbers(base))) or "none"
        raise VersionError(f"{base} has no version {number}. There are: {known}")
    if numbers(base) == [number]:
        log.warning("Version %d was the only one: a server has nothing left to load.", number)
    return source.rename(source.with_name(f"{RETIRED}{number}"))


def age(manifest, now=None):
    """How long ago a version was exported, as text such as `3 days`; "" if it is not known."""
    now = now or datetime.datetime.now(datetime.UTC)
    try:
        seconds = (now - datetime.datetime.fromisoformat(manifest["exported"])).total_seconds()
    except (TypeError, KeyError, ValueError):
        return ""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "now"


def _folders(base):
    base = pathlib.Path(base)
    return [path for path in base.iterdir() if path.is_dir()] if base.is_dir() else []


def _manifest(folder):
    try:
        found = json.loads((folder / contract.MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _is_number(name):
    """Whether a folder's name is a version as a server reads it, and as it is written here."""
    return name.isdecimal() and name == str(int(name)) and int(name) <= contract.MAX_VERSION


def _prefix():
    return f"{WRITING}{socket.gethostname()}-"


def _settle(folder):
    """Have a folder's files readable for a server of another user, and on the disk."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o755 if path.is_dir() else 0o644)
        flush(path)


@contextlib.contextmanager
def _locked(folder):
    """Hold a folder's lock, which ends with the process however it ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sweep(base):
    """Remove what killed processes left: the hidden folders that nobody holds."""
    for path in _folders(base):
        if not path.name.startswith(_prefix()):
            continue
        with contextlib.suppress(OSError):  # its writer may end, or lock it, at this moment
            handle = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
