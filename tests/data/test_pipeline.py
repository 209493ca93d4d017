import collections

import numpy as np
import pytest
import tensorflow as tf

from aae_keras import data as data_module
from aae_keras.data import pipeline
from aae_keras.data.memory import ImagesInMemory


def make(batch_size=10, labeled_batch_size=8, seed=0):
    """100 unlabelled rows (pixel = row number) and 20 labelled ones (label = row number)."""
    images = np.arange(120, dtype="uint8").reshape(120, 1, 1, 1)
    return pipeline.training_set(
        ImagesInMemory(images), np.arange(120), np.arange(100), np.arange(100, 120), batch_size,
        labeled_batch_size, seed,
    )  # fmt: skip


def batches_in(dataset):
    elements = list(dataset.as_numpy_iterator())
    unlabeled = [inputs["unlabeled"].ravel() for inputs, _ in elements]
    return np.array(unlabeled), np.array([labels for _, labels in elements])


def test_an_epoch_is_a_pass_over_the_unlabelled_images_and_cycles_the_labelled_ones():
    dataset, _ = make()
    unlabeled, labels = batches_in(dataset)
    assert len(dataset) == len(unlabeled) == 10
    assert sorted(unlabeled.ravel()) == list(range(100))
    assert sorted(collections.Counter(labels.ravel()).values()) == [4] * 20  # 80 places, 20 rows


def test_labelled_images_come_with_their_own_labels():
    dataset, _ = make()
    for inputs, labels in dataset.as_numpy_iterator():
        np.testing.assert_array_equal(inputs["labeled"].ravel(), labels)
        assert inputs["unlabeled"].dtype == "uint8"


def test_every_batch_is_full():
    unlabeled, labels = batches_in(make(batch_size=30, labeled_batch_size=7)[0])
    assert unlabeled.shape == (3, 30) and labels.shape == (3, 7)
    assert len(set(unlabeled.ravel())) == 90


def test_each_epoch_has_another_order_that_its_number_decides():
    dataset, next_epoch = make()
    first, second = batches_in(dataset), batches_in(dataset)
    assert int(next_epoch) == 2
    assert np.any(first[0] != second[0]) and np.any(first[1] != second[1])
    resumed, position = make()
    position.assign(1)
    for ours, theirs in zip(batches_in(resumed), second, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert np.any(batches_in(make(seed=1)[0])[0] != first[0])


def test_evaluation_keeps_order_and_every_row(images, labels):
    batches = list(pipeline.evaluation_set(images, labels).as_numpy_iterator())
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), images)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), labels)
    assert len(tf.data.experimental.get_structure(pipeline.evaluation_set(images, None))) == 1
    some = np.where(labels == 0, -1, labels)
    assert len(tf.data.experimental.get_structure(pipeline.evaluation_set(images, some))) == 1


def test_load_gives_sets_and_facts(npz, caplog):
    data = data_module.load(str(npz), num_labeled=15, validation_size=6, batch_size=20)
    assert data.class_names == ("0", "1", "2") and data.image_shape == (6, 5, 1)
    (inputs, labels), *_ = data.train
    assert inputs["unlabeled"].shape == (20, 6, 5, 1) and labels.shape == (15,)
    assert "labeled_batch_size is lowered from 100 to the 15 images" in caplog.text
    assert [len(x) for x, _ in data.validation] == [6] and [len(x) for x, _ in data.test] == [60]
    assert data.steps_per_epoch == len(data.train) == 1
    assert data.describe().startswith("15 labelled and 39 unlabelled training images, 6 for valid")


def test_no_validation_is_none():
    assert data_module.load("digits", num_labeled=50, validation_size=0).validation is None


@pytest.mark.parametrize("name", ["batch_size", "labeled_batch_size", "validation_size"])
def test_numbers_out_of_range_are_refused(name):
    with pytest.raises(ValueError, match=f"`{name}` must be at least"):
        data_module.load("digits", **{name: -1})


def test_unlabelled_rows_of_the_test_part_are_left_out(npz):
    with np.load(npz) as arrays:
        changed = dict(arrays)
    changed["y_test"][:20] = -1
    np.savez(npz, **changed)
    assert [len(x) for x, _ in data_module.load(str(npz)).test] == [40]


def test_without_labelled_rows_elements_hold_images_alone():
    images = np.arange(40, dtype="uint8").reshape(40, 1, 1, 1)
    dataset, _ = pipeline.training_set(
        ImagesInMemory(images), np.full(40, -1), np.arange(40), np.arange(0), 10, 10, 0
    )
    elements = list(dataset.as_numpy_iterator())
    assert [type(element) for element in elements] == [tuple] * 4
    assert all(element[0].keys() == {"unlabeled"} and len(element) == 1 for element in elements)
    seen = np.concatenate([element[0]["unlabeled"].ravel() for element in elements])
    assert sorted(seen) == list(range(40))


def test_no_autotuner_is_waited_for_at_the_end_of_an_epoch(images, labels):
    """An iterator that is closed waits until it looks again: after up to the epoch's time anew."""
    data = data_module.from_arrays(images, labels, validation_size=6, batch_size=10)
    for dataset in (data.train, data.validation, data.test):
        assert dataset.options().autotune.enabled is False


def test_a_size_that_is_lowered_is_said_once(images, labels, caplog):
    data = data_module.from_arrays(images, labels, num_labeled=15, validation_size=6)
    again = data.with_distances(np.ones(27, "float32")).with_steps(2)
    assert caplog.text.count("batch_size is lowered from 100") == 2  # of unlabelled, of labelled
    assert again.batch_sizes == {"batch_size": 27, "labeled_batch_size": 15}
