"""The search: its first trial, its time, what is pruned, and that a second one goes on."""

import dataclasses
import logging
import signal

import numpy as np
import pytest

from aae_keras.data import Data
from aae_keras.experiment.run_folder import runs
from aae_keras.experiment.search import journal, tuning
from aae_keras.experiment.search.journal import FREE_TRIALS
from aae_keras.experiment.search.search_space import changed_fields, shortened, space_of


class Training:
    """In place of `training.train`: a clock that goes on with each epoch, and errors to report.

    Args:
        seconds: Of an epoch.
        error: Function of (trial, epoch), both from 0, that returns an error rate or raises.
    """

    def __init__(self, seconds=10.0, error=lambda trial, epoch: 0.5):
        self.now, self.seconds, self.error = 0.0, seconds, error
        self.configs, self.epochs = [], []

    def clock(self):
        return self.now

    def train(self, config, folder, *, data, callbacks, verbose):
        self.configs.append(config)
        self.epochs.append(0)
        (watch,) = callbacks
        watch.on_train_begin()
        for epoch in range(config.epochs):
            self.now += self.seconds
            error = self.error(len(self.configs) - 1, epoch)
            self.epochs[-1] += 1
            watch.on_epoch_end(epoch, {"val_error_rate": error})


@pytest.fixture
def searched(small, tmp_path, monkeypatch):
    """Makes a `Search` of 16 epochs, 4 in a trial, whose training is the given one."""

    def search(trained, folder="tune", minutes=60.0, **changes):
        monkeypatch.setattr(tuning.training, "train", trained.train)
        config = dataclasses.replace(small, epochs=16, **changes)
        return tuning.Search(config, tmp_path / folder, minutes=minutes, clock=trained.clock)

    return search


def test_the_first_trial_is_the_configuration_and_the_others_stay_in_the_space(searched):
    trained = Training()
    search = searched(trained, extra_terms=("conditional_entropy", "marginal_entropy", "vat"))
    tried = list(search.run(6))
    assert [t.number for t in tried] == list(range(6)) and tried == search.tried
    assert [t.as_configured for t in tried] == [True] + 5 * [False]
    assert trained.configs[0] == shortened(search.config) and tried[0].fields == {}
    assert search.config_of(tried[0]) == search.config
    for t, config in zip(tried[1:], trained.configs[1:], strict=True):
        assert t.values.keys() == space_of(config).keys()
        assert t.fields == changed_fields(search.config, t.values)
        assert config == dataclasses.replace(shortened(search.config), **t.fields)
        assert search.config_of(t) == dataclasses.replace(search.config, **t.fields)
    assert len({t.values["vat_radius"] for t in tried}) == 6


def test_the_score_is_the_mean_of_the_last_two_epochs_and_the_best_the_first_of_equals(searched):
    scores = {0: [0.9, 0.9, 0.3, 0.1], 1: [0.9, 0.1, 0.1, 0.3], 2: [0.1, 0.1, 0.25, 0.25]}
    search = searched(Training(error=lambda trial, epoch: scores[trial][epoch]))
    assert [t.score for t in search.run(3)] == pytest.approx([0.2, 0.2, 0.25])
    assert search.best.number == 0
    search.criterion.direction = "maximize"
    assert search.best.number == 2


def test_no_trial_begins_that_would_not_fit(searched, caplog):
    """Trials of 40 s: after two of them 80 of 110 s are gone."""
    trained = Training()
    with caplog.at_level(logging.INFO):
        assert len(list(searched(trained, minutes=110 / 60).run())) == 2
    assert trained.now == 80 and "A trial takes about 40 s, and 30 s are left." in caplog.text


def test_what_runs_when_time_is_up_is_stopped_after_its_epoch(searched):
    """The third trial is slower than the first two: its second epoch is its last."""
    trained = Training()
    search = searched(trained, minutes=130 / 60)
    for t in search.run():
        if t.number == 1:
            trained.seconds = 35.0
    assert trained.epochs == [4, 4, 2] and trained.now == 150
    assert [t.outcome for t in search.tried] == ["ended", "ended", "stopped"]
    assert search.tried[-1].seconds == 70


def test_a_trial_that_ends_as_time_is_up_has_ended(searched):
    trained = Training()
    search = searched(trained, minutes=40 / 60)
    assert [t.outcome for t in search.run()] == ["ended"]


def test_a_configuration_that_was_stopped_is_tried_anew(searched):
    short = searched(Training(), minutes=0.25)
    assert [t.outcome for t in short.run()] == ["stopped"] and short.best is None
    trained = Training()
    search = searched(trained)
    assert [t.as_configured for t in search.run(2)] == [True, False]
    assert [t.number for t in search.tried] == [0, 1, 2]
    assert trained.configs[0] == shortened(search.config) and search.best.number == 1


@pytest.mark.long
def test_a_bad_trial_is_pruned_but_never_the_configuration(searched):
    bad = FREE_TRIALS + 1
    trained = Training(error=lambda trial, epoch: 0.9 if trial == bad else 0.1)
    search = searched(trained)
    tried = list(search.run(bad + 2))
    assert [t.outcome for t in tried].index("pruned") == bad and tried[bad].score == 0.9
    # Not judged by its first epoch: a third of the four.
    assert trained.epochs[bad] == 2 and trained.epochs[bad + 1] == 4
    # Here it is begun with others, all better at each of their epochs, in the journal already.
    search = searched(Training(error=lambda trial, epoch: 0.9), folder="other")
    for _ in range(FREE_TRIALS + 1):
        trial = search._journal.ask()
        for epoch in (1, 2, 3, 4):
            trial.report(0.1, epoch)
        search._journal.tell(trial, "ended", 0.1, {}, 1.0)
    (configured,) = search.run(FREE_TRIALS + 2)
    assert configured.as_configured and configured.outcome == "ended"


def test_a_loss_that_becomes_nan_is_a_line_and_the_search_goes_on(searched, caplog):
    def error(trial, epoch):
        if trial == 1 and epoch == 2:
            raise FloatingPointError("vat became nan in step 3 of epoch 3. Train a new run.")
        return 0.1

    search = searched(Training(error=error))
    with caplog.at_level(logging.INFO):
        outcomes = [t.outcome for t in search.run(3)]
    assert outcomes == ["ended", "diverged", "ended"] and search.best.number == 0
    assert "Trial 1: vat became nan in step 3 of epoch 3.\n" in caplog.text


@pytest.mark.long
def test_a_second_search_goes_on_with_other_values(searched):
    whole = [t.values for t in searched(Training(), folder="whole").run(3)]
    assert [t.values for t in searched(Training(), folder="again").run(3)] == whole
    first = [t.values for t in searched(Training()).run(3)]
    search = searched(Training())
    later = [t.values for t in search.run(5)]
    assert first == whole and len(later) == 2 and len(search.tried) == 5
    assert all(values not in first for values in later)
    assert list(searched(Training()).run(5)) == []


def test_an_interrupted_trial_is_stopped_and_the_search_goes_on(searched):
    def error(trial, epoch):
        if trial == 1 and epoch == 1:
            raise KeyboardInterrupt
        return 0.1

    search = searched(Training(error=error))
    with pytest.raises(KeyboardInterrupt):
        list(search.run())
    assert [t.outcome for t in search.tried] == ["ended", "stopped"]
    assert logging.getLogger("aae_keras").level != logging.ERROR
    assert len(list(searched(Training()).run(2))) == 1


def test_the_folder_of_another_search_is_refused(searched, npz, images, labels):
    list(searched(Training()).run(1))
    with pytest.raises(runs.RunError, match="seed is 0, not 1. Pass another --tune_dir"):
        searched(Training(), seed=1)
    np.savez(npz, x_train=images[::-1], y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(runs.RunError, match=r"The training part of .*own\.npz has changed"):
        searched(Training())


def test_a_last_line_that_was_cut_short_is_removed_and_the_search_goes_on(searched, caplog):
    search = searched(Training())
    list(search.run(2))
    (file,) = search.folder.glob("*.log")
    with open(file, "a") as journal_file:
        journal_file.write('{"op_code": 4, "worker_id": "0')
    assert len(searched(Training()).tried) == 2
    assert "journal.log: its last line was cut short, and is removed" in caplog.text
    assert [t.number for t in searched(Training()).run(3)] == [2]
    assert len(searched(Training()).tried) == 3


def test_a_search_from_before_there_was_a_field_goes_on(searched):
    search = searched(Training())
    list(search.run(1))
    study = search._journal._study
    before = {name: value for name, value in study.user_attrs["config"].items() if name != "fit"}
    study.set_user_attr("config", before)
    assert len(searched(Training()).tried) == 1
    with pytest.raises(runs.RunError, match="fit is 'stretch', not 'crop'"):
        searched(Training(), fit="crop")


def test_default_folder_is_beside_that_of_the_run(small):
    config = dataclasses.replace(small, dataset="mnist", seed=3, setting="labels-only")
    assert str(tuning.default_folder(config)) == "runs/tune-mnist-labels-only-seed3"


@pytest.mark.long
def test_a_search_by_noise_trains_in_stages_and_never_sees_the_test_part(
    small, tmp_path, monkeypatch
):
    """Trained in earnest: clusters of a first stage, and scores of the second alone."""
    config = dataclasses.replace(
        small, setting="clustering", num_clusters=3, num_labeled=0, pretrain="clustering",
        pretrain_clusters=2, pretrain_epochs=3, epochs=3, rate_drops=(), optimizer="adam",
        extra_terms=("vat",), reconstruction_rate=0.001, hidden_units=(8,),
    )  # fmt: skip
    monkeypatch.setattr(Data, "test", property(lambda data: pytest.fail("asked for test images")))
    search = tuning.Search(config, tmp_path / "tune")
    tried = list(search.run(2))
    assert [t.outcome for t in tried] == ["ended", "ended"]
    assert all(0 <= t.score <= np.log(3) + 1e-6 for t in tried)
    rows = (tmp_path / "tune" / "trial-1.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 + 2 and "val_error_rate" not in rows[0]
    trial = search._journal._study.trials[1]
    assert list(trial.intermediate_values) == [1, 2]
    assert sorted(path.name for path in (tmp_path / "tune").iterdir()) == [
        "distances.npz", "journal.log", "trial-0.csv", "trial-1.csv",
    ]  # fmt: skip


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_until_the_journal_is_written(stop):
    seen = []

    def handler(number, frame):
        seen.append("handled")
        raise KeyboardInterrupt

    former = signal.signal(stop, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            with journal.uninterrupted():
                signal.raise_signal(stop)
                seen.append("written")
        assert seen == ["written", "handled"]
        assert signal.getsignal(stop) is handler
    finally:
        signal.signal(stop, former)
