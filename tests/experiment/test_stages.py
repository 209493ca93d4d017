"""A run in stages: what the second starts from, its rows, and that it resumes exactly anywhere."""

import dataclasses

import keras
import numpy as np
import pytest

from aae_keras import models
from aae_keras.data import from_arrays
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.changes import changed
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import training
from aae_keras.experiment.learning.stages import (
    epochs_before,
    stages_of,
    start_from,
    with_epochs,
    with_other_epochs,
)
from aae_keras.experiment.run_folder import outcomes, runs
from tests.experiment.killing import check_resumes_exactly


@pytest.fixture
def staged(small):
    """Two epochs of clustering, then two of the semi-supervised setting."""
    return dataclasses.replace(
        small,
        pretrain="clustering",
        pretrain_epochs=2,
        epochs=2,
        num_clusters=3,
        encoder_average=0.5,
        rate_drops=(),
    )


def test_one_setting_is_one_stage(small):
    (stage,) = stages_of(small, 3)
    assert stage.config is small and stage.number == 1


def test_stages_follow_each_other(staged):
    first, second = stages_of(staged, 3)
    assert (first.config.setting, second.config.setting) == ("clustering", "semi-supervised")
    assert (first.config.epochs, second.config.epochs) == (2, 2)
    rows = [{"stage": 1}, {"stage": 1}, {"stage": 2}]
    assert (epochs_before(first, rows), epochs_before(second, rows)) == (0, 2)


def test_the_second_starts_from_the_layers_of_the_first_but_for_the_head_of_y(staged):
    data = factory.load_data(staged)
    former, model = (factory.build_model(stage.config, data) for stage in stages_of(staged, 3))
    for weight in former.encoder.weights + former.decoder.weights:
        weight.assign(weight + 1)
    head = model.encoder.get_layer("y_logits").get_weights()
    taken = start_from(model, former)
    assert {"encoder_hidden_0", "z", "decoder_hidden_0", "pixels"} <= set(taken)
    assert "y_logits" not in taken
    for name in ("encoder_hidden_0", "z"):
        for ours, theirs in zip(
            model.encoder.get_layer(name).get_weights(),
            former.encoder.get_layer(name).get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)
    # clusters are no classes, though there are as many here
    for ours, before in zip(model.encoder.get_layer("y_logits").get_weights(), head, strict=True):
        np.testing.assert_array_equal(ours, before)
    for variable, average in model.average.pairs:
        np.testing.assert_array_equal(variable, average)


def test_each_stage_has_its_rows(staged, tmp_path):
    run = training.train(staged, tmp_path / "run", verbose=0)
    history = outcomes.read_history(run)
    assert [(row["epoch"], row["stage"]) for row in history] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert ["classification_loss" in row for row in history] == [False, False, True, True]
    assert isinstance(models.load_model(run.model_file), models.SemiSupervisedAAE)
    assert not run.backup.exists()


@pytest.mark.parametrize(
    "killed_after", [2, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (1, 3))]
)
def test_a_killed_run_resumes_exactly_in_every_stage(staged, tmp_path, killed_after):
    check_resumes_exactly(staged, tmp_path, killed_after)


class EndFirstStage(keras.callbacks.Callback):
    """Ends the stage of clustering after its first epoch, as early stopping would."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = isinstance(self.model, models.ClusteringAAE)


def test_a_stage_that_ends_early_takes_no_epochs_from_the_next(staged, tmp_path):
    staged = dataclasses.replace(staged, pretrain_epochs=3)
    run = training.train(staged, tmp_path / "run", callbacks=[EndFirstStage()], verbose=0)
    history = outcomes.read_history(run)
    assert [(row["epoch"], row["stage"]) for row in history] == [(1, 1), (2, 2), (3, 2)]


def test_labels_are_read_where_either_stage_needs_them():
    """A supervised first stage before a setting that learns from images alone."""
    first = Config(setting="clustering", num_clusters=3, pretrain="semi-supervised")
    assert first.learns_from_labels
    assert not Config(setting="clustering", num_clusters=3, pretrain="basic").learns_from_labels
    reduction = Config(setting="dimensionality-reduction", num_clusters=3)
    assert not reduction.learns_from_labels


def test_small_data_is_passed_over_until_the_least_steps_are_made(staged):
    config = dataclasses.replace(
        staged, rate_drops=(1,), vat_fade=(0, 1), extra_terms=("vat",), least_steps=30
    )
    data = factory.load_data(config)
    assert data.steps_per_epoch == 4  # so that 2 epochs are 8 steps, and 8 are needed for 30
    longer = with_epochs(config, data)
    assert (longer.epochs, longer.pretrain_epochs, longer.rate_drops) == (8, 8, (4,))
    assert longer.vat_fade == (0, 4) and longer.least_steps == 0
    enough = dataclasses.replace(config, least_steps=8)
    assert with_epochs(enough, data) == dataclasses.replace(config, least_steps=0)


def test_other_epochs_are_of_the_last_stage_and_taken_as_stated(staged):
    config = dataclasses.replace(
        staged, rate_drops=(1,), vat_fade=(0, 1), extra_terms=("vat",), least_steps=30
    )
    data = factory.load_data(config)
    trained = with_epochs(config, data)
    assert (trained.epochs, trained.pretrain_epochs) == (8, 8)  # not the 2 that were asked for
    for epochs in (3, 20):
        longer = with_other_epochs(dataclasses.replace(config, epochs=epochs), 2, data)
        assert longer == dataclasses.replace(trained, epochs=epochs, least_steps=1)
        again = with_epochs(longer, data)  # as it is read from its folder
        assert again == dataclasses.replace(longer, least_steps=0)
    plain = dataclasses.replace(staged, epochs=7)
    assert with_other_epochs(plain, 2, data) == plain


def test_a_run_of_least_steps_goes_on_for_the_epochs_that_are_asked_for(small, tmp_path):
    config = dataclasses.replace(small, epochs=1, rate_drops=(), least_steps=9)

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(config, tmp_path / "run", callbacks=[Stop()], verbose=0)
    longer = changed(config, epochs=5)
    run = training.train(longer, tmp_path / "run", resume=True, verbose=0)
    assert len(outcomes.read_history(run)) == 5
    assert runs.open_run(run.folder).config == dataclasses.replace(longer, least_steps=1)
    assert training.reopen(run.folder, longer).config.least_steps == 1  # by the same command


def test_a_run_of_least_steps_trains_them_and_keeps_what_was_asked_for(small, tmp_path):
    config = dataclasses.replace(small, epochs=1, rate_drops=(), least_steps=9)
    run = training.train(config, tmp_path / "run", verbose=0)
    assert len(outcomes.read_history(run)) == 3 and runs.open_run(run.folder).config == config


def test_small_data_is_cut_into_smaller_batches_before_it_is_passed_over_more_often(small, caplog):
    caplog.set_level("INFO", logger="aae_keras")
    pixels = np.zeros((500, 6, 5, 1), "uint8")  # a fifth of them for test
    data = from_arrays(pixels, np.arange(500) % 3, batch_size=250, validation_size=0)
    assert data.steps_per_epoch == 1
    cut = data.with_steps(10)
    (element, _) = next(iter(cut.train))
    assert (cut.steps_per_epoch, len(element["unlabeled"])) == (10, 40)
    assert data.with_steps(100).steps_per_epoch == 12  # of 32 images, and not of 4
    assert "batch_size is lowered to 32: 12 steps an epoch." in caplog.text
    assert data.with_steps(1) is data and cut.with_steps(12) is not cut
    assert cut.reading == data.reading
