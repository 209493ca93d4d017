"""The page of every setting: one file that needs nothing but itself."""

import base64
import dataclasses
import json
import re

import numpy as np
import pytest

from aae_keras.data import loading
from aae_keras.experiment.building import factory
from aae_keras.report import page, writing
from tests import tiny
from tests.folders import write_images
from tests.report import pages
from tests.report.packed import cut, unpack

LABELS = np.arange(60) % 3


@pytest.mark.parametrize("name", tiny.EVERY_SETTING)
def test_every_setting_has_a_page(name, tmp_path):
    model = tiny.EVERY_SETTING[name]()
    data = pages.data_of(pages.lines(60), LABELS, ["a", "b", "c"])
    report = pages.report_of(tmp_path, name, model, data)
    assert json.loads(report.to_json())["headline"]["title"] == name
    assert report.images.sprite.count == 30 and report.layouts
    decodes = name not in tiny.ENCODER_ALONE
    assert (report.networks.decoder is not None) == decodes
    assert (report.networks.encoder is not None) == model.latent_y.is_encoded
    assert (report.codes.heads is not None) == name.startswith("dimensionality-reduction")
    assert (report.images.predicted is not None) == model.latent_y.is_encoded
    # A decoder that needs a label draws those of known ones, and all 30 are.
    if decodes:
        assert not np.isnan(unpack(report.images.novelty)).any()
    width = model.categories or 3
    assert report.categories.typical.shape == (width, 8)


def test_images_stand_beside_what_belongs_to_them(tmp_path):
    images = pages.lines(60)
    data = pages.data_of(images, LABELS, ["a", "b", "c"])
    report = pages.report_of(tmp_path, "run", tiny.tiny_model(), data)
    rows = np.array(report.images.names, int)
    assert sorted(rows) == list(range(30, 60))
    np.testing.assert_array_equal(cut(report.images.sprite)[..., :1], images[rows])
    np.testing.assert_array_equal(unpack(report.images.labels), LABELS[rows])


def test_images_are_called_as_a_table_of_labels_calls_them(tmp_path):
    """By their row before a test part was held out, and by their path in a folder."""
    pixels = np.arange(60 * 30, dtype="uint8").reshape(60, 6, 5, 1)
    np.savez(tmp_path / "a.npz", x_train=pixels, y_train=np.arange(60) % 3)
    data = loading.load(str(tmp_path / "a.npz"), num_labeled=9, validation_size=9)
    report = pages.report_of(tmp_path, "run", tiny.tiny_model(), data)
    rows = np.array(report.images.names, int)
    assert rows.max() > len(data.split.labels)  # of those that are left
    np.testing.assert_array_equal(cut(report.images.sprite)[..., :1], pixels[rows])
    write_images(tmp_path / "photos", {"a": 20, "b": 20, "c": 20}, size=(5, 6))
    data = loading.load(str(tmp_path / "photos"), num_labeled=9, validation_size=9)
    report = pages.report_of(tmp_path, "photos-run", tiny.tiny_model(), data)
    assert all((tmp_path / "photos" / name).is_file() for name in report.images.names)


def test_a_novelty_that_is_never_known_is_left_out(tmp_path):
    """The decoder of the supervised setting takes the label, which no held-out image has."""
    labels = np.where(np.arange(60) < 30, LABELS, -1)
    data = pages.data_of(pages.lines(60), labels, ["a", "b", "c"])
    report = pages.report_of(tmp_path, "run", tiny.supervised(), data)
    assert report.images.novelty is None


def test_a_page_shows_at_most_so_many_images(tmp_path, monkeypatch):
    monkeypatch.setattr(writing.gallery, "MOST_IMAGES", 7)
    data = pages.data_of(pages.lines(60), LABELS, ["a", "b", "c"])
    report = pages.report_of(tmp_path, "run", tiny.tiny_model(), data)
    assert report.images.sprite.count == report.codes.z.shape[0] == 7
    # The calibration curve is of all.
    assert sum(part.count for part in report.headline.calibration) == 30


def test_without_labels_nothing_is_called_right(tmp_path):
    data = pages.data_of(pages.lines(60), None, None)
    report = pages.report_of(tmp_path, "run", tiny.basic(), data)
    assert report.categories.classes == () and report.categories.names == ()
    assert "have no labels" in report.headline.notes[-1]
    report = pages.report_of(tmp_path, "clusters", tiny.clustering(), data)
    assert set(unpack(report.images.right)) == {-1}
    assert report.categories.names == ("00", "01", "02", "03")
    report = pages.report_of(tmp_path, "alone", tiny.clusters_only(), data)
    assert report.categories.names == ("00", "01", "02", "03")


def test_without_held_out_images_the_rest_is_there(tmp_path):
    data = pages.data_of(pages.lines(60), LABELS, ["a", "b", "c"])
    data.split = dataclasses.replace(data.split, validation_rows=np.arange(0))
    report = pages.report_of(tmp_path, "run", tiny.tiny_model(), data)
    assert report.images is None and report.layouts == ()
    assert report.categories.modes.count == 3 and report.charts


def test_colours_have_no_sketch(tmp_path):
    data = pages.data_of(pages.lines(60, 3), LABELS, ["a", "b", "c"])
    report = pages.report_of(tmp_path, "run", pages.of_classes(3, channels=3), data)
    assert report.sketch is None and "in colour" in report.sketch_note
    assert report.image_shape == (6, 5, 3)


def test_stages_and_references_of_the_curves(tmp_path):
    data = pages.data_of(pages.lines(60), LABELS, ["a", "b", "c"])
    report = pages.report_of(tmp_path, "run", tiny.tiny_model(), data)
    assert report.stages == (2.0,)
    charts = {chart.title: chart for chart in report.charts}
    assert charts["Error"].lines[1].values == pytest.approx((60, 50, 40))
    (reference,) = charts["Discriminators"].references
    assert (
        reference.value == pytest.approx(1.386, abs=1e-3)
        and "2 log 2" in charts["Discriminators"].aid
    )


def test_the_page_is_one_file_without_anything_to_fetch(trained):
    path = writing.write_report(trained.folder, "python -m tools.train")
    assert path == trained.folder / "report.html"
    text = path.read_text()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'") and "http" not in policy
    markup = re.sub(r'(?s)<script id="report".*?</script>', "", text)
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)""", markup)
    assert "/* inline" not in text
    data = re.findall(r'(?s)<script id="report" type="application/json">(.*?)</script>', text)
    assert json.loads(data[0])["headline"]["facts"][2] == [
        "revision", factory.load_trained(trained.folder)[0].revision
    ]  # fmt: skip


def test_modules_import_each_other_by_the_map():
    modules = page.modules()
    assert "page/main.js" in modules
    imported = set()
    for url in modules.values():
        source = base64.b64decode(url.partition(",")[2]).decode()
        assert not re.findall(r'from "\.', source)
        imported |= set(re.findall(r'\bfrom "(page/[\w-]+\.js)"', source))
    assert imported | {"page/main.js"} == modules.keys()
