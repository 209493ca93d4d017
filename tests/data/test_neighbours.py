"""Distances to neighbours: exact where they can be, estimated where not, in memory and streamed."""

import numpy as np
import pytest

from aae_keras import data as data_module
from aae_keras.data import neighbours
from aae_keras.data.memory import ImagesInMemory
from tests.data.numbered import numbered_images, streamed_images


def exact(images, rank):
    flat = images.reshape(len(images), -1) / 255.0
    squared = ((flat[:, None] - flat[None]) ** 2).sum(axis=-1)
    return np.sqrt(np.sort(squared, axis=1)[:, rank])  # the first is the image itself


@pytest.fixture
def images(random):
    """Points of a plane, drawn as two bright pixels of nine."""
    images = np.zeros((900, 3, 3, 1), "uint8")
    images[:, 0, :2, 0] = random.integers(0, 256, (900, 2))
    return images


def test_of_few_images_it_is_the_tenth_nearest(images):
    found = neighbours.distances(ImagesInMemory(images[:300]), np.arange(300))
    np.testing.assert_allclose(found, exact(images[:300], 10), rtol=1e-3, atol=1e-3)
    some = np.arange(50, 250, 2)
    found = neighbours.distances(ImagesInMemory(images), some)
    np.testing.assert_allclose(found, exact(images[some], 10), rtol=1e-3, atol=1e-3)


def test_of_many_it_is_estimated_from_a_sample(images, monkeypatch):
    """A plane of uniform points: distance grows as the root of the rank, which is fitted."""
    monkeypatch.setattr(neighbours, "SAMPLE", 300)
    found = neighbours.distances(ImagesInMemory(images), np.arange(900))
    expected = exact(images, 10)
    assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.05)
    # It knows thin places from crowded ones, though ten neighbours of a plane scatter widely.
    assert np.corrcoef(found, exact(images, 10))[0, 1] > 0.4


def test_streamed_images_give_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(neighbours, "SAMPLE", 40)
    monkeypatch.setattr(neighbours, "BLOCK", 16)
    rows = np.setdiff1d(np.arange(120), [3, 70, 71])
    ours = neighbours.distances(ImagesInMemory(numbered_images()), rows)
    np.testing.assert_array_equal(neighbours.distances(streamed_images(tmp_path), rows), ours)


def test_copies_and_single_images_have_a_distance_above_zero():
    images = np.zeros((40, 2, 2, 1), "uint8")
    images[30:] = np.arange(10).reshape(10, 1, 1, 1) * 20 + 50
    found = neighbours.distances(ImagesInMemory(images), np.arange(40))
    assert np.all(found > 0)
    assert neighbours.distances(ImagesInMemory(images), np.arange(30)).tolist() == [1.0] * 30
    assert neighbours.distances(ImagesInMemory(images), np.arange(1)).tolist() == [1.0]


def test_copies_among_many_images_are_at_no_distance_of_their_own(random):
    """Sums over a block and over a sample round differently: the difference is not theirs."""
    images = random.integers(0, 256, (3000, 8, 8, 1)).astype("uint8")
    without = neighbours.distances(ImagesInMemory(images), np.arange(3000))
    images[:600] = np.repeat(images[:6], 100, axis=0)
    found = neighbours.distances(ImagesInMemory(images), np.arange(3000))
    np.testing.assert_array_equal(found[:600], found[600:].min())
    # A fifth of the images is at six places: what is left is a few per cent further apart.
    assert np.median(found[600:]) == pytest.approx(np.median(without), rel=0.05)


def test_training_elements_hold_the_distance_of_their_own_images(images, labels=None):
    y = np.arange(900) % 3
    plain = data_module.from_arrays(images, y, num_labeled=30, batch_size=40, seed=4)
    data = plain.with_distances()
    rows = data.split.unlabeled_rows
    by_image = {
        images.tobytes(): distance
        for images, distance in zip(data.split.images[rows], data.distances, strict=True)
    }
    inputs, labels = next(iter(data.train))
    for image, distance in zip(inputs["unlabeled"].numpy(), inputs["distances"], strict=True):
        assert by_image[image.tobytes()] == distance
    ((other, other_labels),) = plain.train.take(1)
    np.testing.assert_array_equal(inputs["unlabeled"], other["unlabeled"])
    np.testing.assert_array_equal(labels, other_labels)
    assert "distances" not in other


def test_they_are_kept_by_fingerprint_and_a_damaged_file_is_no_file(tmp_path):
    file = tmp_path / "distances.npz"
    assert neighbours.read(file, "a") is None
    neighbours.write(file, np.array([0.1, 0.2], "float32"), "a")
    np.testing.assert_array_equal(neighbours.read(file, "a"), np.array([0.1, 0.2], "float32"))
    assert neighbours.read(file, "b") is None
    file.write_bytes(file.read_bytes()[:50])
    assert neighbours.read(file, "a") is None
