"""Fixtures: a folder to label, and where its answers go."""

import pytest

from tests.labelling import made


@pytest.fixture
def root(tmp_path):
    """A folder of eight small images, six of them without a label."""
    return made.folder(tmp_path / "photos")


@pytest.fixture
def path(tmp_path):
    """The file of answers, which is not there yet."""
    return tmp_path / "labels.csv"
