"""A data set read, split and batched: `load` and `from_arrays` are the entrances to `Data`."""

import functools
import logging
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from aae_keras.data import arrays, neighbours, pipeline, sources, splits
from aae_keras.data.defaults import BATCH_SIZE, TEST_FRACTION, VALIDATION_SIZE
from aae_keras.data.splits import Split
from aae_keras.reading import BACKGROUND, FITS, Reading

log = logging.getLogger(__name__)


# Images in a batch that small data is not cut below: batch normalisation needs some.
LEAST_BATCH = 32


class Data:
    """A data set ready for `fit`, `evaluate` and pictures.

    Attributes:
        train: tf.data set of `({"unlabeled": images, "labeled": images}, labels)`; without labels
            of `({"unlabeled": images},)`. With `distances`, these stand beside the images.
        validation: tf.data set of `(images, labels)`, or `(images,)` without labels; None if empty.
        test: tf.data set of the labelled `(images, labels)`, built when first asked for; of all
            `(images,)` where no label is known.
        class_names: One string per class.
        image_shape: (height, width, channels).
        steps_per_epoch: Steps in a pass over the unlabelled images.
        batch_sizes: Images of each kind in a step, by the name of the argument that says so.
        next_epoch: `tf.Variable`: which epoch's order the next pass over `train` has.
        split: The images and labels behind it, a `Split`.
        reading: How image files become pixels like these, a `Reading`.

    Args:
        split: Who sees which image.
        batch_size, labeled_batch_size: Unlabelled and labelled images in a step; lowered to the
            images there are, with a warning.
        seed: With the epoch it decides the order of images.
        distances: float32, one for each unlabelled row of the split: how far the image is from its
            neighbours. `with_distances` computes them.
        reading: How the image files were read; None: the defaults.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int = BATCH_SIZE,
        labeled_batch_size: int = BATCH_SIZE,
        seed: int = 0,
        distances: np.ndarray | None = None,
        reading: Reading | None = None,
    ):
        self.split = split
        self.reading = reading or Reading()
        self.distances = distances
        self._seed = seed
        self.class_names = split.class_names
        self.image_shape = split.images.shape[1:]
        batch_size = _lowered("batch_size", batch_size, len(split.unlabeled_rows))
        self.batch_sizes = {"batch_size": batch_size}
        if len(split.labeled_rows):
            labeled_batch_size = _lowered(
                "labeled_batch_size", labeled_batch_size, len(split.labeled_rows)
            )
            self.batch_sizes["labeled_batch_size"] = labeled_batch_size
        self.steps_per_epoch = len(split.unlabeled_rows) // batch_size
        self.train, self.next_epoch = pipeline.training_set(
            split.images,
            split.labels,
            split.unlabeled_rows,
            split.labeled_rows,
            batch_size,
            labeled_batch_size,
            seed,
            distances,
        )

    def with_distances(self, distances: np.ndarray | None = None) -> "Data":
        """The same data, whose training elements say how far each image is from its neighbours.

        Args:
            distances: See `Data`; None computes them, in seconds, from a sample of the images.
        """
        if distances is None:
            distances = neighbours.distances(self.split.images, self.split.unlabeled_rows)
        return self._in_batches(self.batch_sizes, distances)

    def with_steps(self, least: int) -> "Data":
        """The same data, in smaller batches where a pass over it would be fewer steps than that.

        Args:
            least: Steps; batches keep `LEAST_BATCH` images all the same.
        """
        batch_size = max(LEAST_BATCH, len(self.split.unlabeled_rows) // least)
        if self.steps_per_epoch >= least or batch_size >= self.batch_sizes["batch_size"]:
            return self
        data = self._in_batches(self.batch_sizes | {"batch_size": batch_size}, self.distances)
        log.info(
            "batch_size is lowered to %d: %d steps an epoch.", batch_size, data.steps_per_epoch
        )
        return data

    def _in_batches(self, sizes, distances):
        """The same data and order, in batches of other sizes or with distances."""
        return Data(self.split, **sizes, seed=self._seed, distances=distances, reading=self.reading)

    @functools.cached_property
    def validation(self) -> tf.data.Dataset | None:
        """`(images, labels)` of validation, or `(images,)` without labels; None if empty.

        In an order of its own: a term of whole batches, such as marginal entropy, would else tell
        how the images of a folder lie, class by class.
        """
        rows = self.split.shuffled_validation_rows()
        known = self.split.labels[rows] >= 0
        if len(self.split.labeled_rows) and known.any() and not known.all():
            log.warning(
                "%d of %d validation images have no label: validation looks at the others alone.",
                np.count_nonzero(~known), len(rows),
            )  # fmt: skip
            rows = rows[known]
        if not len(rows):
            return None
        return pipeline.evaluation_set(self.split.images[rows], self.split.labels[rows])

    @functools.cached_property
    def test(self) -> tf.data.Dataset:
        """`(images, labels)` of the images for test that have a label; `(images,)` if none has."""
        known = self.split.test_labels >= 0
        if not known.any():
            return pipeline.evaluation_set(self.split.test_images, None)
        return pipeline.evaluation_set(self.split.test_images[known], self.split.test_labels[known])

    def describe(self) -> str:
        """One line: how many images training, validation and test have, and of what size."""
        split = self.split
        where = ", streamed from disk" if split.images.on_disk else ""
        return (
            f"{len(split.labeled_rows)} labelled and {len(split.unlabeled_rows)} unlabelled "
            f"training images, {len(split.validation_rows)} for validation, "
            f"{len(split.test_images)} for test; {len(self.class_names)} classes, "
            f"{'x'.join(map(str, self.image_shape))} pixels{where}"
        )


def load(
    dataset: str,
    *,
    data_dir: str = "",
    num_labeled: int = 0,
    use_labels: bool = True,
    validation_size: float = VALIDATION_SIZE,
    test_fraction: float = TEST_FRACTION,
    seed: int = 0,
    split_seed: int = 0,
    image_size: int | Sequence[int] = 0,
    fit: str = FITS[0],
    channels: int = 0,
    background: str = BACKGROUND,
    pixel_range: str = "",
    skip_unreadable: bool = False,
    labels: str = "",
    streaming: str = "auto",
    batch_size: int = BATCH_SIZE,
    labeled_batch_size: int = BATCH_SIZE,
) -> Data:
    """Read, split and batch a data set.

    Args:
        dataset: `digits`, a tensorflow-datasets name, an .npz file, or a folder of images.
        data_dir, channels, skip_unreadable, labels, streaming: See `sources.read`.
        image_size: Height and width in pixels to bring images to, or one number for both; 0 keeps
            them as they are.
        fit, background, pixel_range: How image files become pixels, see `reading.Reading`.
        num_labeled, use_labels, validation_size, test_fraction, seed, split_seed: See
            `splits.split_source`.
        batch_size, labeled_batch_size: Images in a step; lowered to the data, with a warning.

    Raises:
        DataError: If the data is missing or cannot be used.
        ValueError: If a number is out of range.
    """
    _check_at_least(0, num_labeled=num_labeled)
    _check_split(validation_size, test_fraction, batch_size, labeled_batch_size)
    reading = Reading(fit, background, pixel_range)
    source = sources.read(
        dataset, data_dir, image_size, skip_unreadable, streaming, channels, reading, labels
    )
    split = splits.split_source(
        source, num_labeled, validation_size, test_fraction, seed, split_seed, use_labels
    )
    return Data(split, batch_size, labeled_batch_size, seed, reading=reading)


def from_arrays(
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    x_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    num_labeled: int = 0,
    validation_size: float = VALIDATION_SIZE,
    test_fraction: float = TEST_FRACTION,
    seed: int = 0,
    split_seed: int = 0,
    batch_size: int = BATCH_SIZE,
    labeled_batch_size: int = BATCH_SIZE,
) -> Data:
    """Split and batch arrays, or lists that NumPy makes arrays of.

    Without labels (`y` is None, or -1 throughout) the data is for settings that need none.

    Args:
        x: Images, [N, H, W] or [N, H, W, C] with 1 or 3 channels, or vectors [N, D], which become
            images of one row, shape (1, D, 1); uint8, or float in [0, 1], which is rounded to
            uint8. An array of uint8 may be held as it is: do not change it afterwards.
        y: Class numbers 0, 1, 2, ... without gaps, shape (N,) or (N, 1); -1 means no label.
        x_test, y_test: The same for the test part; without them `test_fraction` is held out.
        class_names: A name for each class; None: their numbers. Classes that have a name need no
            label in `y`.
        num_labeled, validation_size, test_fraction, seed, split_seed: See `splits.split_source`.
        batch_size, labeled_batch_size: Images in a step; lowered to the data, with a warning.

    Raises:
        DataError: If the arrays cannot be used.
        ValueError: If a number is out of range.
    """
    _check_at_least(0, num_labeled=num_labeled)
    _check_split(validation_size, test_fraction, batch_size, labeled_batch_size)
    source = arrays.read_arrays_or_vectors(x, y, x_test, y_test, class_names)
    use_labels = bool((source.labels >= 0).any())
    if y is not None and not use_labels:
        log.warning("y holds no label, so this data is for settings that need none.")
    split = splits.split_source(
        source, num_labeled, validation_size, test_fraction, seed, split_seed, use_labels
    )
    return Data(split, batch_size, labeled_batch_size, seed)


def _check_split(validation_size, test_fraction, batch_size, labeled_batch_size):
    _check_at_least(0, validation_size=validation_size)
    _check_at_least(1, batch_size=batch_size, labeled_batch_size=labeled_batch_size)
    if not 0 < test_fraction < 1:
        raise ValueError(f"`test_fraction` must lie between 0 and 1. Received: {test_fraction=}")


def _check_at_least(low, **numbers):
    for name, value in numbers.items():
        if not value >= low:
            raise ValueError(f"`{name}` must be at least {low}. Received: {name}={value}")


def _lowered(name, size, available):
    if size > available:
        log.warning("%s is lowered from %d to the %d images there are.", name, size, available)
    return min(size, available)
