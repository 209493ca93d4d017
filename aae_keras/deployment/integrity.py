"""Whether the files of a version are as `export` wrote them.

The manifest has the SHA-256 of every other file, and one over itself. A bit that has flipped would
else change probabilities, and nobody would know.
"""

import json
import pathlib
from typing import Any

from aae_keras.deployment import contract
from aae_keras.errors import UserError, first_line
from aae_keras.experiment.run_folder import seals


class DamagedError(UserError):
    """A file of an export that is not what `export` wrote."""


def checksums(folder: pathlib.Path) -> dict[str, str]:
    """SHA-256 of each file in a version's folder but the manifest, by its path there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    names.pop(contract.MANIFEST, None)
    return {name: seals.file_checksum(path) for name, path in sorted(names.items())}


def write_manifest(folder: pathlib.Path, values: dict[str, Any]) -> None:
    """Write the manifest of a version whose other files are there, with their checksums."""
    path = folder / contract.MANIFEST
    path.parent.mkdir(parents=True, exist_ok=True)
    text = seals.seal({**values, contract.CHECKSUMS: checksums(folder)}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: pathlib.Path) -> dict[str, Any]:
    """The manifest of a version; `contract.CHECKSUMS` is missing in one of an earlier release.

    Raises:
        FileNotFoundError: If there is none.
        DamagedError: If it is not as it was written.
    """
    path = folder / contract.MANIFEST
    try:
        text = path.read_bytes()
        manifest = json.loads(text)
        if not isinstance(manifest, dict):
            raise TypeError(f"it holds a {type(manifest).__name__}, not an object")
        if {contract.CHECKSUMS, seals.KEY} & manifest.keys():
            manifest = seals.unseal(text)
            if not isinstance(manifest[contract.CHECKSUMS], dict):
                raise TypeError("it has no checksums")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"{path}: there is no manifest.") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DamagedError(
            f"{path} is damaged: {first_line(error)}. Copy the version anew, or export it again."
        ) from error
    return manifest


def check(folder: pathlib.Path, names: tuple[str, ...] = ("",)) -> bool:
    """Compare files of a version with the manifest.

    Args:
        folder: Folder of the version.
        names: How the paths in it begin of those that are compared; "" begins every one.

    Returns:
        Whether there was something to compare with: not in an export of an earlier release, and
        not where there is no manifest.

    Raises:
        DamagedError: If the manifest or a file is damaged, or one is missing.
    """
    try:
        expected = read_manifest(folder).get(contract.CHECKSUMS)
    except FileNotFoundError:
        return False
    if expected is None:
        return False
    chosen = [name for name in expected if name.startswith(names)]
    if not chosen:
        raise DamagedError(
            f"{folder / names[0]} is none of the files that the export wrote, so nobody can tell "
            "whether it is whole. Read it from another folder, or export again."
        )
    for name in chosen:
        _compare(folder / name, expected[name])
    return True


def _compare(path, expected):
    try:
        received = seals.file_checksum(path)
    except FileNotFoundError:
        received = "no file"
    if received != expected:
        raise DamagedError(
            f"{path} is damaged: it is not what the export wrote. Copy it anew, or export again. "
            f"Expected SHA-256 {expected}. Received: {received}"
        )
