import dataclasses

import numpy as np
import pytest

from aae_keras.data.source import DataError, Source
from aae_keras.data.splits import split_source


def source(counts, unlabeled=0, test=30):
    """A source of images that are all different: their four pixels spell their row number."""
    labels = np.concatenate([np.full(n, c) for c, n in enumerate(counts)] + [[-1] * unlabeled])
    rows = np.arange(len(labels) + test, dtype=">u4").view("uint8").reshape(-1, 2, 2, 1)
    names = tuple(f"class {c}" for c in range(len(counts)))
    return Source(
        rows[: len(labels)],
        labels.astype("int64"),
        names,
        *((rows[len(labels) :], np.arange(test) % len(counts)) if test else (None, None)),
    )


def contents(images):
    return {image.tobytes() for image in images}


def test_every_image_is_in_one_place_only():
    split = split_source(source([200, 200, 100]), num_labeled=30, validation_size=50)
    parts = [
        contents(split.images[split.labeled_rows]),
        contents(split.images[split.unlabeled_rows]),
        contents(split.images[split.validation_rows]),
        contents(split.test_images),
    ]
    assert [len(part) for part in parts] == [30, 420, 50, 30]
    assert len(set.union(*parts)) == 530


def test_labels_are_balanced_and_a_remainder_is_shared_out():
    split = split_source(source([200, 300, 100]), num_labeled=30)
    assert np.bincount(split.labels[split.labeled_rows]).tolist() == [10, 10, 10]
    split = split_source(source([200, 300, 100]), num_labeled=32)
    assert sorted(np.bincount(split.labels[split.labeled_rows])) == [10, 11, 11]


def test_seed_decides_labels_and_split_seed_the_hold_out():
    whole = source([100, 100], test=0)

    def split(**seeds):
        return split_source(whole, num_labeled=10, test_fraction=0.25, **seeds)

    first, seed, hold_out = split(), split(seed=1), split(split_seed=1)
    np.testing.assert_array_equal(first.test_images, seed.test_images)
    assert contents(first.images[first.labeled_rows]) != contents(seed.images[seed.labeled_rows])
    assert contents(first.test_images) != contents(hold_out.test_images)
    assert np.bincount(first.test_labels).tolist() == [25, 25]
    again = split()
    np.testing.assert_array_equal(first.labeled_rows, again.labeled_rows)
    assert first.fingerprint() == again.fingerprint() != seed.fingerprint()


def test_the_test_part_decides_nothing():
    one, other = source([50, 50]), source([50, 50])
    other.test_images[:] = 7
    other.test_labels[:] = 1
    first, second = (split_source(s, num_labeled=10) for s in (one, other))
    for name in ("images", "labels", "labeled_rows", "unlabeled_rows", "validation_rows"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.fingerprint() == second.fingerprint()


@pytest.mark.parametrize("size, count", [(20, 20), (0.1, 20), (0, 0), (1000, 40)])
def test_validation_is_a_count_or_a_fraction_and_at_most_a_fifth(size, count, caplog):
    split = split_source(source([100, 100]), num_labeled=10, validation_size=size)
    assert len(split.validation_rows) == count
    assert ("at most a fifth" in caplog.text) == (size == 1000)


@pytest.mark.parametrize("use_labels", [True, False])
def test_rows_that_the_data_sets_apart_validate_without_a_word_of_another_count(use_labels, caplog):
    own = np.array([3, 150])
    apart = dataclasses.replace(source([100, 100]), validation_rows=own)
    asked = {"num_labeled": 10 * use_labels, "validation_size": 1000}
    split = split_source(apart, **asked, use_labels=use_labels)
    np.testing.assert_array_equal(split.validation_rows, own)
    assert len(split.labeled_rows) == 10 * use_labels and caplog.text == ""


def test_without_a_number_training_takes_every_label_but_validations_share():
    split = split_source(source([50, 50], unlabeled=900), validation_size=0.1)
    assert len(split.validation_rows) == 20  # a fifth of the labels, not a tenth of the images
    assert len(split.labeled_rows) == 80 and len(split.unlabeled_rows) == 900
    assert (split.labels[split.unlabeled_rows] == -1).all()


def test_validation_leaves_every_class_a_label_to_be_taught_by(caplog):
    sizes = []
    for seed in range(40):
        split = split_source(source([6, 6, 6, 1]), validation_size=3, seed=seed)
        assert set(split.labels[split.labeled_rows]) == {0, 1, 2, 3}
        assert not set(split.labeled_rows) & set(split.validation_rows)
        assert len(split.labeled_rows) + len(split.validation_rows) == 19
        sizes.append(len(split.validation_rows))
    # The one label of the last class falls to validation in 3 of 19 cases, and is given back.
    assert sorted(set(sizes)) == [2, 3] and 1 <= sizes.count(2) <= 15
    assert "no label teaches" not in caplog.text


def test_classes_that_no_label_teaches_are_named(caplog):
    split_source(source([6, 0, 6, 0]), num_labeled=0, validation_size=2)
    assert "Classes that no label teaches: class 1, class 3." in caplog.messages
    caplog.clear()
    split_source(source([6] * 9), num_labeled=2)
    assert sum(" and 2 more." in message for message in caplog.messages) == 1


def test_labels_go_to_training_first(caplog):
    split = split_source(source([10, 10], unlabeled=80), num_labeled=16, validation_size=10)
    assert len(split.labeled_rows) == 16 and len(split.validation_rows) == 4
    assert "Only 4 labelled images are left" in caplog.text


def test_validation_has_no_labels_where_none_are_left(caplog):
    split = split_source(source([10, 10], unlabeled=80), num_labeled=20, validation_size=10)
    assert (split.labels[split.validation_rows] == -1).all() and len(split.validation_rows) == 10
    assert "No labels are left for validation: it has 10 images without" in caplog.text


def test_a_handful_of_labels_goes_to_training_and_validation_is_unlabelled(caplog):
    split = split_source(source([2, 2], unlabeled=900, test=4), validation_size=0.1)
    assert len(split.labeled_rows) == 4 and len(split.validation_rows) == 90
    assert (split.labels[split.validation_rows] == -1).all()
    assert "No labels are left for validation" in caplog.text


def test_an_empty_test_part_is_said(caplog):
    split = split_source(source([2, 2], test=0), num_labeled=2)
    assert len(split.test_images) == 0 and "too few labelled images to hold any" in caplog.text


def test_labelled_images_serve_as_unlabelled_ones_where_there_are_no_others(caplog):
    split = split_source(source([50, 50]), validation_size=10)
    np.testing.assert_array_equal(split.unlabeled_rows, split.labeled_rows)
    assert "Every training image is labelled" in caplog.text


@pytest.mark.parametrize(
    "counts, unlabeled, wanted, message",
    [
        ([50, 4], 0, 20, "Class 'class 1' has 4 labelled training images.* ask for 10"),
        ([5, 5], 90, 11, "Asked for 11 labels, but the training part has 10"),
        ([0, 0], 90, 10, "no labels"),
    ],
)
def test_too_few_labels_are_refused(counts, unlabeled, wanted, message):
    with pytest.raises(DataError, match=message):
        split_source(source(counts, unlabeled), num_labeled=wanted)


def test_without_use_of_labels_all_but_validation_is_unlabelled():
    split = split_source(source([200, 200, 100]), validation_size=50, use_labels=False)
    assert len(split.labeled_rows) == 0
    assert len(split.validation_rows) == 50 and len(split.unlabeled_rows) == 450
    assert not set(split.validation_rows) & set(split.unlabeled_rows)


def test_validation_takes_what_labels_there_are(caplog):
    split = split_source(
        source([60], unlabeled=400), validation_size=50, use_labels=False, num_labeled=5
    )
    assert (split.labels[split.validation_rows] == 0).all()
    scarce = split_source(source([20], unlabeled=400), validation_size=50, use_labels=False)
    assert np.sum(scarce.labels[scarce.validation_rows] == 0) == 20
    assert len(scarce.validation_rows) == 50
    assert "learns without labels: num_labeled is not used" in caplog.text


def test_no_labels_at_all_are_enough_where_none_are_needed():
    bare = source([], unlabeled=200, test=0)
    with pytest.raises(DataError, match="no labels, and this setting needs some"):
        split_source(bare)
    split = split_source(bare, validation_size=30, use_labels=False, test_fraction=0.25)
    assert len(split.test_images) == 50 and (split.test_labels == -1).all()
    assert len(split.validation_rows) == 30 and len(split.unlabeled_rows) == 120
    everything = contents(split.images) | contents(split.test_images)
    assert len(everything) == 200


def test_a_few_unlabelled_images_do_not_make_an_epoch(caplog):
    """An epoch is a pass over them: with fewer than labelled ones it would be a few steps."""
    labels = np.where(np.arange(60) < 5, -1, np.arange(60) % 3)
    images = np.zeros((60, 2, 2, 1), "uint8")
    split = split_source(Source(images, labels, ("a", "b", "c"), images[:3], labels[5:8]), 0, 10)
    assert len(split.labeled_rows) == 45 and len(split.unlabeled_rows) == 50
    assert set(split.labeled_rows) < set(split.unlabeled_rows)
    assert "5 training images have no label, fewer than have one" in caplog.text
