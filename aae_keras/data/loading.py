"""A data set read, split and batched: `load` is the entrance, `Data` what it gives."""

import functools
import logging

from aae_keras.data import pipeline, sources, splits
from aae_keras.data.defaults import TEST_FRACTION, VALIDATION_SIZE

log = logging.getLogger(__name__)


class Data:
    """A data set ready for `fit`, `evaluate` and pictures.

    Attributes:
        train: tf.data set of `({"unlabeled": images, "labeled": images}, labels)`; without labels
            of `({"unlabeled": images},)`.
        validation: tf.data set of `(images, labels)`, or `(images,)` without labels; None if empty.
        test: tf.data set of the labelled `(images, labels)`, built when first asked for.
        class_names: One string per class.
        image_shape: (height, width, channels).
        steps_per_epoch: Steps in a pass over the unlabelled images.
        next_epoch: `tf.Variable`: which epoch's order the next pass over `train` has.
        split: The arrays behind it, a `Split`.
    """

    def __init__(self, split, batch_size=100, labeled_batch_size=100, seed=0):
        self.split = split
        self.class_names = split.class_names
        self.image_shape = split.images.shape[1:]
        batch_size = _lowered("batch_size", batch_size, len(split.unlabeled_rows))
        if len(split.labeled_rows):
            labeled_batch_size = _lowered(
                "labeled_batch_size", labeled_batch_size, len(split.labeled_rows)
            )
        self.steps_per_epoch = len(split.unlabeled_rows) // batch_size
        self.train, self.next_epoch = pipeline.training_set(
            split.images,
            split.labels,
            split.unlabeled_rows,
            split.labeled_rows,
            batch_size,
            labeled_batch_size,
            seed,
        )

    @functools.cached_property
    def validation(self):
        """See the class."""
        rows = self.split.validation_rows
        if not len(rows):
            return None
        return pipeline.evaluation_set(self.split.images[rows], self.split.labels[rows])

    @functools.cached_property
    def test(self):
        """See the class."""
        known = self.split.test_labels >= 0
        return pipeline.evaluation_set(self.split.test_images[known], self.split.test_labels[known])

    def describe(self):
        """One line: what there is and who sees it."""
        split = self.split
        note = f", {split.images.note}" if split.images.note else ""
        return (
            f"{len(split.labeled_rows)} labelled and {len(split.unlabeled_rows)} unlabelled "
            f"training images, {len(split.validation_rows)} for validation, "
            f"{len(split.test_images)} for test; {len(self.class_names)} classes, "
            f"{'x'.join(str(n) for n in self.image_shape)} pixels{note}"
        )


def load(
    dataset,
    *,
    data_dir="",
    num_labeled=0,
    use_labels=True,
    validation_size=VALIDATION_SIZE,
    test_fraction=TEST_FRACTION,
    seed=0,
    split_seed=0,
    image_size=0,
    skip_unreadable=False,
    streaming="auto",
    batch_size=100,
    labeled_batch_size=100,
):
    """Read, split and batch a data set.

    Args:
        dataset: `digits`, a tensorflow-datasets name, an .npz file, or a folder of images.
        data_dir, image_size, skip_unreadable, streaming: See `sources.read`.
        num_labeled, use_labels, validation_size, test_fraction, seed, split_seed: See
            `splits.split_source`.
        batch_size, labeled_batch_size: Rows in a step; lowered to the data, with a warning.

    Returns:
        A `Data`.

    Raises:
        DataError: If the data is missing or cannot be used.
        ValueError: If a number is out of range.
    """
    for name, value, low in (
        ("num_labeled", num_labeled, 0),
        ("validation_size", validation_size, 0),
        ("image_size", image_size, 0),
        ("batch_size", batch_size, 1),
        ("labeled_batch_size", labeled_batch_size, 1),
    ):
        if not value >= low:
            raise ValueError(f"`{name}` must be at least {low}. Received: {name}={value}")
    if not 0 < test_fraction < 1:
        raise ValueError(f"`test_fraction` must lie between 0 and 1. Received: {test_fraction=}")
    source = sources.read(dataset, data_dir, image_size, skip_unreadable, streaming)
    split = splits.split_source(
        source, num_labeled, validation_size, test_fraction, seed, split_seed, use_labels
    )
    return Data(split, batch_size, labeled_batch_size, seed)


def _lowered(name, size, available):
    if size > available:
        log.warning("%s is lowered from %d to the %d images there are.", name, size, available)
    return min(size, available)
