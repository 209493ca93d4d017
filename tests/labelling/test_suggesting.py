"""What is suggested of a run: which images, what they are called, and the files."""

import csv
import dataclasses
import json

import numpy as np
import pytest

from aae_keras import data
from aae_keras.data import sources, splits
from aae_keras.data.source import Source
from aae_keras.errors import UserError
from aae_keras.labelling import suggesting
from tests import tiny
from tests.folders import write_images


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_images_are_called_what_a_table_of_labels_calls_them(tmp_path):
    """Also where a test part is held out, which moves the rows."""
    write_images(tmp_path / "root", {"a": 10, "b": 10, "unlabeled": 5})
    split = data.load(str(tmp_path / "root"), validation_size=2).split
    source = sources.read(str(tmp_path / "root"))
    assert len(split.names) == len(split.labels) == 21  # two of each class are held out
    where = {name: row for row, name in enumerate(source.names)}
    for row in (0, 10, 20):
        np.testing.assert_array_equal(split.images[row], source.images[where[split.names[row]]])
    assert split.names[-1] == "unlabeled/004.png"
    numbered = np.arange(40, dtype="uint8").reshape(-1, 1, 1, 1)
    split = splits.split_source(Source(numbered, np.arange(40) % 2, ("a", "b")))
    assert [int(split.images[row][0, 0, 0]) for row in range(32)] == split.names.tolist()


def test_a_runs_suggestions_are_a_table_of_its_own_unlabelled_images(trained):
    (path,) = suggesting.suggest(trained.folder, 7)
    rows = rows_of(path)
    assert path == trained.folder / "suggestions.csv" and len(rows) == 7
    assert list(rows[0]) == ["image", "predicted", "confidence", "why"]
    _, found, _ = suggesting.factory.load_trained(trained.folder)
    asked = {int(row["image"]) for row in rows}
    # three quarters of the 60 have a label, 12 of which the run used: the others need not be asked
    assert asked <= set(range(0, 60, 4)) and len(asked) == 7
    assert asked <= set(found.split.unlabeled_rows) - set(found.split.labeled_rows)
    assert {row["predicted"] for row in rows} <= {"0", "1", "2"}
    assert all(1 / 3 <= float(row["confidence"]) <= 1 for row in rows)


def test_the_table_is_one_of_labels_once_it_is_filled_in(trained, tmp_path):
    (path,) = suggesting.suggest(trained.folder, 4, output=tmp_path / "new" / "next.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0] + ",label", *(line + ",2" for line in lines[1:])]))
    source = sources.read(trained.config.dataset, labels=str(path))
    asked = [int(line.split(",")[0]) for line in lines[1:]]
    assert source.labels[asked].tolist() == [2, 2, 2, 2]
    with pytest.raises(UserError, match="next.csv holds more than suggestions"):
        suggesting.suggest(trained.folder, 4, output=path)


@pytest.mark.parametrize(
    "name, text",
    [
        ("next.csv", "image;predicted;confidence;why;label\n3;2;0,5;doubtful;2\n"),  # of Excel
        ("next.csv", "image,predicted,confidence,why,Label\n3,2,0.5,doubtful,2\n"),
        ("next.csv", "\nimage,predicted,confidence,why,label\n"),
        ("next.csv", "notes of mine\n"),
        ("next.json", '[{"data": {"image": "3.png"}, "annotations": [{"result": []}]}]'),
        ("next.json", '{"mine": 1}'),
    ],
)
def test_what_somebody_has_written_is_not_written_over(trained, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=f"{name} holds more than suggestions"):
        suggesting.suggest(trained.folder, 4, output=tmp_path / "next.csv")
    assert (tmp_path / name).read_text() == text


def test_fewer_images_than_asked_for_are_said(trained, tmp_path, caplog):
    (path,) = suggesting.suggest(trained.folder, 1000, output=tmp_path / "next.csv")
    assert len(path.read_text().splitlines()) < 1000
    assert "Not the 1000 asked for" in caplog.text


def test_suggestions_are_written_over_by_the_next(trained, tmp_path):
    for count in (4, 3):
        (path,) = suggesting.suggest(trained.folder, count, output=tmp_path / "next.csv")
        assert len(path.read_text().splitlines()) == 1 + count
        path.with_suffix(".json").write_text('[{"data": {"image": "3.png"}}]')


@pytest.fixture
def split(images):
    """Sixty images without a label, a tenth of which validate, with paths for names."""
    names = np.array([f"unlabeled/{n:02d}.png" for n in range(60)], object)
    source = Source(images, np.full(60, -1), ("a", "b", "c"), images[:3], np.arange(3), names=names)
    return splits.split_source(source, validation_size=6, use_labels=False)


@pytest.mark.parametrize("setting", ["basic", "clustering", "semi-supervised", *tiny.ENCODER_ALONE])
def test_every_kind_of_model_suggests(split, setting):
    model = tiny.EVERY_SETTING[setting]()
    found = suggesting.suggestions(model, split, 5)
    assert len({one.image for one in found}) == 5
    held_out = set(split.names[split.validation_rows])
    assert held_out.isdisjoint(one.image for one in found)
    predicted = {one.predicted for one in found}
    if setting == "basic":
        assert predicted == {""} and found[0].confidence is None
    elif setting in ("clustering", "clusters-only"):
        assert predicted <= {f"cluster-{n:02d}" for n in range(tiny.NUM_CLUSTERS)}
    else:
        assert predicted <= {"a", "b", "c"}
    (first, *_) = suggesting._tasks(found, model, "the run")
    assert first["data"] == {"image": found[0].image}
    assert ("predictions" in first) == (setting in ("semi-supervised", "labels-only"))
    json.dumps(first)


def test_names_that_no_table_can_hold_are_left_out(split, caplog):
    names = split.names.copy()
    names[0], names[1], names[2] = " 00.png", "0\n1.png", "0\udcff2.png"
    rows, labelled = suggesting._pool(dataclasses.replace(split, names=names), 0)
    kept = np.setdiff1d(split.unlabeled_rows, [0, 1, 2])
    assert rows.tolist() == kept.tolist() and not labelled.any()
    unnamed = np.isin([0, 1, 2], split.unlabeled_rows).sum()
    assert f"Left out {unnamed} image" in caplog.text


def test_a_run_that_has_every_label_is_one_message(split):
    taught = dataclasses.replace(split, labeled_rows=np.arange(60))
    with pytest.raises(UserError, match="has a label: none is left to ask"):
        suggesting.suggestions(tiny.basic(), taught, 5)


def test_of_very_many_images_some_are_looked_at(split, monkeypatch):
    monkeypatch.setattr(suggesting, "MOST_IMAGES", 20)
    taught = dataclasses.replace(split, labeled_rows=split.unlabeled_rows[:4])
    rows, labelled = suggesting._pool(taught, 0)
    assert len(rows) == 24 and rows[labelled].tolist() == split.unlabeled_rows[:4].tolist()
