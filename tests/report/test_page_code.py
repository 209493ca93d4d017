"""The page's own code, by its own tools."""

import pytest

from tests.report.node import PAGE, TESTS, run_tests, run_tool


def test_types_agree():
    run_tool("tsc", "--project", str(PAGE))


def test_the_linter_is_content():
    run_tool("eslint", "--config", str(PAGE / "eslint.config.mjs"), str(PAGE), str(TESTS))


@pytest.mark.parametrize("name", ["lists", "raster", "view"])
def test_numbers_are_right(name):
    run_tests(name)


def test_a_file_holds_one_concern():
    for path in (*PAGE.glob("*.js"), *PAGE.glob("*.ts")):
        assert len(path.read_text().splitlines()) <= 400, path


def test_nothing_is_taken_for_markup():
    for path in PAGE.glob("*.js"):
        text = path.read_text()
        assert not any(word in text for word in ("innerHTML", "outerHTML", "document.write")), path
