"""Codes in the page: what is written of them, and what is left out."""

import numpy as np

from aae_keras.report import maps
from aae_keras.report.packing import pack
from tests import tiny
from tests.report import pages


def test_of_thousands_of_classes_the_largest_shares_are_kept(random):
    y = random.dirichlet(np.ones(5000), 20)
    shares = maps.largest_shares(y)
    assert ((shares > 0).sum(axis=1) == maps.MOST_SHARES).all()
    kept = np.sort(y, axis=1)[:, -maps.MOST_SHARES :]
    np.testing.assert_array_equal(np.sort(shares, axis=1)[:, -maps.MOST_SHARES :], kept)
    # All of them would take 3 bytes and more each: 20 MB for 2000 images.
    assert len(pack(shares, "float16").data) < 20 * maps.MOST_SHARES * 6
    few = random.dirichlet(np.ones(maps.MOST_SHARES), 20)
    np.testing.assert_array_equal(maps.largest_shares(few), np.where(few < maps.LEAST, 0, few))


def test_the_page_says_that_it_has_the_largest_alone(tmp_path, monkeypatch):
    data = pages.data_of(pages.lines(60), np.arange(60) % 3, ["a", "b", "c"])
    monkeypatch.setattr(maps, "MOST_SHARES", 2)
    report = pages.report_of(tmp_path, "run", tiny.tiny_model(), data)
    said = "Of the 3 probabilities of an image the page has the 2 largest"
    assert said in report.headline.notes[-1]
