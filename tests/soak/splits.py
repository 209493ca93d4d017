"""Splits of random data: parts disjoint and whole, counts as asked, the same for the same seeds."""

import numpy as np

from aae_keras.data import splits
from aae_keras.data.source import DataError, Source


def case(random):
    """A source and the arguments of `split_source`."""
    count, classes = random.randrange(1, 60), random.randrange(1, 6)
    labels = np.array([random.randrange(-1, classes) for _ in range(count)])
    if random.random() < 0.3:
        labels = np.maximum(labels, 0)
    images = np.arange(count, dtype="uint8").reshape(count, 1, 1, 1)  # each says which it is
    source = Source(images, labels, tuple(map(str, range(classes))))
    if random.random() < 0.5:
        source = Source(images, labels, source.class_names, images[:2] + 100, labels[:2])
    arguments = {
        "num_labeled": random.choice([0, 0, random.randrange(1, 30)]),
        "validation_size": random.choice([0, 0.1, 0.5, 5, 100]),
        "test_fraction": random.choice([0.1, 0.2, 0.9]),
        "seed": random.randrange(2**31),
        "split_seed": random.randrange(2**31),
        "use_labels": random.random() < 0.7,
    }
    return source, arguments


def check(case):
    """What came of it: `split` or `message`."""
    source, arguments = case
    try:
        split = splits.split_source(source, **arguments)
    except DataError as error:
        assert str(error)
        return "message"
    again = splits.split_source(source, **arguments)
    assert split.fingerprint() == again.fingerprint(), "another split of the same seeds"
    train, labels = split.images[:].ravel(), split.labels
    labeled, unlabeled, validation = (
        set(rows.tolist())
        for rows in (split.labeled_rows, split.unlabeled_rows, split.validation_rows)
    )
    assert not validation & (labeled | unlabeled), "a validation image is trained on"
    assert labeled | unlabeled | validation == set(range(len(train))), "an image is lost"
    test = split.test_images.ravel().tolist()
    assert not set(test) & set(train.tolist()), "a test image is in the training part"
    held_out = [] if source.test_images is not None else test
    assert sorted([*train.tolist(), *held_out]) == list(range(len(source.images)))
    assert (labels == source.labels[train]).all(), "a label went to another image"
    wanted = arguments["num_labeled"]
    if arguments["use_labels"]:
        assert all(labels[row] >= 0 for row in labeled) and labeled
        assert not wanted or len(labeled) == wanted
        counts = np.bincount(labels[sorted(labeled)], minlength=len(source.class_names))
        assert not wanted or np.ptp(counts) <= 1, "labels are not balanced"
    else:
        assert not labeled
    assert len(validation) <= splits.MAX_VALIDATION_SHARE * len(train)
    return "split"
