"""Runs: exact resume, what is left on disk, and what is refused."""

import csv
import dataclasses
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from aae_keras import models
from aae_keras.errors import UserError
from aae_keras.experiment.building import factory, optimization
from aae_keras.experiment.configuration import config
from aae_keras.experiment.configuration.changes import changed
from aae_keras.experiment.learning import callbacks, fitting, training
from aae_keras.experiment.run_folder import outcomes, runs
from aae_keras.experiment.scores import evaluation
from aae_keras.phases import SCHEDULES
from tests.experiment.killing import assert_same_weights, check_resumes_exactly, saved_weights
from tests.tiny import tiny_model


class Killed(Exception):
    """Stands for a power cut."""


class KillAt(keras.callbacks.Callback):
    """Ends the process's training in the middle of an epoch."""

    def __init__(self, epoch, batch=2):
        super().__init__()
        self.at = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == self.at[0] and batch >= self.at[1]:
            raise Killed


def with_dropout(config, data):
    """A user's own encoder, with Dropout and batch normalisation inside."""
    model = factory.build_model(config, data)
    image = keras.Input(data.image_shape, name="image")
    hidden = keras.layers.Flatten()(image)
    hidden = keras.layers.Dense(16)(hidden)
    hidden = keras.layers.BatchNormalization()(hidden)
    hidden = keras.layers.Dropout(0.3, seed=7)(keras.layers.ReLU()(hidden))
    heads = {
        "y_logits": keras.layers.Dense(3, name="y_logits")(hidden),
        "z": keras.layers.Dense(2, name="z")(hidden),
    }
    parts = model.get_config() | {"encoder": keras.Model(image, heads)}
    own = models.SemiSupervisedAAE(**parts)
    optimization.compile_model(own, config, data.steps_per_epoch)
    return own


# Each precision once, and each kind of state: optimizers that XLA compiles, a setting with a state
# of its own; tests/experiment/test_stages.py has the average. Every combination in the long suite,
# the alternating schedule in others.
SHORT_EXECUTIONS = {("paired", "bfloat16", 2), ("simultaneous", "float32", 2)}
SHORT_RECIPES = {"clustering-with-everything"}
EXECUTIONS = [
    pytest.param(
        {
            "schedule": schedule,
            "precision": precision,
            "steps_per_execution": steps,
            "jit_compile": "auto",
        },
        None,
        id=f"{schedule}-{precision}-{steps}",
        marks=() if (schedule, precision, steps) in SHORT_EXECUTIONS else pytest.mark.exhaustive,
    )
    for schedule in SCHEDULES
    for precision in ("float32", "bfloat16")
    for steps in (1, 2)
]
CLUSTERS = {"setting": "clustering", "num_clusters": 4, "num_labeled": 0}
SETTINGS = {
    "supervised": {"setting": "supervised"},
    "label-informed": {"setting": "label-informed", "prior": "gaussian-mixture"},
    "basic-gaussian": {"setting": "basic", "num_labeled": 0, "posterior": "gaussian"},
    "basic-universal": {"setting": "basic", "num_labeled": 0, "posterior": "universal"},
    "clustering": CLUSTERS | {"input_dropout": 0.2, "encoder_average": 0.9, "batch_norm": True},
    "clustering-with-everything": CLUSTERS
    | {"mode_decoder": True, "cyclic_loss": 0.1, "z_penalty": 0.1}
    | {"mode_distance": 0.1, "balanced_prior": True},
    "dimensionality-reduction": {"setting": "dimensionality-reduction"},
    "clusters-only": CLUSTERS | {"setting": "clusters-only", "extra_terms": ("marginal_entropy",)},
}
RECIPES = {
    "plain": {},
    "adam": {
        "optimizer": "adam",
        "reconstruction_rate": 1e-3,
        "batch_norm": True,
        "hidden_units": (16,),
    },
    "adam-updates": {
        "schedule": "paired",
        "optimizer": "adam",
        "precision": "bfloat16",
        "jit_compile": "auto",
        "hidden_units": (16,),
    },
    "average": {"encoder_average": 0.9, "steps_per_execution": 3},
    "labels-only": {"setting": "labels-only"},
}


@pytest.mark.parametrize(
    ("changes", "build"),
    [
        *EXECUTIONS,
        *(
            pytest.param(
                changes,
                None,
                id=name,
                marks=() if name in SHORT_RECIPES else pytest.mark.exhaustive,
            )
            for name, changes in (RECIPES | SETTINGS).items()
        ),
        pytest.param({}, with_dropout, id="dropout"),
        pytest.param(
            {"jit_compile": "step"}, with_dropout, id="dropout-xla", marks=pytest.mark.exhaustive
        ),
        pytest.param(
            {"schedule": "simultaneous"},
            with_dropout,
            id="dropout-simultaneous",
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_a_killed_and_resumed_run_equals_one_left_alone(small, tmp_path, build, changes):
    small = dataclasses.replace(small, **changes)
    check_resumes_exactly(small, tmp_path, epoch=2, batch=1, build=build)


def test_supervised_training_does_without_validation_that_has_no_labels(small, tmp_path, caplog):
    small = dataclasses.replace(small, setting="supervised", num_labeled=45, epochs=1)
    run = training.train(small, tmp_path / "run", verbose=0)
    assert "This setting needs labels for validation, and none are left" in caplog.text
    with open(run.history_file) as file:
        assert not any(name.startswith("val_") for name in next(csv.DictReader(file)))


def test_callbacks_of_the_users_own_are_called(small, tmp_path):
    seen = []
    own = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    training.train(small, tmp_path / "run", callbacks=[own], verbose=0)
    assert seen == [0, 1, 2, 3]


@pytest.mark.long
def test_a_killed_process_resumes_to_the_same_weights(small, tmp_path):
    """The real thing: kill -9 of a process, at whatever moment it comes."""
    script = """
        import sys
        from aae_keras.experiment.configuration import config
        from aae_keras.experiment.learning import training
        small = config.Config.from_yaml(open(sys.argv[1]).read())
        training.train(small, sys.argv[2], resume=sys.argv[3] == "resume", verbose=0)
    """
    small = dataclasses.replace(small, epochs=40)
    (tmp_path / "config.yaml").write_text(small.to_yaml())

    def start(mode):
        command = [sys.executable, "-c", textwrap.dedent(script)]
        return subprocess.Popen(
            [*command, str(tmp_path / "config.yaml"), str(tmp_path / "cut"), mode],
            stderr=subprocess.DEVNULL,
        )

    cut = start("new")
    deadline = time.monotonic() + 60
    backup = tmp_path / "cut" / "backup"
    while not list(backup.glob("epoch-00001?")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(cut.pid, signal.SIGKILL)
    cut.wait()
    done = [int(p.name.removeprefix("epoch-")) for p in backup.glob("epoch-*")]
    assert done and 10 <= max(done) < 40
    resumed = start("resume")
    alone = training.train(small, tmp_path / "alone", verbose=0)
    assert resumed.wait() == 0
    assert_same_weights(saved_weights(alone), saved_weights(runs.open_run(tmp_path / "cut")))


def test_a_run_leaves_what_the_manual_lists(small, tmp_path):
    run = training.train(small, tmp_path / "run", verbose=0)
    found = {path.name for path in run.folder.iterdir()}
    assert found == {"config.yaml", "lineage.json", "model.keras", "history.csv", "logs"}
    again = runs.open_run(run.folder)
    assert (again.config, again.revision) == (small, run.revision)
    stamp, fingerprint = run.revision.split("-")
    assert time.strptime(stamp, "%Y%m%dT%H%M%SZ") and fingerprint == small.fingerprint()


def test_the_test_part_changes_no_weight(small, tmp_path, npz, trained_once):
    with np.load(npz) as arrays:
        changed = dict(arrays)
    changed["x_test"], changed["y_test"] = changed["x_test"][:7] * 0, changed["y_test"][:7] * 0
    np.savez(npz, **changed)
    second = training.train(small, tmp_path / "second", verbose=0)
    assert_same_weights(saved_weights(trained_once), saved_weights(second))


def test_a_shorter_run_has_the_rates_of_the_long_ones_first_epochs(small, tmp_path, trained_once):
    short = training.train(dataclasses.replace(small, epochs=3), tmp_path / "short", verbose=0)
    lines = [run.history_file.read_text().splitlines() for run in (trained_once, short)]
    strip = [[line.rsplit(",", 2)[0] for line in text] for text in lines]  # no seconds, revision
    assert strip[0][:4] == strip[1]


@pytest.mark.parametrize("epoch, expected", [(0, 0.5), (1, 0.5), (2, 0.05), (4, 0.05), (5, 0.005)])
def test_rates_drop_after_the_stated_epochs(epoch, expected):
    steps = 7
    schedule = optimization.rate_schedule(0.5, config.Config(rate_drops=(2, 5)), steps)
    for step in (epoch * steps, epoch * steps + steps - 1):  # first and last of the epoch
        np.testing.assert_allclose(schedule(step), expected, rtol=1e-6)


def test_no_drops_is_a_plain_rate():
    assert optimization.rate_schedule(0.5, config.Config(rate_drops=()), 7) == 0.5


def test_every_phase_gets_its_own_rate_and_momentum(small):
    data = factory.load_data(small)
    rates = {"reconstruction": 0.3, "discriminator": 0.4, "generator": 0.5, "classification": 0.6}
    small = dataclasses.replace(small, **{f"{name}_rate": rate for name, rate in rates.items()})
    model = factory.build_model(small, data)
    assert {phase.name: float(phase.optimizer.learning_rate) for phase in model.phases} == (
        pytest.approx(rates)
    )
    assert [phase.optimizer.momentum for phase in model.phases] == [0.9, 0.1, 0.1, 0.9]


def test_simultaneous_phases_share_what_is_the_same_optimizer(small):
    data = factory.load_data(small)

    def optimizers(**changes):
        config = dataclasses.replace(small, schedule="simultaneous", rate_drops=(), **changes)
        model = factory.build_model(config, data)
        return [
            (phase.name[:3], round(float(phase.optimizer.learning_rate) * phase.weight, 6))
            for phase in model.phases
        ], len(model.optimizers)

    paper = [("rec", 0.01), ("dis", 0.1), ("gen", 0.1), ("cla", 0.1)]
    assert optimizers() == (paper, 3)  # the adversaries' rates and momenta are the same
    same = {"momentum": 0.1, "reconstruction_rate": 0.1}
    assert optimizers(**same) == ([("rec", 0.1), *paper[1:]], 1)
    rates = {"reconstruction_rate": 1e-3, "classification_rate": 1e-3, "generator_rate": 1e-4}
    found = [("rec", 1e-3), ("dis", 0.1), ("gen", 1e-4), ("cla", 1e-3)]
    assert optimizers(optimizer="adam", **rates) == (found, 3)
    assert optimizers(setting="labels-only") == ([("cla", 0.1)], 1)


def poisoned(callback):
    """A `build` whose model is fitted with one more callback, before all others."""

    def build(config, data):
        model = factory.build_model(config, data)
        fit = model.fit
        model.fit = lambda *a, callbacks, **k: fit(*a, callbacks=[callback, *callbacks], **k)
        return model

    return build


def test_nan_ends_training_with_its_name_and_step_and_keeps_the_last_epoch(small, tmp_path):
    class Poison(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2 and int(self.model.step) > 4:
                self.model.decoder.trainable_variables[-1].assign_add([np.nan] * 30)

    with pytest.raises(FloatingPointError, match="reconstruction_loss.* step 3 of epoch 2"):
        training.train(small, tmp_path / "run", build=poisoned(Poison()), verbose=0)
    assert [p.name for p in (tmp_path / "run" / "backup").iterdir()] == ["epoch-000001"]


def test_nan_is_placed_within_the_steps_of_an_execution(small, tmp_path):
    class Poison(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.decoder.trainable_variables[-1].assign_add([np.nan] * 30)

    small = dataclasses.replace(small, steps_per_execution=3)
    # Whether a ReLU passes NaN on to the discriminators depends on the processor.
    message = "^reconstruction_loss, .*classification_loss.* became nan in steps 1 to 3 of epoch 1"
    with pytest.raises(FloatingPointError, match=message):
        training.train(small, tmp_path / "run", build=poisoned(Poison()), verbose=0)


def test_a_folder_with_a_run_is_refused_resumed_or_moved_away(small, tmp_path, trained):
    before = trained.model_file.read_bytes()
    with pytest.raises(runs.RunError, match="holds a run already.*--overwrite.*--resume alone"):
        training.train(small, trained.folder, verbose=0)
    assert (
        training.train(small, trained.folder, resume=True, verbose=0).revision == trained.revision
    )
    assert trained.model_file.read_bytes() == before
    for count in ("", "-1"):
        runs.write_config(trained)  # the same revision twice
        training.train(small, trained.folder, overwrite=True, verbose=0)
        old = tmp_path / ".old" / f"{trained.revision}{count}"
        assert (old / "model.keras").exists()


def test_resume_refuses_another_configuration_and_an_empty_folder(small, tmp_path, trained):
    trained.model_file.unlink()
    with pytest.raises(runs.RunError, match="seed is 0, not 3.*Only epochs, dataset, data_dir"):
        training.train(dataclasses.replace(small, seed=3), trained.folder, resume=True)
    with pytest.raises(runs.RunError, match="holds no run"):
        training.train(small, tmp_path / "none", resume=True)


def test_other_epochs_leave_a_run_the_least_steps_that_its_batches_are_of(small, trained):
    config = dataclasses.replace(small, least_steps=9)
    trained.model_file.unlink()
    runs.write_config(dataclasses.replace(trained, config=config))
    longer = changed(config, epochs=7)
    assert longer.least_steps == 0  # of a new run: its epochs are taken as stated
    reopened = training.reopen(trained.folder, longer).config
    assert (reopened.epochs, reopened.least_steps) == (7, 9)
    with pytest.raises(runs.RunError, match="least_steps is 9, not 5"):
        training.reopen(trained.folder, dataclasses.replace(config, least_steps=5))


def test_weights_that_turn_nan_in_the_last_step_are_not_saved(small, tmp_path):
    """Losses are those before a step: only the weights show what its update did."""

    class Poison(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.step) == 8:  # the last of two epochs of four steps
                self.model.decoder.trainable_variables[-1].assign_add([np.nan] * 30)

    small = dataclasses.replace(small, epochs=2, validation_size=0)
    with pytest.raises(FloatingPointError, match="pixels/bias became NaN.* of epoch 2"):
        training.train(small, tmp_path / "run", build=poisoned(Poison()), verbose=0)
    assert [p.name for p in (tmp_path / "run" / "backup").iterdir()] == ["epoch-000001"]
    assert not (tmp_path / "run" / "model.keras").exists()


def test_an_epoch_makes_one_iterator(small, tmp_path, monkeypatch):
    """Keras makes a second where it is not told the steps, which costs as much as some of them."""
    made = []
    original = tf.data.Dataset.__iter__

    def counted(dataset):
        if isinstance(dataset.element_spec[0], dict):  # images of training, by kind
            made.append(dataset)
        return original(dataset)

    monkeypatch.setattr(tf.data.Dataset, "__iter__", counted)
    counts = []
    for epochs in (2, 5):
        made.clear()
        folder = tmp_path / f"run-{epochs}"
        training.train(dataclasses.replace(small, epochs=epochs), folder, verbose=0)
        counts.append(len(made))
    assert counts[1] - counts[0] == 3


def interrupted(small, folder, monkeypatch):
    original = fitting.EpochClock
    monkeypatch.setattr(fitting, "EpochClock", lambda: KillAt(2, batch=1))
    with pytest.raises(Killed):
        training.train(small, folder, verbose=0)
    monkeypatch.setattr(fitting, "EpochClock", original)


def test_a_row_of_history_lost_to_a_kill_comes_back(small, tmp_path, monkeypatch):
    interrupted(small, tmp_path / "run", monkeypatch)
    history = tmp_path / "run" / "history.csv"
    history.write_text("\n".join(history.read_text().splitlines()[:2]) + "\n")
    run = training.train(small, tmp_path / "run", resume=True, verbose=0)
    assert [row["epoch"] for row in outcomes.read_history(run)] == [1, 2, 3, 4]


def test_epochs_may_change_while_a_run_is_unfinished(small, tmp_path, monkeypatch):
    interrupted(small, tmp_path / "run", monkeypatch)
    with pytest.raises(runs.RunError, match="has 2 whole epochs already. Received: epochs=1"):
        training.train(
            dataclasses.replace(small, epochs=1), tmp_path / "run", resume=True, verbose=0
        )
    longer = dataclasses.replace(small, epochs=6)
    run = training.train(longer, tmp_path / "run", resume=True, verbose=0)
    assert runs.open_run(run.folder).config == longer
    assert len(outcomes.read_history(run)) == 6
    with pytest.raises(runs.RunError, match="has ended after 6 epochs"):
        training.train(
            dataclasses.replace(small, epochs=9), tmp_path / "run", resume=True, verbose=0
        )


def test_a_new_run_takes_nothing_from_a_stale_checkpoint(
    small, tmp_path, monkeypatch, trained_once
):
    interrupted(small, tmp_path / "run", monkeypatch)
    (tmp_path / "run" / "config.yaml").unlink()
    again = training.train(small, tmp_path / "run", verbose=0)
    assert_same_weights(saved_weights(again), saved_weights(trained_once))


def test_data_that_has_changed_is_refused(small, tmp_path, npz, monkeypatch, trained):
    interrupted(small, tmp_path / "cut", monkeypatch)
    with np.load(npz) as arrays:
        changed = dict(arrays)
    changed["x_train"][0] ^= 1
    np.savez(npz, **changed)
    with pytest.raises(runs.RunError, match="The training part of .* has changed"):
        training.train(small, tmp_path / "cut", resume=True, verbose=0)
    with pytest.raises(runs.RunError, match="has changed"):
        evaluation.evaluate_run(trained.folder, dataset=str(npz))


def test_data_may_have_moved(small, tmp_path, npz):
    trained = training.train(small, tmp_path / "run", verbose=0)
    elsewhere = npz.rename(npz.with_name("elsewhere.npz"))
    with pytest.raises(ValueError, match="no such file"):
        evaluation.evaluate_run(trained.folder)
    assert evaluation.evaluate_run(trained.folder, dataset=str(elsewhere))["test"]


def test_faults_of_the_data_leave_no_folder(small, tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        training.train(dataclasses.replace(small, dataset="none.npz"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_run_folders_that_cannot_be_used_are_named(tmp_path):
    with pytest.raises(runs.RunError, match="holds no run"):
        runs.open_run(tmp_path)
    for text in ("epochs: 3", "revision: x\nepoch: 3", "revision: [", "revision: x\nepochs: 3"):
        (tmp_path / "config.yaml").write_text(text)
        with pytest.raises(runs.RunError, match=r"config\.yaml cannot be used"):
            runs.open_run(tmp_path)
    runs.write_config(runs.Run(tmp_path, config.Config(), "x", "y"))
    with pytest.raises(runs.RunError, match="training has not ended.*--resume"):
        runs.open_trained(tmp_path)


def test_a_checkpoint_of_another_model_is_refused(model, element, tmp_path):
    backup = callbacks.Backup(tmp_path / "backup")
    model.fit(tf.data.Dataset.from_tensors(element), callbacks=[backup], verbose=0)
    other = tiny_model()
    other.compile("adam")
    with pytest.raises(UserError, match="written by another model"):
        callbacks.Backup(tmp_path / "backup").restore(other)
    (checkpoint,) = (tmp_path / "backup").iterdir()
    (checkpoint / "state.npz").write_bytes(b"PK damaged")
    with pytest.raises(UserError, match="no whole checkpoint is left to resume from"):
        callbacks.Backup(tmp_path / "backup").restore(model)


def test_a_half_written_checkpoint_is_never_read(model, element, tmp_path, monkeypatch):
    backup = callbacks.Backup(tmp_path / "backup")
    data = tf.data.Dataset.from_tensors(element)
    model.fit(data, callbacks=[backup], verbose=0)
    kept = model.get_weights()

    def cut(file, **arrays):
        file.write(b"PK half")
        raise Killed

    monkeypatch.setattr(np, "savez", cut)
    with pytest.raises(Killed):
        model.fit(data, initial_epoch=1, epochs=2, callbacks=[backup], verbose=0)
    again = tiny_model()
    again.compile(jit_compile=False)
    assert callbacks.Backup(tmp_path / "backup").restore(again) == 1
    for ours, theirs in zip(again.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_history_leaves_empty_what_an_epoch_lacks(tmp_path):
    outcomes.write_csv(tmp_path / "h.csv", [{"epoch": 1, "a": 0.5}, {"epoch": 2, "b": 1.5}])
    assert (tmp_path / "h.csv").read_text() == "epoch,a,b\n1,0.5,\n2,,1.5\n"


def test_backup_progress_is_plain_json(model, element, tmp_path):
    backup = callbacks.Backup(tmp_path / "backup", history_file=tmp_path / "history.csv")
    model.fit(tf.data.Dataset.from_tensors(element), epochs=2, callbacks=[backup], verbose=0)
    checkpoint = tmp_path / "backup" / "epoch-000002"
    progress = json.loads((checkpoint / "progress.json").read_text())
    assert progress["epochs"] == 2 and [row["epoch"] for row in progress["history"]] == [1, 2]
    backup.remove()
    assert not (tmp_path / "backup").exists()


def test_what_makes_z_leaves_y_alone_where_each_has_a_trunk(small, tmp_path):
    """As in the `-plus` recipes: reconstruction and the game over z bring y nothing, to the bit."""
    config = dataclasses.replace(
        small, trunks=2, z_units=(8,), detached_y=True, informed_discriminator=True, epochs=1,
        rate_drops=(),
    )  # fmt: skip
    other = dataclasses.replace(config, latent_dim=3, prior_stddev=2.0, z_game_weight=0.0)
    encoders = [
        models.load_model(training.train(one, tmp_path / name, verbose=0).model_file).encoder
        for name, one in {"whole": config, "other": other}.items()
    ]
    for layer in ("encoder_hidden_0", "encoder_hidden_1", "y_logits"):
        ours, theirs = (encoder.get_layer(layer).get_weights() for encoder in encoders)
        for one, two in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, two)


def test_clusters_that_are_found_by_y_alone_are_those_found_beside_the_rest(small, tmp_path):
    """Decoder and the game over z can wait until then, to the bit."""
    config = changed(
        small, setting="clustering", num_clusters=4, num_labeled=0, trunks=2, z_units=(8,),
        detached_y=True, y_game_weight=0.0, extra_terms=("conditional_entropy", "marginal_entropy"),
        optimizer="adam", epochs=1, rate_drops=(),
    )  # fmt: skip
    alone = changed(config, setting="clusters-only")
    found = [
        models.load_model(training.train(one, tmp_path / one.setting, verbose=0).model_file)
        for one in (config, alone)
    ]
    assert not hasattr(found[1], "decoder") and found[1].latent_y == models.LatentY.CLUSTER
    for layer in ("encoder_hidden_0", "encoder_hidden_1", "y_logits"):
        ours, theirs = (model.encoder.get_layer(layer).get_weights() for model in found)
        for one, two in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, two)
