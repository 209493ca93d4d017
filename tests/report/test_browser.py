"""The page in real browsers: writes pages of every kind, which Node then uses as a person would.

It takes Node.js, puppeteer-core (`npm ci` in the page's folder), and Chromium or Firefox; what is
not there is skipped, and pytest says so.
"""

import json
import re

import numpy as np
import pytest

from aae_keras.models import inference
from tests import tiny
from tests.report import pages
from tests.report.node import PAGE, run_tests
from tests.report.packed import cut


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Paths of pages by their names."""
    if not (PAGE / "node_modules" / "puppeteer-core").exists():
        pytest.skip(f"no puppeteer-core: run npm ci in {PAGE}")
    folder = tmp_path_factory.mktemp("pages")
    labels = np.arange(120) % 3
    grey = pages.data_of(pages.lines(120), labels, ["one", "two", "three"])
    half = np.where(np.arange(120) % 4, labels, -1)
    partly = pages.data_of(pages.lines(120), half, ["one", "two", "three"])
    evil = pages.data_of(pages.lines(120), labels, pages.HOSTILE)
    bare = pages.data_of(pages.lines(120), None, None)
    colour = pages.data_of(pages.lines(120, 3), labels, ["one", "two", "three"])
    names = [f"class {rank}" for rank in range(5000)]
    many = pages.data_of(pages.lines(600), np.arange(600) * 7, names)
    model = tiny.tiny_model()
    kinds = {
        "labelled": (model, grey),
        "hostile": (tiny.tiny_model(), evil),
        "unlabelled": (tiny.basic(), bare),
        "clusters": (tiny.clustering(), grey),
        "heads": (tiny.dimensionality_reduction(), grey),
        "given": (tiny.supervised(), grey),
        "given-to-some": (tiny.supervised(), partly),
        "colour": (pages.of_classes(3, channels=3), colour),
        "many": (pages.of_classes(5000), many),
    }
    found = {}
    for name, (built, data) in kinds.items():
        report = pages.report_of(folder, name, built, data)
        found[name] = str(pages.write(folder / f"{name}.html", report))
        if name == "labelled":
            shown = cut(report.images.sprite)[..., :1]
            logits = inference.encode(model, shown)["y_logits"]
            # 16-bit weights have a relative error of 2^-11 each.
            expected = {"y_logits": logits.tolist(), "atol": 0.01 * float(np.abs(logits).max())}
            (folder / "labelled.json").write_text(json.dumps(expected))
    return found


def test_the_page_is_used_in_browsers(written, capsys):
    said = run_tests("browser", AAE_REPORT_PAGES=json.dumps(written))
    browsers = set(re.findall(r"(?m)^ok \d+ - (chrome|firefox)$", said))
    with capsys.disabled():
        print("\n".join(re.findall(r"(?m)^# (.*(?:ready after|Drawn in) .*)$", said)))
    if not browsers:
        pytest.skip("no Chromium and no Firefox")
