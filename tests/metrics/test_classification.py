import numpy as np
import sklearn.metrics

from aae_keras import metrics


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
