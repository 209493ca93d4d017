"""One owner of a run folder at a time, and a folder that nothing is left in."""

import dataclasses
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from aae_keras.errors import UserError
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import callbacks, training
from aae_keras.experiment.run_folder import ownership, runs

OWNER = """
    import pathlib, sys
    from aae_keras.experiment.run_folder import ownership
    with ownership.owned(pathlib.Path(sys.argv[1])):
        print("mine", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def owner(tmp_path):
    """A process that owns `tmp_path / "run"`."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER), str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"mine\n"
    yield process
    process.kill()
    process.communicate()


def test_a_killed_owner_leaves_no_lock_behind(owner, tmp_path):
    with pytest.raises(UserError, match="is being trained in by another process"):
        with ownership.owned(tmp_path / "run"):
            pass
    assert (tmp_path / "run" / ".lock").exists()  # the refused one removed nothing
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    with ownership.owned(tmp_path / "run") as lock:
        assert lock.stands()
    assert not list((tmp_path / "run").iterdir())


def test_an_owned_folder_is_neither_resumed_nor_moved_nor_begun_in(owner, small, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(UserError, match="is being trained in"):
        training.train(small, folder, verbose=0)
    runs.write_config(runs.Run(folder, small, "20260101T000000Z-00000000", "f"))
    for how in ({"resume": True}, {"overwrite": True}):
        with pytest.raises(UserError, match="is being trained in"):
            training.train(small, folder, verbose=0, **how)
    assert not (tmp_path / ".old").exists() and runs.open_run(folder).config == small


def test_a_run_that_another_began_meanwhile_is_not_moved_away(small, tmp_path, monkeypatch):
    """Between the first look at the folder and the lock on it, while data is read."""
    folder = tmp_path / "run"
    theirs = runs.Run(folder, small, "20260101T000000Z-00000000", "f")

    def read_slowly(*arguments, read=training.factory.load_data):
        folder.mkdir()
        runs.write_config(theirs)
        return read(*arguments)

    monkeypatch.setattr(training.factory, "load_data", read_slowly)
    with pytest.raises(runs.RunError, match="holds a run already"):
        training.train(small, folder, verbose=0)
    assert runs.open_run(folder) == theirs and not (tmp_path / ".old").exists()


def test_a_run_behind_a_link_is_moved_away_where_it_lies(tmp_path):
    """And the next one goes to the same disk."""
    real, link = tmp_path / "disk" / "run", tmp_path / "run"
    real.mkdir(parents=True)
    link.symlink_to(real)
    config = Config(preset="digits")
    runs.write_config(runs.Run(link, config, "20260101T000000Z-00000000", "f"))
    runs.make_way(link)
    old = tmp_path / "disk" / ".old" / "20260101T000000Z-00000000"
    assert runs.open_run(old).config == config and not (old / ownership.FILE).exists()
    assert link.is_symlink() and list(real.iterdir()) == []


def test_nothing_is_written_about_a_run_that_another_has_taken_the_place_of(tmp_path):
    run = runs.Run(tmp_path, Config(preset="digits"), "20260101T000000Z-00000000", "f")
    runs.write_config(run)
    runs.check_still_there(run)
    runs.write_config(dataclasses.replace(run, revision="20260102T000000Z-00000000"))
    with pytest.raises(runs.RunError, match="no longer holds the run 20260101T000000Z"):
        runs.check_still_there(run)
    (tmp_path / "config.yaml").unlink()
    with pytest.raises(runs.RunError, match="no longer holds"):
        runs.check_still_there(run)


def test_a_folder_that_another_takes_away_before_the_lock_is_its_own(tmp_path, monkeypatch):
    folder, make = tmp_path / "run", type(tmp_path).mkdir

    def made_and_moved(path, *arguments, **options):
        make(path, *arguments, **options)
        path.rename(tmp_path / "old")

    monkeypatch.setattr(type(tmp_path), "mkdir", made_and_moved)
    with pytest.raises(UserError, match="is being trained in by another process"):
        with ownership.owned(folder):
            pytest.fail("nobody owns a folder that is gone")
    assert not folder.exists()


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch, caplog):
    def refuse(handle, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with ownership.owned(tmp_path / "run") as lock:
        assert lock.stands()
    assert "has no locks: see to it that nobody else trains there" in caplog.text


class At(keras.callbacks.Callback):
    """Does something when an epoch begins."""

    def __init__(self, at, do):
        super().__init__()
        self.at, self.do = at, do

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.at:
            self.do()


def interrupt():
    raise KeyboardInterrupt


def test_a_run_stopped_before_its_first_epoch_leaves_the_folder_as_it_was(small, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("a user's own")
    for folder, left in ((tmp_path / "run", ["mine.txt"]), (tmp_path / "new", None)):
        with pytest.raises(KeyboardInterrupt):
            training.train(small, folder, callbacks=[At(0, interrupt)], verbose=0)
        assert (os.listdir(folder) if folder.exists() else None) == left
    training.train(small, tmp_path / "new", verbose=0)  # the same again


def test_a_run_stopped_later_keeps_its_last_two_epochs(small, tmp_path, trained_once):
    with pytest.raises(KeyboardInterrupt):
        training.train(small, tmp_path / "run", callbacks=[At(3, interrupt)], verbose=0)
    kept = sorted(path.name for path in (tmp_path / "run" / "backup").iterdir())
    assert kept == ["epoch-000002", "epoch-000003"]
    (tmp_path / "run" / "backup" / "epoch-000003" / "state.npz").write_bytes(b"PK")
    resumed = training.train(small, tmp_path / "run", resume=True, verbose=0)
    ours, theirs = (
        training.factory.models.load_model(r.model_file) for r in (trained_once, resumed)
    )
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("at", [pytest.param(0, marks=pytest.mark.exhaustive), 2])
def test_a_folder_that_is_deleted_while_it_is_trained_in_ends_training(small, tmp_path, at):
    folder = tmp_path / "run"
    with pytest.raises(UserError, match="was deleted, moved or replaced while it was trained in"):
        training.train(small, folder, callbacks=[At(at, lambda: shutil.rmtree(folder))], verbose=0)
    assert not (folder / "backup").exists() and not (folder / "model.keras").exists()


def test_nan_in_the_first_epoch_points_to_no_backup(model):
    guard = callbacks.StopOnNaN()
    guard.set_model(model)
    for epoch, message in ((0, "so nothing is kept"), (1, "are in the run's backup/")):
        guard.on_epoch_begin(epoch)
        with pytest.raises(FloatingPointError, match=f"of epoch {epoch + 1}.*{message}"):
            guard.on_epoch_end(epoch, {"loss": np.nan})


def test_a_full_disk_names_path_need_and_how_to_go_on(small, tmp_path, monkeypatch):
    def full(file, **arrays):
        file.write(b"PK half")
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill():
        monkeypatch.setattr(np, "savez", full)

    needs = r"backup/epoch-00000\d cannot be written: No space left.*takes about \d.* MiB are free"
    with pytest.raises(UserError, match=f"{needs}.*go on with --resume"):
        training.train(small, tmp_path / "run", callbacks=[At(1, fill)], verbose=0)
    assert os.listdir(tmp_path / "run" / "backup") == ["epoch-000001"]
    with pytest.raises(UserError, match=f"{needs}.*train anew: no epoch is kept"):
        training.train(small, tmp_path / "other", verbose=0)
    assert not (tmp_path / "other").exists()


def test_a_model_that_finds_the_disk_full_leaves_the_backup(small, tmp_path, monkeypatch):
    def full(model, path):
        path.write_bytes(b"PK half")
        raise OSError("Can't write data (file write failed: errno = 28, error message = ...)")

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "save", full)
        with pytest.raises(UserError, match=r"model\.keras cannot be written: No space.*--resume"):
            training.train(small, tmp_path / "run", verbose=0)
    assert not list((tmp_path / "run").glob(".writing*"))
    training.train(small, tmp_path / "run", resume=True, verbose=0)


def test_a_model_without_a_configuration_is_not_written_over(tmp_path):
    (tmp_path / "model.keras").write_text("a model")
    with pytest.raises(runs.RunError, match="without a config.yaml"):
        runs.name_run(tmp_path, Config(), overwrite=True)
