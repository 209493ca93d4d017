"""What both kinds of images promise."""

import numpy as np
import pytest
import tensorflow as tf

from aae_keras.data.images import Images
from aae_keras.data.memory import ImagesInMemory, as_images
from tests.data.numbered import numbered_images, rows_of, streamed_images


@pytest.fixture(params=["memory", "disk"])
def kept(request, tmp_path):
    """120 numbered images of each kind."""
    memory = request.param == "memory"
    return ImagesInMemory(numbered_images()) if memory else streamed_images(tmp_path)


def test_images_are_read_as_an_array_is(kept):
    array = numbered_images()
    assert isinstance(kept, Images)
    assert kept.shape == array.shape and len(kept) == 120 and kept.nbytes == array.nbytes == 720
    for rows in ([3], [7, 7, 90, 7], np.array([119, 0, 51]), slice(20), slice(5, 100, 7)):
        np.testing.assert_array_equal(kept[rows], array[rows])
    every = np.asarray(kept)
    assert every.dtype == "uint8"
    np.testing.assert_array_equal(every, array)


def test_subsets_are_images_too(kept):
    subset = kept.subset(np.array([5, 60, 61, 100, 119]))
    assert type(subset) is type(kept) and subset.shape == (5, 2, 3, 1)
    assert rows_of(subset[np.array([4, 1])]).tolist() == [119, 60]
    assert rows_of(np.asarray(subset.subset(np.array([0, 3])))).tolist() == [5, 100]


def test_content_changes_with_the_images_and_with_their_order(kept):
    whole = bytes(kept.content())
    assert bytes(kept.subset(np.arange(120)).content()) == whole
    for rows in (np.arange(119), np.arange(120)[::-1]):
        assert bytes(kept.subset(rows).content()) != whole


def test_batches_name_the_places_of_the_rows_asked_for(kept):
    rows = np.arange(30, 110)
    batches = kept.batches(rows, 16, 10, [2, 7])
    places, images = (
        np.concatenate(part) for part in zip(*batches.as_numpy_iterator(), strict=True)
    )
    assert images.shape == (160, 2, 3, 1) and images.dtype == "uint8"
    np.testing.assert_array_equal(rows_of(images), rows[places])
    for passed in (places[:80], places[80:]):
        assert sorted(passed) == list(range(80))
    assert np.any(places[:80] != places[80:])
    again = kept.batches(rows, 16, 10, tf.constant([2, 7], tf.int64))
    np.testing.assert_array_equal(np.concatenate([p for p, _ in again.as_numpy_iterator()]), places)


@pytest.mark.parametrize("max_bytes, in_memory", [(12, True), (11, False)])
def test_few_images_are_loaded(kept, max_bytes, in_memory):
    images, rows = kept.loaded(np.array([100, 3]), max_bytes)
    assert rows_of(images[rows]).tolist() == [100, 3]
    assert isinstance(images, ImagesInMemory) == (in_memory or isinstance(kept, ImagesInMemory))


def test_images_in_memory_are_not_copied():
    array = numbered_images()
    kept = as_images(array)
    assert as_images(kept) is kept
    for view in (
        kept[10:20],
        np.asarray(kept),
        np.asarray(kept.content()),
        kept.loaded([1], 0)[0][:],
    ):
        assert np.shares_memory(view, array)
