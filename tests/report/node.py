"""Node and its tools, where they are: tests of the page's own code skip, visibly, where not."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

import pytest


@dataclasses.dataclass(frozen=True)
class Code:
    """Where a page's code lies, and its tests."""

    page: pathlib.Path
    tests: pathlib.Path


REPORT, LABELLING = (
    Code(pathlib.Path("aae_keras", room, "page"), pathlib.Path("tests", room, "page"))
    for room in ("report", "labelling")
)
PAGE = REPORT.page


def run_tests(name, code=REPORT, **environment):
    """Run a file of Node tests; what it skips is skipped here too.

    Args:
        name: `network` for `network.test.mjs`.
        code: Which page's.
        **environment: Variables for it.
    """
    node = shutil.which("node")
    if not node:
        pytest.skip("no Node.js: install nodejs to test the page's own code")
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", code.tests / f"{name}.test.mjs"],
        capture_output=True,
        text=True,
        env={**os.environ, **{key: str(value) for key, value in environment.items()}},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_tool(name, *arguments):
    """Run a tool of the report's `node_modules`; skips where `npm ci` has not been run."""
    tool = PAGE / "node_modules" / ".bin" / name
    if not tool.exists():
        pytest.skip(f"no {name}: run npm ci in {PAGE}")
    done = subprocess.run([tool, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
