"""Both sides of the page's data name the same things, and no text in it ends the script."""

import dataclasses
import json
import re

import numpy as np
import pytest

from aae_keras.report import contents
from aae_keras.report.packing import pack
from tests.report.node import PAGE


def records():
    """The dataclasses of `contents`, by name."""
    named = vars(contents).values()
    return {kind.__name__: kind for kind in named if dataclasses.is_dataclass(kind)}


def test_python_and_the_page_name_the_same_fields():
    text = (PAGE / "types.d.ts").read_text()
    declared = {
        name: re.findall(r"(?m)^  (\w+):", body)
        for name, body in re.findall(r"(?s)export interface (\w+) \{\n(.*?)\n\}", text)
    }
    assert declared == {
        name: [field.name for field in dataclasses.fields(kind)] for name, kind in records().items()
    }


def test_what_may_be_missing_is_the_same_on_both_sides():
    text = (PAGE / "types.d.ts").read_text()
    for name, kind in records().items():
        body = re.findall(rf"(?s)export interface {name} \{{\n(.*?)\n\}}", text)[0]
        there = set(re.findall(r"(?m)^  (\w+): .*\| null;", body))
        here = {field.name for field in dataclasses.fields(kind) if "None" in str(field.type)}
        assert here == there, name


def report_saying(title):
    headline = contents.Headline(title, (), (), (), ())
    kinds = contents.Categories("none", (), (), (), None, pack(np.zeros((0, 8)), "int16"))
    nets = contents.Networks(None, None, "", "")
    return contents.Report(
        headline, (6, 5, 1), None, None, (), kinds, nets, None, "", (), (), (), "#808080"
    )


def test_no_text_ends_the_script_it_stands_in():
    hostile = "</script><script>alert(1)</script><!-- \u2028"
    text = report_saying(hostile).to_json()
    assert "<" not in text
    assert json.loads(text)["headline"]["title"] == hostile


def test_what_is_no_number_is_refused():
    report = dataclasses.replace(report_saying(""), stages=(float("nan"),))
    with pytest.raises(ValueError, match="not JSON compliant"):
        report.to_json()
