"""Results kept beside the tables: what is read back, what replaces what, what is left out."""

import dataclasses
import json
import logging

import pytest

from aae_keras.errors import UserError
from aae_keras.experiment.reproduction import archive
from aae_keras.experiment.reproduction.results import Runs
from aae_keras.experiment.reproduction.rows import row_of
from tests.made import of_errors

ROW = row_of("digits")


def test_results_outlive_their_run_folders(tmp_path):
    found = Runs(ROW, of_errors(0.01, 0.02), of_errors(0.1))
    archive.write(tmp_path, found)
    assert archive.with_kept(Runs(ROW), tmp_path) == found


def test_a_run_folder_replaces_what_was_kept_of_its_seed(tmp_path):
    archive.write(tmp_path, Runs(ROW, of_errors(0.01, 0.02, 0.03)))
    _, again = of_errors(0.5, 0.6)
    merged = archive.with_kept(Runs(ROW, (again,)), tmp_path)
    assert [r.scores["error_rate"] for r in merged.results] == [0.01, 0.6, 0.03]
    assert [r.seed for r in merged.results] == [0, 1, 2]


def test_results_of_another_recipe_are_counted_and_left_out(tmp_path, caplog):
    other = dataclasses.replace(ROW, changes={"epochs": 7})
    archive.write(tmp_path, Runs(other, of_errors(0.01, 0.02)))
    with caplog.at_level(logging.WARNING):
        assert archive.with_kept(Runs(ROW), tmp_path).results == ()
    assert "2 results" in caplog.text and "another recipe (epochs)" in caplog.text
    assert len(archive.with_kept(Runs(other), tmp_path).results) == 2


def edited(path, edit):
    """Change the recipe that a file says its results are of."""
    kept = json.loads(path.read_text())
    edit(kept["results"]["config"])
    path.write_text(json.dumps(kept))


def test_a_field_that_came_later_counts_as_its_default(tmp_path):
    archive.write(tmp_path, Runs(ROW, of_errors(0.01)))
    edited(tmp_path / "digits.json", lambda config: config.pop("test_fraction"))
    assert len(archive.with_kept(Runs(ROW), tmp_path).results) == 1
    edited(tmp_path / "digits.json", lambda config: config.pop("vat_radius"))  # not its default
    assert archive.with_kept(Runs(ROW), tmp_path).results == ()


def test_a_field_that_is_no_more_is_another_recipe(tmp_path):
    archive.write(tmp_path, Runs(ROW, of_errors(0.01)))
    edited(tmp_path / "digits.json", lambda config: config.update(gone=1))
    assert archive.with_kept(Runs(ROW), tmp_path).results == ()


def test_nothing_run_leaves_no_file(tmp_path):
    archive.write(tmp_path / "results", Runs(ROW))
    assert not (tmp_path / "results").exists()


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "digits.json").write_text('{"results": {"config": {}}}')
    with pytest.raises(UserError, match=r"digits\.json is damaged"):
        archive.with_kept(Runs(ROW), tmp_path)
    (tmp_path / "digits.json").write_text("[")
    with pytest.raises(UserError, match=r"digits\.json is damaged"):
        archive.with_kept(Runs(ROW), tmp_path)
