import dataclasses

import pytest

from aae_keras.experiment.building import factory
from aae_keras.experiment.run_folder import outcomes, runs, seals
from aae_keras.experiment.scores import evaluation


def test_metrics_file_of_a_run(trained):
    result = evaluation.evaluate_run(trained.folder)
    assert seals.unseal(trained.metrics_file.read_text()) == result
    assert result.keys() == {"validation", "test", "revision", "seed", "data", "minutes"}
    assert result["revision"] == trained.revision
    assert result["data"] == {
        "dataset": trained.config.dataset,
        "fingerprint": factory.load_data(trained.config).split.fingerprint(),
        "labeled": 12,
        "unlabeled": 42,
        "validation": 6,
        "test": 60,
        "test_labeled": 60,
    }
    assert all(0 <= result[part]["error_rate"] <= 1 for part in ("validation", "test"))


def test_history_is_needed(trained, tmp_path):
    other = dataclasses.replace(trained, folder=tmp_path)
    with pytest.raises(runs.RunError, match=r"has no history\.csv"):
        outcomes.read_history(other)
