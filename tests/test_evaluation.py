import dataclasses
import json

import numpy as np
import pytest
import sklearn.metrics

from aae_keras import evaluation, factory, metrics, models, runs
from tests.tiny import tiny_networks


def test_error_rate_is_a_fraction():
    y = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    assert metrics.error_rate(np.array([0, 1, 1, 0]), y) == 0.25


def test_calibration_error_of_known_bins():
    # confidence 0.8, right half of the time: 0.3 off; confidence 1, always right: exact
    y = np.array([[0.8, 0.2]] * 10 + [[0.0, 1.0]] * 10)
    labels = np.array([0, 1] * 5 + [1] * 10)
    np.testing.assert_allclose(metrics.expected_calibration_error(labels, y), 0.15)


def test_calibration_error_against_the_definition(random):
    y = random.dirichlet([0.5] * 4, 500)
    labels = random.integers(0, 4, 500)
    confidence, right = y.max(axis=1), y.argmax(axis=1) == labels
    expected = 0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    np.testing.assert_allclose(metrics.expected_calibration_error(labels, y), expected)


def test_brier_score_matches_scikit_learn(random):
    y = random.dirichlet([0.5] * 2, 50)
    labels = random.integers(0, 2, 50)
    binary = sklearn.metrics.brier_score_loss(labels, y[:, 1])
    np.testing.assert_allclose(metrics.brier_score(labels, y), 2 * binary)


def test_codes_and_drawings_do_not_depend_on_the_batch(model, images, monkeypatch):
    whole = evaluation.encode(model, images)
    monkeypatch.setattr(evaluation, "BATCH", 7)
    parts = evaluation.encode(model, images)
    assert whole.keys() == {"y_logits", "y", "z"}
    for name in whole:
        np.testing.assert_allclose(whole[name], parts[name], atol=1e-6)
    drawn = evaluation.decode(model, parts["y"], parts["z"])
    assert drawn.shape == images.shape and 0 <= drawn.min() and drawn.max() <= 1


def test_scores_agree_with_keras(model, images, labels):
    found = evaluation.scores(model, images, labels)
    logs = model.evaluate(images, labels, batch_size=60, return_dict=True, verbose=0)
    assert found.keys() == {"error_rate", "ece", "brier", "reconstruction_error"}
    np.testing.assert_allclose(found["error_rate"], logs["error_rate"], rtol=1e-6)
    np.testing.assert_allclose(
        found["reconstruction_error"], logs["reconstruction_loss"], rtol=1e-5
    )


def test_scores_that_do_not_fit_are_left_out(model, images, labels):
    some = np.where(labels == 0, -1, labels)
    known = labels != 0
    partly = evaluation.scores(model, images, some)
    assert (
        partly["error_rate"] == evaluation.scores(model, images[known], labels[known])["error_rate"]
    )
    assert evaluation.scores(model, images, labels * 0 - 1).keys() == {"reconstruction_error"}
    assert evaluation.scores(model, images[:0], labels[:0]) == {}
    baseline = models.LabelsOnly(tiny_networks()["encoder"])
    assert evaluation.scores(baseline, images, labels).keys() == {"error_rate", "ece", "brier"}


def test_metrics_file_of_a_run(trained):
    result = evaluation.evaluate_run(trained.folder)
    assert json.loads(trained.metrics_file.read_text()) == result
    assert result.keys() == {"validation", "test", "revision", "seed", "data", "minutes"}
    assert result["revision"] == trained.revision
    assert result["data"] == {
        "dataset": trained.config.dataset,
        "fingerprint": factory.load_data(trained.config).split.fingerprint(),
        "labeled": 12,
        "unlabeled": 42,
        "validation": 6,
        "test": 60,
    }
    assert all(0 <= result[part]["error_rate"] <= 1 for part in ("validation", "test"))


def test_history_is_needed(trained, tmp_path):
    other = dataclasses.replace(trained, folder=tmp_path)
    with pytest.raises(runs.RunError, match=r"has no history\.csv"):
        evaluation.read_history(other)
