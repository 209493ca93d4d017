import numpy as np
import pytest
import scipy.special

from aae_keras.deployment.export import calibration
from aae_keras.metrics import expected_calibration_error


def logits_and_labels(temperature, count=20_000):
    """Logits `temperature` times too large for labels that are drawn from their softmax."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (count, 5))
    shares = scipy.special.softmax(logits, axis=1).cumsum(axis=1)
    labels = (random.random((count, 1)) > shares).sum(axis=1)
    return temperature * logits, labels


@pytest.mark.parametrize("temperature", [0.5, 1.2, 3.0])
def test_the_temperature_that_labels_were_drawn_at_is_found(temperature):
    fitted = calibration.fit(*logits_and_labels(temperature))
    assert fitted.temperature == pytest.approx(temperature, rel=0.03)
    assert fitted.images == 20_000 and fitted.note == ""
    # what chance leaves of it: 15 bins, each off by 0.4 standard deviations of its 1300 images
    assert fitted.ece_after < 0.02
    assert fitted.ece_after < 0.4 * fitted.ece_before


def test_logits_that_are_right_as_they_are_stay_so():
    assert calibration.fit(*logits_and_labels(1.0)).temperature == 1.0


def test_errors_are_those_of_the_metric():
    logits, labels = logits_and_labels(3.0, 500)
    fitted = calibration.fit(logits, labels)
    before = expected_calibration_error(labels, scipy.special.softmax(logits, axis=1))
    assert fitted.ece_before == pytest.approx(before)


def test_it_is_judged_on_images_that_it_was_not_fitted_on():
    """By halves, which are other folds than ours: nearly the same error."""
    logits, labels = logits_and_labels(3.0, 2000)
    fitted = calibration.fit(logits, labels)
    half = np.arange(2000) % 2 == 0
    halves = np.empty_like(logits)
    for own in (half, ~half):
        halves[own] = calibration.probabilities(
            logits[own], calibration.fit(logits[~own], labels[~own]).temperature
        )
    assert fitted.ece_after == pytest.approx(expected_calibration_error(labels, halves), abs=0.005)
    own = expected_calibration_error(labels, calibration.probabilities(logits, fitted.temperature))
    assert fitted.ece_after != own


def test_a_temperature_that_few_mistakes_ask_for_is_left():
    """One of 150: the others, all right, ask for confidence that it would pay dearly for."""
    labels = np.arange(150) % 3
    logits = 4.0 * np.eye(3)[labels]
    logits[0] = np.roll(logits[0], 1)
    fitted = calibration.fit(logits, labels)
    assert (fitted.temperature, fitted.images, fitted.ece_after) == (1.0, 0, None)
    assert "150 labelled validation images makes the others' labels likelier" in fitted.note


def test_no_label_changes():
    logits, _ = logits_and_labels(3.0, 500)
    sharp, flat = (calibration.probabilities(logits, t) for t in (0.1, 10.0))
    np.testing.assert_array_equal(sharp.argmax(axis=1), flat.argmax(axis=1))


def test_too_few_labels_leave_it_at_one():
    logits, labels = logits_and_labels(3.0, 500)
    labels[calibration.MIN_LABELED - 1 :] = -1
    fitted = calibration.fit(logits, labels)
    assert (fitted.temperature, fitted.images, fitted.ece_before) == (1.0, 0, None)
    assert "99 labelled validation images are too few" in fitted.note


def test_a_class_that_no_label_has_is_no_obstacle():
    logits, labels = logits_and_labels(2.0, 2000)
    present = labels != 4
    assert calibration.fit(logits[present], labels[present]).images == present.sum()


def test_without_an_error_to_learn_from_it_stays_at_one():
    labels = np.arange(300) % 3
    fitted = calibration.fit(0.5 * np.eye(3)[labels], labels)
    assert (fitted.temperature, fitted.images) == (1.0, 0) and "All 300" in fitted.note
