"""How sure a score is."""

import math

import numpy as np
import pytest

from aae_keras.report import intervals


def test_the_bootstrap_of_a_mean_is_nearly_that_of_the_normal_distribution(random):
    values = (random.random(2000) < 0.1).astype(float)
    low, high = intervals.of_mean(values)
    mean, deviation = values.mean(), values.std() / math.sqrt(2000)
    assert (low, high) == pytest.approx(
        (mean - 1.96 * deviation, mean + 1.96 * deviation), abs=2e-3
    )


def test_no_error_is_no_certainty():
    # Clopper-Pearson: with no error among n the upper end solves (1 - p)^n = 0.025.
    assert intervals.of_mean(np.zeros(100)) == pytest.approx((0, 1 - 0.025 ** (1 / 100)))
    assert intervals.of_mean(np.ones(100)) == pytest.approx((0.025 ** (1 / 100), 1))


def test_a_single_image_has_no_interval():
    assert intervals.of_mean(np.array([0.5])) is None
    assert intervals.of_mean(np.full(5, 0.3)) is None


def test_calibration_counts_by_confidence():
    confidence = np.array([0.1, 0.95, 0.96, 0.97, 1.0])
    low, high = intervals.calibration([True, True, True, False, True], confidence)
    assert (low.count, low.confidence, low.accuracy) == (1, pytest.approx(0.1), 1)
    assert (high.count, high.accuracy) == (4, 0.75)
    assert high.confidence == pytest.approx((0.95 + 0.96 + 0.97 + 1) / 4)
    assert high.low < 0.75 < high.high


def test_calibration_errors_add_up_to_the_score():
    """With ten bins the weighted distances are `expected_calibration_error`."""
    from aae_keras.metrics import expected_calibration_error

    random = np.random.default_rng(0)
    y = random.dirichlet(np.ones(3), 500)
    labels = random.integers(3, size=500)
    bins = intervals.calibration(y.argmax(axis=1) == labels, y.max(axis=1))
    gap = sum(part.count * abs(part.confidence - part.accuracy) for part in bins) / 500
    assert gap == pytest.approx(expected_calibration_error(labels, y, bins=intervals.BINS))
