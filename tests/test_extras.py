"""Commands that messages give for what is not installed."""

import importlib.metadata
import pathlib
import tomllib

import pytest

from aae_keras.extras import how_to_install

PROJECT = tomllib.loads(pathlib.Path("pyproject.toml").read_text())
EXTRAS = PROJECT["tool"]["setuptools"]["dynamic"]["optional-dependencies"]


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_command_is_of_the_package_or_else_of_the_checkout(extra, monkeypatch):
    def find(name):
        if not installed:
            raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", find)
    installed = False
    file = how_to_install(extra).removeprefix("pip install -r ")
    assert [file] == EXTRAS[extra]["file"] and pathlib.Path(file).exists()
    installed = True
    assert how_to_install(extra) == f"pip install 'aae_keras[{extra}]'"
