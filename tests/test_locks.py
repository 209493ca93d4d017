"""The locks: one release of each package, by checksum, within the ranges that people read."""

import pathlib
import re

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# What `make env` and `make test` install from; `make lock` writes each from the list beside it.
LOCKS = {"requirements.lock": "requirements.txt", "requirements-dev.lock": "requirements-dev.txt"}
PLACES = [
    {"python_version": version, "platform_machine": machine, "sys_platform": "linux"}
    for version in ("3.11", "3.12", "3.13")
    for machine in ("x86_64", "aarch64")
]


def entries(text):
    """The requirements in a lock, each with its checksums."""
    joined = text.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and line.strip()[0] != "#"]
    for line in lines:
        requirement, *options = line.split(" --hash=")
        yield Requirement(requirement), [option.strip() for option in options]


def release(requirement):
    """The one release that a requirement takes."""
    (specifier,) = requirement.specifier
    assert specifier.operator == "==" and "*" not in specifier.version, requirement
    return specifier.version


def locked():
    """The release of each package in all locks, with where it is installed."""
    found = {}
    for file in LOCKS:
        for requirement, _ in entries(pathlib.Path(file).read_text()):
            name = canonicalize_name(requirement.name)
            found.setdefault(name, []).append((release(requirement), requirement.marker))
    return found


@pytest.mark.parametrize("file", LOCKS)
def test_each_locked_package_is_one_release_with_its_checksums(file):
    found = list(entries(pathlib.Path(file).read_text()))
    assert len(found) > 20
    for requirement, checksums in found:
        assert release(requirement) and checksums, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", checksum) for checksum in checksums)


def test_both_locks_name_the_same_release():
    found = {name: {version for version, _ in places} for name, places in locked().items()}
    assert {name: many for name, many in found.items() if len(many) > 1} == {}


@pytest.mark.parametrize("file", LOCKS.values())
def test_what_people_read_is_locked_within_its_range(file):
    found = locked()
    for line in pathlib.Path(file).read_text().splitlines():
        if line.startswith("#"):
            continue
        wanted = Requirement(line)
        places = found.get(canonicalize_name(wanted.name), [])
        for place in PLACES:
            versions = {
                version for version, marker in places if marker is None or holds(marker, place)
            }
            assert len(versions) == 1, f"run `make lock`: {wanted.name} on {place}"
            assert wanted.specifier.contains(versions.pop()), f"run `make lock`: {wanted}"


def holds(marker, place):
    return Marker(str(marker)).evaluate(place)


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_says_nothing_of_where_packages_come_from(file):
    text = pathlib.Path(file).read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted| @ ", text)


def test_the_makefile_installs_by_the_locks_alone():
    makefile = pathlib.Path("Makefile").read_text()
    assert "INSTALL := $(BIN)/python -m pip install --quiet --require-hashes\n" in makefile
    installed = re.findall(r"(?m)^\t.*\$\(INSTALL\) (.*)$", makefile)
    assert installed == ["-r requirements.lock", "$(LOCKS:%=-r %)"]
    assert f"LOCKS := {' '.join(LOCKS)}\n" in makefile
    for lock, file in LOCKS.items():
        assert re.search(rf"(?m)^\t\$\(COMPILE\) .*{file} --output-file {lock}$", makefile)
