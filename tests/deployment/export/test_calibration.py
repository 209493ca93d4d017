import numpy as np
import pytest
import scipy.special

from aae_keras.deployment.export import calibration
from aae_keras.metrics import expected_calibration_error


def drawn(temperature, count=20_000):
    """Logits `temperature` times too large for labels that are drawn from their softmax."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (count, 5))
    shares = scipy.special.softmax(logits, axis=1).cumsum(axis=1)
    labels = (random.random((count, 1)) > shares).sum(axis=1)
    return temperature * logits, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_labels_were_drawn_at_is_found(temperature):
    found = calibration.fit(*drawn(temperature))
    assert found.temperature == pytest.approx(temperature, rel=0.03)
    assert found.images == 20_000 and found.note == ""
    # what chance leaves of it: 15 bins, each off by 0.4 standard deviations of its 1300 images
    assert found.ece_after < 0.02
    if temperature != 1:
        assert found.ece_after < 0.2 * found.ece_before


def test_errors_are_those_of_the_metric():
    logits, labels = drawn(3.0, 500)
    found = calibration.fit(logits, labels)
    before = expected_calibration_error(labels, scipy.special.softmax(logits, axis=1))
    assert found.ece_before == pytest.approx(before)


def test_no_label_changes():
    logits, _ = drawn(3.0, 500)
    sharp, flat = (calibration.probabilities(logits, t) for t in (0.1, 10.0))
    np.testing.assert_array_equal(sharp.argmax(axis=1), flat.argmax(axis=1))


def test_too_few_labels_leave_it_at_one():
    logits, labels = drawn(3.0, 500)
    labels[calibration.MIN_LABELED - 1 :] = -1
    found = calibration.fit(logits, labels)
    assert (found.temperature, found.images, found.ece_before) == (1.0, 0, None)
    assert "99 labelled validation images are too few" in found.note


def test_a_class_that_no_label_has_is_no_obstacle():
    logits, labels = drawn(2.0, 2000)
    present = labels != 4
    assert calibration.fit(logits[present], labels[present]).images == present.sum()


def test_without_an_error_to_learn_from_it_stays_at_one():
    labels = np.arange(300) % 3
    found = calibration.fit(0.5 * np.eye(3)[labels], labels)
    assert (found.temperature, found.images) == (1.0, 0) and "All 300" in found.note
