"""The splits behind published results: who sees which image must never change again.

The values were written down at the commit before `split_source` was taken apart. A change of any of
them makes other splits of the same seeds, and the printed error rates would not come back.
"""

import hashlib

import numpy as np
import pytest

from aae_keras import data as data_module
from aae_keras.data import sources
from aae_keras.data.source import Source
from aae_keras.data.splits import split_source


def pins(split):
    """Eight hexadecimal digits of each part, then the fingerprint that run folders hold."""
    parts = (
        split.labeled_rows,
        split.validation_rows,
        split.unlabeled_rows,
        split.test_images,
        split.test_labels,
    )
    digests = [hashlib.sha256(np.ascontiguousarray(part)).hexdigest()[:8] for part in parts]
    return " ".join([*digests, split.fingerprint()])


def made_up(test):
    """500 images that spell their row number, four classes; three of ten labels are withheld."""
    rows = np.arange(500)
    labels = np.where(rows % 10 < 3, -1, rows // 10 % 4)
    images = rows.astype(">u4").view("uint8").reshape(-1, 2, 2, 1)
    last = (images[400:], rows[400:] % 4) if test else (None, None)
    return Source(images[: 500 - 100 * test], labels[: 500 - 100 * test], tuple("abcd"), *last)


def unlabelled():
    """The same images, no label anywhere."""
    source = made_up(test=False)
    return Source(source.images, np.full(500, -1), ())


SOURCES = {
    "digits": lambda: sources.read("digits"),
    "made-up": lambda: made_up(test=False),
    "made-up-with-test": lambda: made_up(test=True),
    "unlabelled": unlabelled,
}


@pytest.mark.parametrize(
    "name, arguments, expected",
    [
        ("digits", {}, "43f5165f ec564d34 43f5165f ed0e8fcf dfc861b0 40c5332bd7b088ef"),
        (
            "digits",
            {"num_labeled": 50},
            "420fe2ab 0fc31c43 16f9e125 ed0e8fcf dfc861b0 6f1de8b7f21403b5",
        ),
        (
            "digits",
            {"num_labeled": 50, "seed": 1},
            "34d2fdcb b805ff6c e9cb155e ed0e8fcf dfc861b0 ac4b2be05bfc6ce7",
        ),
        (
            "digits",
            {"num_labeled": 50, "split_seed": 1},
            "08fd632d 10a0e382 94fd5b4e ead638da 6d47a883 e30855c262186dbd",
        ),
        (
            "digits",
            {"use_labels": False},
            "e3b0c442 5a2806fb eeceacba ed0e8fcf dfc861b0 377cec88306b7d5b",
        ),
        (
            "digits",
            {"use_labels": False, "seed": 1},
            "e3b0c442 36053c07 1aa4c7cb ed0e8fcf dfc861b0 c6c5859563e64eea",
        ),
        ("made-up", {}, "6015028f 11320217 7b4c52fb 8ddcb4ca 9e949edb 2266ac37a8e03d49"),
        (
            "made-up",
            {"num_labeled": 42, "validation_size": 30},
            "2ce749d9 47f1b31d e58b1771 8ddcb4ca 9e949edb a2be1b2eff2fca45",
        ),
        (
            "made-up",
            {"num_labeled": 260, "validation_size": 70},
            "07e13193 1b2aa7db 3267d7dd 8ddcb4ca 9e949edb 9ffadf5c9a03a8dc",
        ),
        (
            "made-up",
            {"use_labels": False, "validation_size": 40},
            "e3b0c442 368ccc51 4f31dc04 8ddcb4ca 9e949edb f438b55944746bef",
        ),
        (
            "made-up-with-test",
            {"num_labeled": 6, "seed": 3},
            "a21a56dc 9e026e7b 8660ac2f 6848c0d3 8fe74f22 eafe807b274be47d",
        ),
        (
            "made-up-with-test",
            {"num_labeled": 280, "validation_size": 20},
            "b71692c3 fba0182c 3a830662 6848c0d3 8fe74f22 6354612a2d3ee3b0",
        ),
        (
            "unlabelled",
            {"use_labels": False, "test_fraction": 0.3},
            "e3b0c442 2b20a912 d3491f38 1c2fa71a 710baa8a e5cb74e377e72df1",
        ),
    ],
)
def test_splits_are_those_of_published_results(name, arguments, expected):
    assert pins(split_source(SOURCES[name](), **arguments)) == expected


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ({"num_labeled": 100}, "a7fc5abd 1e82acf4 52b04a9f a85d8dff d515834c d595616f06aebfc6"),
        (
            {"num_labeled": 100, "seed": 1},
            "bdc21723 3e446227 9c2ca55f a85d8dff d515834c 1c1e8d4b84694c36",
        ),
        ({"num_labeled": 0}, "e60a2977 277661f2 e60a2977 a85d8dff d515834c 1bcc4e5294e5cd98"),
        ({"use_labels": False}, "e3b0c442 3d2adb7a 15cbb918 a85d8dff d515834c 9d72dcc3a291a057"),
    ],
)
def test_splits_of_mnist_are_those_of_published_results(mnist_dir, arguments, expected):
    data = data_module.load("mnist", data_dir=mnist_dir, validation_size=5000, **arguments)
    assert pins(data.split) == expected


def test_batches_come_in_the_order_of_published_results():
    data = data_module.load("digits", num_labeled=50)
    digest = hashlib.sha256()
    for inputs, labels in data.train.as_numpy_iterator():
        for part in (inputs["unlabeled"], inputs["labeled"], labels):
            digest.update(part)
    assert digest.hexdigest()[:16] == "e441605ce2303af6"
