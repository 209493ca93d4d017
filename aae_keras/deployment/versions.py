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
from collections.abc import Iterator
from typing import Any

from aae_keras import interrupts
from aae_keras.deployment import contract
from aae_keras.errors import UserError
from aae_keras.files import flush, in_turn

log = logging.getLogger(__name__)

ROOT = pathlib.Path("saved_models")
ALONE = "no other export writes there"
MAX_NAME = 200  # bytes; file systems have 255
WRITING, RETIRED = ".writing-", ".retired-"


class VersionError(UserError):
    """A version that is not there, or is taken; a name that no export can have."""


@dataclasses.dataclass(frozen=True)
class Version:
    """One version of an export.

    Attributes:
        number: The version, at least 1.
        folder: Its folder; a hidden one if it is retired.
        retired: Whether it is out of the server's sight.
        manifest: Content of its manifest; None if it cannot be read.
    """

    number: int
    folder: pathlib.Path
    retired: bool
    manifest: dict[str, Any] | None


def base_of(root: str | pathlib.Path, name: str) -> pathlib.Path:
    """The base folder of an export: `root/name`.

    Args:
        root: Folder of all exports.
        name: What a server calls the model.

    Raises:
        VersionError: If the name is not that of one folder directly under the root.
    """
    length = len(os.fsencode(name))
    if (
        not name.isprintable()
        or name.startswith((".", "-"))
        or set(name) & set("/\\")
        or not 1 <= length <= MAX_NAME
    ):
        raise VersionError(
            f"An export's name is that of one folder, such as digits: of 1 to {MAX_NAME} bytes, "
            "without / or \\, without characters that cannot be printed, and not beginning with a "
            f"dot or a dash. Give another one with --name. Received: {name[:MAX_NAME]!r}"
        )
    return pathlib.Path(root) / name


def numbers(base: str | pathlib.Path) -> list[int]:
    """The versions that a server sees under a base folder, growing."""
    return sorted(int(path.name) for path in _folders(base) if _is_number(path.name))


def served(base: str | pathlib.Path) -> bool:
    """Whether a server may be serving a version under a base folder: one has a SavedModel."""
    folders = (pathlib.Path(base) / str(number) for number in numbers(base))
    return any((folder / "saved_model.pb").exists() for folder in folders)


def listed(base: str | pathlib.Path) -> list[Version]:
    """Every `Version` under a base folder, growing by number, retired ones too."""
    result = []
    for path in _folders(base):
        name = path.name.removeprefix(RETIRED)
        if _is_number(name):
            result.append(Version(int(name), path, path.name != name, _manifest(path)))
    return sorted(result, key=lambda version: version.number)


@contextlib.contextmanager
def written_aside(base: str | pathlib.Path) -> Iterator[pathlib.Path]:
    """Make a hidden folder under `base` to write a version in; in the end it is removed.

    `publish` gives it its name before that. A process that is killed leaves its folder behind, and
    the next one on the same machine removes it: not every file system shows the locks of others.

    Args:
        base: The base folder, made if it is not there.

    Yields:
        Path of the hidden folder.
    """
    base = pathlib.Path(base)
    base.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        # Or another process might remove the folder before it is locked.
        with in_turn(base, ALONE):
            _remove_abandoned(base)
            aside = pathlib.Path(tempfile.mkdtemp(dir=base, prefix=_prefix()))
            stack.callback(shutil.rmtree, aside, ignore_errors=True)
            stack.enter_context(in_turn(aside, ALONE))
        yield aside


def check_free(base: str | pathlib.Path, number: int) -> None:
    """Refuse a number that has been used, retired or not.

    Raises:
        VersionError: If it has been used.
    """
    taken = [version for version in listed(base) if version.number == number]
    if taken:
        raise VersionError(f"{taken[0].folder} exists, and a version is never overwritten.")


def publish(
    aside: pathlib.Path, base: str | pathlib.Path, number: int | None = None
) -> pathlib.Path:
    """Rename a finished folder to its version, in one step that never replaces another.

    Args:
        aside: The finished folder, from `written_aside`.
        base: The base folder that it becomes a version of.
        number: Whole number, at least 1; for None the UTC time as YYYYMMDDhhmmss, or one more than
            the largest there is if that is above it.

    Returns:
        Path of the version.

    Raises:
        VersionError: If the number has been used, a server could not read it, or none is left.
    """
    if number is not None and not 1 <= number <= contract.MAX_VERSION:
        raise VersionError(f"A version lies in 1 to {contract.MAX_VERSION}. Received: {number}")
    with in_turn(pathlib.Path(base), ALONE):  # or one that is numbered first might appear last
        newest = max((version.number for version in listed(base)), default=0)
        if number is None and newest == contract.MAX_VERSION:
            raise VersionError(
                f"{base} has the largest version there can be, {newest}: no later one is left. "
                "Give a smaller number with --version, or another name with --name."
            )
        if number is None:
            now = int(datetime.datetime.now(datetime.UTC).strftime("%Y%m%d%H%M%S"))
            number = max(now, newest + 1)
        elif number < newest:
            log.warning("Version %d is below %d: servers go on with the newest.", number, newest)
        check_free(base, number)
        _prepare_files(aside)
        target = pathlib.Path(base) / str(number)
        interrupts.check()
        try:
            version = aside.rename(target)  # fails on a folder that is not empty
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            raise VersionError(f"{target} exists, and a version is never overwritten.") from error
        flush(base)
        return version


def retire(base: str | pathlib.Path, number: int) -> pathlib.Path:
    """Take a version out of the server's sight, in one step.

    Its files stay, and its number is not used again.

    Args:
        base: The base folder.
        number: The version.

    Returns:
        Path of its folder now.

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


def age(manifest: dict[str, Any] | None, now: datetime.datetime | None = None) -> str:
    """How long ago a version was exported, as text.

    Args:
        manifest: Content of its manifest; None if it cannot be read.
        now: Time to reckon from, with a time zone; the present if None.

    Returns:
        Text such as `3 days`, or `now`; "" if it is not known.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    try:
        exported = datetime.datetime.fromisoformat((manifest or {})["exported"])
        seconds = max((now - exported).total_seconds(), 0)  # its clock may be ahead of ours
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
        manifest = json.loads((folder / contract.MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    whole = isinstance(manifest, dict) and isinstance(manifest.get("revision"), str)
    return manifest if whole else None


def _is_number(name):
    """Whether a folder's name is a version as a server reads it, and as it is written here."""
    return name.isdecimal() and name == str(int(name)) and int(name) <= contract.MAX_VERSION


def _prefix():
    """How the hidden folders begin that processes of this machine write in."""
    return f"{WRITING}{socket.gethostname()}-"


def _prepare_files(folder):
    """Make a folder's files readable for a server of another user, and flush them to the disk."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o755 if path.is_dir() else 0o644)
        flush(path)


def _remove_abandoned(base):
    """Remove what killed processes left: the hidden folders that no process has locked."""
    for path in _folders(base):
        if path.name.rpartition("-")[0] + "-" != _prefix():
            continue
        with contextlib.suppress(OSError):  # its writer may end, or lock it, at this moment
            handle = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
