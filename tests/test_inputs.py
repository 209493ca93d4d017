"""Every row of the pages on images and on arrays names a test that there is."""

import pathlib
import re

import pytest


@pytest.mark.parametrize("page, least", [("inputs.md", 80), ("inputs_api.md", 70)])
def test_each_kind_has_a_test(page, least):
    ends = re.findall(r"(?m)^\| .* \| (.*) \|$", pathlib.Path("docs", page).read_text())
    rows = [end for end in ends if end != "test"]  # the tables' heads end so
    assert len(rows) >= least
    assert [row for row in rows if not re.fullmatch(r"`\w+`(, `\w+`)*", row)] == []
    sources = "\n".join(path.read_text() for path in pathlib.Path("tests").rglob("test_*.py"))
    tests = "\n".join(re.findall(r"def (test_\w+)", sources))
    assert [name for name in re.findall(r"\w+", "\n".join(rows)) if name not in tests] == []
