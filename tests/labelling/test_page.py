"""The page's own code by its own tools, and in real browsers.

The linter and the type checker of the report's page check this one too, see
tests/report/test_page_code.py. What is not installed is skipped, and pytest says so.
"""

import contextlib
import json
import re

import pytest

from aae_keras.data import tables
from aae_keras.labelling import answers, collection, session
from tests.labelling import made
from tests.report.node import LABELLING, REPORT, run_tests


def test_keys_and_pace_are_right():
    run_tests("keys", LABELLING)


def test_a_file_holds_one_concern():
    for path in LABELLING.page.glob("*.js"):
        assert len(path.read_text().splitlines()) <= 400, path


@contextlib.contextmanager
def served(folder, kind):
    """A server of twelve questions, predicted a and b in turn."""
    root = made.folder(folder / f"photos-{kind}", count=12)
    suggestions, path = folder / f"{kind}.csv", folder / f"labels-{kind}.csv"
    rows = [f"{made.name(n)},{'ab'[n % 2]},0.5,far from all" for n in range(12)]
    suggestions.write_text("\n".join(["image,predicted,confidence,why", *rows]) + "\n")
    images = collection.open_collection(str(root))
    asked = session.read_suggestions(suggestions, images)
    with answers.opened(path) as file:
        begun = session.Session(images, asked, file, [made.HOSTILE])
        about = {"dataset": made.HOSTILE, "labels": str(path), "command": "python -m tools.train"}
        with made.serving(begun, about) as server:
            yield server.url, path


def test_the_page_is_used_in_browsers(tmp_path):
    if not (REPORT.page / "node_modules" / "puppeteer-core").exists():
        pytest.skip(f"no puppeteer-core: run npm ci in {REPORT.page}")
    with served(tmp_path, "chrome") as (chrome, path), served(tmp_path, "firefox") as (firefox, _):
        urls = {"chrome": chrome, "firefox": firefox}
        said = run_tests("browser", LABELLING, AAE_LABEL_PAGES=json.dumps(urls))
        browsers = set(re.findall(r"(?m)^ok \d+ - (chrome|firefox)$", said))
        if "chrome" in browsers:
            labels = {answer.image: answer.label for answer in tables.read_table(path)}
            expected = [made.HOSTILE, "a", "c 1", "b", "b", "a", "a", "b", "b", "b", "a", None]
            found = [labels.get(made.name(number)) for number in range(12)]
            assert (
                sorted(map(str, found)) == sorted(map(str, expected)) and found[:7] == expected[:7]
            )
            assert len(path.read_text().splitlines()) == 1 + 11  # none twice
    if not browsers:
        pytest.skip("no Chromium and no Firefox")
