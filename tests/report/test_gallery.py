"""Which images are worth looking at, and what is near to what."""

import numpy as np

from aae_keras.report import gallery


def test_planted_label_errors_are_found():
    """A model right and sure of each image names those whose label was turned, and no others."""
    random = np.random.default_rng(0)
    truth = np.arange(300) % 3
    y = np.full((300, 3), 0.01)
    y[np.arange(300), truth] = 0.98
    given = truth.copy()
    turned = random.choice(300, 20, replace=False)
    given[turned] = (truth[turned] + 1) % 3
    assert set(gallery.likely_label_errors(given, y)) == set(turned)


def test_who_is_less_sure_than_is_usual_is_no_label_error():
    # Class 1's own images have 0.9; an image of class 0 taken for it at 0.6 proves nothing.
    y = np.array([[0.8, 0.2], [0.1, 0.9], [0.1, 0.9], [0.4, 0.6]])
    assert list(gallery.likely_label_errors(np.array([0, 1, 1, 0]), y)) == []
    y[3] = [0.05, 0.95]
    assert list(gallery.likely_label_errors(np.array([0, 1, 1, 0]), y)) == [3]


def test_the_surest_label_error_comes_first_and_unlabelled_images_never():
    y = np.array([[0.9, 0.1], [0.1, 0.9], [0.02, 0.98], [0.2, 0.8], [0.0, 1.0]])
    labels = np.array([0, 1, 0, 1, -1])
    y_other = np.concatenate([y, [[0.05, 0.95]]])
    found = gallery.likely_label_errors(np.append(labels, 0), y_other)
    assert list(found) == [2, 5]


def test_a_class_without_images_accuses_nobody():
    y = np.array([[0.1, 0.0, 0.9], [0.0, 1.0, 0.0]])
    assert list(gallery.likely_label_errors(np.array([0, 1]), y)) == []


def test_neighbours_are_the_nearest_others():
    codes = np.array([[0.0], [1.0], [3.0], [3.5]])
    assert gallery.neighbours(codes).shape == (4, 3)
    assert list(gallery.neighbours(codes)[:, 0]) == [1, 0, 3, 2]
    assert gallery.neighbours(codes[:1]).shape == (1, 0)
