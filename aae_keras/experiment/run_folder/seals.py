"""What ties the files of a run together: its revision in each, checksums over what is read back.

Files that earlier versions wrote have neither, and are taken as they are.
"""

import hashlib
import json
import pathlib
import re
import zipfile
from typing import Any

KEY = "sha256"  # of the checksum in a sealed dict

_FIRST_LINE = re.compile(r"# sha256 of all below: ([0-9a-f]{64})\n")


def checksum(content: str | bytes) -> str:
    """SHA-256 in hexadecimal digits; of a text, of its UTF-8."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def file_checksum(path: pathlib.Path) -> str:
    """SHA-256 of a file of any size."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(values: dict[str, Any], indent: int | None = None) -> str:
    """A dict as JSON, with a checksum over all else in it; `indent` as of `json.dumps`."""
    return json.dumps({**values, KEY: checksum(_canonical(values))}, indent=indent)


def unseal(text: str | bytes) -> dict[str, Any]:
    """What `seal` was given.

    Raises:
        ValueError: If the text is no such JSON, or its checksum is missing or another.
    """
    values = _object(text)
    if values.pop(KEY, None) != checksum(_canonical(values)):
        raise ValueError("its checksum does not fit")
    return values


def unseal_if_sealed(text: str | bytes) -> dict[str, Any]:
    """The same of a file that has a checksum; of an earlier version's, all that it holds.

    Raises:
        ValueError: If the text is no JSON object, or it has a checksum that does not fit.
    """
    return unseal(text) if KEY in _object(text) else _object(text)


def seal_lines(text: str) -> str:
    """A YAML text with its checksum in a comment before it, where a cut does not take it away."""
    return f"# sha256 of all below: {checksum(text)}\n{text}"


def check_lines(text: str) -> None:
    """Compare a text with the checksum before it, if it has one.

    Raises:
        ValueError: If they do not fit.
    """
    found = _FIRST_LINE.match(text)
    if found and checksum(text[found.end() :]) != found[1]:
        raise ValueError(
            "its checksum does not fit: it is damaged, or was edited. Put a copy back. If an edit "
            "is meant, delete the first line, which holds the checksum"
        )


def sign_model(path: pathlib.Path, values: dict[str, Any]) -> None:
    """Write a sealed dict into a `.keras` file, as the comment that each zip archive may have."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = seal(values).encode()


def signature(path: pathlib.Path) -> dict[str, Any]:
    """What `sign_model` wrote into a `.keras` file; empty for one that was never signed.

    Raises:
        OSError, ValueError: If the file is no whole zip archive, or its comment is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return unseal(archive.comment) if archive.comment else {}
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(str(error)) from error


def _object(text):
    try:
        values = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError(f"a JSON object was expected, not {type(values).__name__}")
    return values


def _canonical(values):
    return json.dumps(values, sort_keys=True)
