"""What trials are scored by: labels where they validate, else what noise leaves of y."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from aae_keras.errors import UserError
from aae_keras.experiment.building import factory
from aae_keras.experiment.search.criteria import ErrorRate, SharedInformation, criterion_for


def flat(count=400):
    """Images of one grey level each, of four levels: 0, 80, 160, 240."""
    levels = 80 * (np.arange(count) % 4)
    return np.broadcast_to(levels[:, None, None, None], (count, 5, 5, 1)).astype("uint8")


class Stub:
    """A model whose y is a function of the image's mean, and of its first pixel."""

    def __init__(self, category):
        self.category = category

    def encode(self, images):
        category = self.category(tf.reduce_mean(images, axis=(1, 2, 3)), images[:, 0, 0, 0])
        return {"y": tf.one_hot(tf.cast(category, "int32"), 4)}


@pytest.mark.parametrize(
    "category, expected",
    [
        (lambda mean, first: 0 * mean, 0.0),
        (lambda mean, first: tf.round(mean * 255 / 80), math.log(4)),
        (lambda mean, first: tf.minimum(tf.round(mean * 255 / 80), 1), 0.5623),  # 1 : 3
        (lambda mean, first: tf.math.floormod(first * 1000, 2), 0.0),  # noise decides
    ],
)
def test_shared_information_of_closed_cases(category, expected):
    criterion = SharedInformation(flat(), 4)
    assert criterion.score(Stub(category), {}) == pytest.approx(expected, abs=0.02)
    assert criterion.direction == "maximize" and "1.386 nats" in criterion.statement


def test_the_noise_is_half_the_spread_and_the_same_each_time():
    criterion = SharedInformation(flat(), 4)
    # Levels of equal shares, 80 apart: a variance of 80^2 (4^2 - 1) / 12.
    assert criterion.stddev == pytest.approx(0.5 * 80 * math.sqrt(15 / 12) / 255, rel=1e-6)
    model = Stub(lambda mean, first: tf.round(3 * tf.clip_by_value(first, 0, 1)))
    scores = {criterion.score(model, {}) for _ in range(2)}
    assert len(scores) == 1 and 0.05 < scores.pop() < math.log(4) - 0.05


def test_labels_are_used_where_they_validate(small, tmp_path, images, labels):
    criterion = criterion_for(small, factory.load_data(small))
    assert isinstance(criterion, ErrorRate) and criterion.direction == "minimize"
    assert criterion.score(None, {"val_error_rate": 0.25}) == 0.25
    assert "6 validation images" in criterion.statement and criterion.text(0.25) == "25.00 %"
    data = factory.load_data(small)
    data.split.labels[data.split.validation_rows[:2]] = -1  # a `val/` with some that nobody named
    assert "of 4 validation images" in criterion_for(small, data).statement
    clusters = dataclasses.replace(small, setting="clustering", num_clusters=3, num_labeled=0)
    alone = {"setting": "clusters-only", "extra_terms": ("marginal_entropy",)}
    for config in (clusters, dataclasses.replace(clusters, **alone)):
        assert isinstance(criterion_for(config, factory.load_data(config)), SharedInformation)
    # Training takes the twelve labels there are: images without any are left for validation.
    known = np.where(np.arange(60) < 12, labels, -1)
    few = {"x_train": images, "y_train": known, "x_test": images, "y_test": labels}
    np.savez(tmp_path / "few.npz", **few)
    few = dataclasses.replace(small, dataset=str(tmp_path / "few.npz"))
    assert isinstance(criterion_for(few, factory.load_data(few)), SharedInformation)


def test_without_y_or_validation_there_is_no_score(small):
    basic = dataclasses.replace(small, setting="basic", num_labeled=0)
    with pytest.raises(UserError, match="choose another setting.*Received: setting='basic'"):
        criterion_for(basic, factory.load_data(basic))
    none = dataclasses.replace(small, validation_size=0)
    with pytest.raises(UserError, match="raise `validation_size`"):
        criterion_for(none, factory.load_data(none))
