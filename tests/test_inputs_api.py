"""Every row of the page on arrays and the Keras API names a test that there is."""

import pathlib
import re


def test_each_kind_has_a_test():
    rows = re.findall(r"(?m)^\| .* \| `(\w+)` \|$", pathlib.Path("docs/inputs_api.md").read_text())
    assert len(rows) >= 60
    sources = "\n".join(path.read_text() for path in pathlib.Path("tests").rglob("test_*.py"))
    tests = "\n".join(re.findall(r"def (test_\w+)", sources))
    assert [name for name in rows if name not in tests] == []
