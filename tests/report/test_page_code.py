"""The pages' own code, by its own tools: the report's, and that of labelling."""

import pytest

from tests.report.node import LABELLING, PAGE, REPORT, run_tests, run_tool


def test_types_agree():
    run_tool("tsc", "--project", str(PAGE))


def test_the_linter_is_content():
    folders = [str(folder) for code in (REPORT, LABELLING) for folder in (code.page, code.tests)]
    run_tool("eslint", "--config", str(PAGE / "eslint.config.mjs"), *folders)


@pytest.mark.parametrize("name", ["lists", "raster", "view"])
def test_numbers_are_right(name):
    run_tests(name)


def test_a_file_holds_one_concern():
    for path in (*PAGE.glob("*.js"), *PAGE.glob("*.ts")):
        assert len(path.read_text().splitlines()) <= 400, path


def test_nothing_is_taken_for_markup():
    for path in (*PAGE.glob("*.js"), *LABELLING.page.glob("*.js")):
        text = path.read_text()
        assert not any(word in text for word in ("innerHTML", "outerHTML", "document.write")), path
