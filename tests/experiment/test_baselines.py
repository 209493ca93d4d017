"""Scikit-learn's classifiers on a split: they learn, and see no label that training does not."""

import dataclasses

import numpy as np
import pytest

from aae_keras.experiment.building import factory
from aae_keras.experiment.scores import baselines, evaluation


@pytest.fixture
def split(small):
    return factory.read_data(small).split


def test_each_learns_what_is_easy(split):
    found = baselines.scores(split)
    assert found.keys() == {"label_spreading", "self_training"}
    assert all(score["error_rate"] < 0.1 for score in found.values())  # chance is 0.67


def test_labels_that_training_does_not_see_change_nothing(split):
    hidden = split.labels.copy()
    hidden[np.setdiff1d(split.unlabeled_rows, split.labeled_rows)] = 2
    assert baselines.scores(dataclasses.replace(split, labels=hidden)) == baselines.scores(split)


def test_few_unlabelled_images_are_enough(split, monkeypatch, caplog):
    monkeypatch.setattr(baselines, "MOST_UNLABELED", 5)
    assert baselines.scores(split).keys() == {"label_spreading", "self_training"}
    assert "The baselines see 5 of " in caplog.text


def test_fewer_images_than_neighbours_are_enough(split):
    few = split.labeled_rows[:6]
    least = dataclasses.replace(split, labeled_rows=few[:4], unlabeled_rows=few)
    assert baselines.scores(least).keys() == {"label_spreading", "self_training"}


def test_there_are_none_without_labels(split):
    nothing = dataclasses.replace(split, labeled_rows=np.arange(0))
    assert baselines.scores(nothing) == {}
    unknown = dataclasses.replace(split, test_labels=np.full(60, -1))
    assert baselines.scores(unknown) == {}


def test_evaluation_writes_them_if_asked(trained):
    result = evaluation.evaluate_run(trained.folder, with_baselines=True)
    assert result["baselines"]["label_spreading"]["error_rate"] < 0.1


def test_labels_of_one_class_teach_no_baseline(split, caplog):
    alone = split.labeled_rows[split.labels[split.labeled_rows] == 1]
    assert baselines.scores(dataclasses.replace(split, labeled_rows=alone)) == {}
    assert "The labels are of one class" in caplog.text
