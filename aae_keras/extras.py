"""Packages that only some of the work needs: how one gets them."""

import importlib.metadata

# Beside `requirements-EXTRA.txt`.
_FILES = {"train": "requirements.txt", "test": "requirements-dev.txt"}


def how_to_install(extra: str) -> str:
    """The command that installs an extra of pyproject.toml.

    The package is on no index, so that pip finds an extra by its name only beside an installed
    package; in a checkout the same packages stand in a file.
    """
    try:
        importlib.metadata.distribution("aae_keras")
    except importlib.metadata.PackageNotFoundError:
        return f"pip install -r {_FILES.get(extra, f'requirements-{extra}.txt')}"
    return f"pip install 'aae_keras[{extra}]'"
