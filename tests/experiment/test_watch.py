"""The signs of a training gone wrong: each said once, none where all is well."""

import logging
import math
import types

import numpy as np
import pytest

from aae_keras.data.splits import Split
from aae_keras.experiment.building import factory
from aae_keras.experiment.learning import watch
from aae_keras.experiment.learning.watch import PATIENCE, UNDECIDED, Watch


def test_an_undecided_discriminator_pays_two_log_two():
    """Both kinds are given logit 0: -log sigmoid(0) = log 2 each."""
    assert pytest.approx(-2 * math.log(1 / (1 + math.exp(0)))) == UNDECIDED


def test_a_discriminator_is_blind_if_undecided_before_codes_far_from_the_prior(random):
    prior, near, far = (random.normal(size=(500, 2)) + shift for shift in (0.0, 0.0, [0.0, 1.0]))
    # The supremum of the difference of two unit normals one apart is 2 Phi(1/2) - 1 = 0.383.
    assert watch.is_blind(UNDECIDED, far, prior)
    assert not watch.is_blind(UNDECIDED, near, prior)
    assert not watch.is_blind(1.3, far, prior)


@pytest.mark.parametrize(
    "used, categories, images, found",
    [
        (10, 10, 1000, 0),
        (9, 10, 1000, 0),  # a tenth may be unused
        (8, 10, 1000, 2),
        (8, 10, 199, 0),  # too few images to tell
        (1, 2, 1000, 1),
    ],
)
def test_unused_categories_are_counted_where_images_can_tell(used, categories, images, found):
    y = np.eye(categories)[np.arange(images) % used]
    assert watch.unused(y) == found


@pytest.fixture
def watching(small):
    """A watch over a model of two latent dimensions, for four epochs."""
    data = factory.load_data(small)
    watch = Watch(data, 0, 8)
    watch.set_model(factory.build_model(small, data))
    return watch


def test_images_of_every_part_are_looked_at_though_they_stand_class_by_class():
    rows = np.arange(4 * watch.IMAGES)
    none = rows[:0]
    split = Split(rows, rows, none, none, rows, none, none, (), rows)
    looked_at = Watch(types.SimpleNamespace(split=split), 0, 4).images
    parts = np.bincount(looked_at // watch.IMAGES, minlength=4)
    # A quarter of each, drawn without replacement: 1000 1/4 3/4 3/4 = 141 is the variance, and
    # five deviations are 60.
    assert parts.sum() == watch.IMAGES and np.abs(parts - watch.IMAGES / 4).max() < 60


def test_a_sign_is_said_once_when_it_has_lasted(watching, caplog):
    for epoch, loss in enumerate([0.05, 0.05, 0.5, *3 * [0.05], 0.5, *3 * [0.05]]):
        watching.on_epoch_end(epoch, {"discriminator_cat_loss": loss, "loss": 0.0})
        said = "discriminator_cat_loss has been below 0.1 for 3 epochs" in caplog.text
        assert said == (epoch >= 5)  # two, a pause, then three in a row
    assert len(caplog.records) == 1 and "Lower --discriminator_rate" in caplog.text


def test_codes_are_looked_at_in_the_second_half(watching, monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    codes = {"y": np.eye(3)[np.zeros(90, int)], "z": np.full((90, 2), 3.0)}
    monkeypatch.setattr(watch, "encode", lambda model, images: codes)
    logs = {"discriminator_gauss_loss": UNDECIDED}
    assert watching.signs(3, logs) == {}
    assert watching.signs(4, logs).keys() == {"unused", "blind"}
    for epoch in range(4, 4 + PATIENCE):
        watching.on_epoch_end(epoch, logs)
    assert "2 of 3 categories have had no validation image for 3 epochs" in caplog.text
    assert "discriminator_gauss_loss has been 1.39 for 3 epochs" in caplog.text


def test_nothing_is_said_of_a_training_that_goes_well(watching, random, monkeypatch, caplog):
    codes = {"y": np.eye(3)[np.arange(90) % 3], "z": random.normal(size=(90, 2))}
    monkeypatch.setattr(watch, "encode", lambda model, images: codes)
    for epoch in range(8):
        losses = {"discriminator_cat_loss": 0.9, "discriminator_gauss_loss": UNDECIDED}
        watching.on_epoch_end(epoch, losses)
    assert not caplog.records
