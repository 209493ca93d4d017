"""Several starts of the clusters: how alike divisions are, which start is taken, exact resume."""

import dataclasses

import numpy as np
import pytest

from aae_keras.errors import UserError
from aae_keras.experiment.building import factory
from aae_keras.experiment.learning import merging, starts
from aae_keras.experiment.learning.callbacks import Backup
from aae_keras.experiment.learning.stages import stages_of
from aae_keras.experiment.run_folder import checkpoints
from tests.experiment.killing import check_resumes_exactly


@pytest.fixture
def several(small):
    """Three starts of one epoch of six clusters, then one epoch of the semi-supervised setting."""
    return dataclasses.replace(
        small,
        pretrain="clusters-only",
        pretrain_clusters=2,
        pretrain_starts=3,
        pretrain_epochs=1,
        epochs=1,
        batch_norm_heads=False,
        extra_terms=("conditional_entropy", "marginal_entropy"),
        rate_drops=(),
    )


def test_divisions_agree_whatever_their_groups_are_called():
    one = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2])
    renamed = np.array([2, 2, 2, 0, 0, 0, 1, 1, 1, 1])
    wrong = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2, 2])  # 3 of one's, 2 and 2 of its other groups: 5
    # The two that are the same: (1 + 0.5) / 2. The other: (0.5 + 0.5) / 2.
    np.testing.assert_allclose(starts.agreements([one, renamed, wrong]), [0.75, 0.75, 0.5])


def test_each_start_has_a_seed_of_its_own_and_all_else_in_common(several):
    *first, last = stages_of(several, 3)
    assert [stage.start for stage in first] == [1, 2, 3] and all(stage.anew for stage in first)
    assert [stage.number for stage in (*first, last)] == [1, 2, 3, 4]
    assert list(last.starts) == first and not (last.start or last.anew)
    seeds = [stage.config.seed for stage in first]
    assert seeds[0] == several.seed and len(set(seeds)) == 3
    configs = [dataclasses.replace(stage.config, seed=0) for stage in first]
    assert configs[0] == configs[1] == configs[2] and configs[0].pretrain_starts == 1


def test_a_start_ends_with_its_merged_clusters(several):
    stages = stages_of(dataclasses.replace(several, pretrain_merged_epochs=2), 3)
    assert [stage.config.num_clusters for stage in stages] == [6, 3, 6, 3, 6, 3, 0]
    assert [stage.config.epochs for stage in stages] == [1, 2, 1, 2, 1, 2, 1]
    assert [stage.anew for stage in stages] == [True, False] * 3 + [False]
    assert [stage.start for stage in stages] == [0, 1, 0, 2, 0, 3, 0]
    assert [stage.number for stage in stages[-1].starts] == [2, 4, 6]
    seeds = [stage.config.seed for stage in stages]
    assert seeds[0:6:2] == seeds[1:6:2] and len(set(seeds)) == 3


def test_seeds_of_starts_are_possible_ones(several):
    highest = dataclasses.replace(several, seed=2**31 - 1)
    assert all(0 <= stage.config.seed < 2**31 for stage in stages_of(highest, 3))


class Kept:
    """A backup that gives each model the number of its start."""

    def restore_kept(self, start, model):
        model.start = start


def test_the_start_that_the_others_agree_with_is_taken(several, monkeypatch, caplog):
    caplog.set_level("INFO")
    data = factory.load_data(several)
    *first, last = stages_of(several, 3)
    model = factory.build_model(last.config, data)
    division = np.arange(len(merging.sample(data, model.seed))) % 3
    halves = 2 * division + np.arange(len(division)) // 3 % 2  # two clusters a group
    stuck = np.where(division == 2, np.arange(len(division)) // 3 % 2, division)
    found = {1: 2 * stuck, 2: halves, 3: (halves + 2) % 6}

    def clusters_of(network, images):
        sure = np.eye(6)[found[network.start]]
        pairs = np.roll(sure.reshape(-1, 3, 2), 1, 2).reshape(-1, 6)
        return {"y": 0.94 * sure + 0.05 * pairs + 0.01 / 6}

    monkeypatch.setattr(starts, "encode", clusters_of)

    def build(stage):
        return factory.build_model(stage.config, data)

    chosen = starts.best(first, model, data, Kept(), build)
    assert chosen.start == 2
    assert "Of the 3 starts number 2 is gone on from" in caplog.text


@pytest.mark.parametrize(
    "killed_after",
    [
        pytest.param(1, marks=pytest.mark.exhaustive),
        pytest.param(2, marks=pytest.mark.exhaustive),
        3,
    ],
)
def test_a_killed_run_of_several_starts_resumes_exactly(several, tmp_path, killed_after):
    run = check_resumes_exactly(several, tmp_path, killed_after)
    assert not run.backup.exists()


def test_what_is_kept_of_a_start_is_whole_though_a_newer_checkpoint_is_damaged(tmp_path, model):
    backup = Backup(tmp_path)
    backup.set_model(model)
    for epoch in range(2):
        backup.on_epoch_end(epoch)
    newest = tmp_path / "epoch-000002" / "state.npz"
    newest.write_bytes(newest.read_bytes()[:100])
    resumed = Backup(tmp_path)
    assert resumed.restore(model) == 1
    resumed.keep(1)
    assert checkpoints.whole(tmp_path / "start-1").epochs == 1


def test_a_kept_start_that_is_damaged_is_refused(tmp_path):
    kept = tmp_path / "start-2"
    kept.mkdir()
    (kept / "progress.json").write_text("{")
    with pytest.raises(UserError, match="start-2 is damaged .* train the run"):
        Backup(tmp_path).restore_kept(2, None)


def test_a_kept_start_of_another_run_is_refused(tmp_path):
    checkpoints.write(tmp_path / "start-2", 1, [], {}, "20260101T000000Z-00000000")
    with pytest.raises(UserError, match="start-2 is of another run"):
        Backup(tmp_path, revision="20260202T000000Z-11111111").restore_kept(2, None)
