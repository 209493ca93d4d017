"""What is passed to `fit`, `evaluate` and `predict`: checked before a network sees it.

| passed | checked |
|---|---|
| arrays, tensors, lists | all of it, before the first step |
| tf.data set | its form before the first step; floats and labels as each batch is read |
| Python generator, `PyDataset` | each batch, as it is read |
| distributed set | its form, where the step is traced |

Bytes need no check but that of their form. The sets of `data` hold bytes and say which labels they
hold, so that reading them costs nothing more.
"""

import contextlib
import logging
import re
import types
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from aae_keras import values
from aae_keras.errors import DataError
from aae_keras.models.elements import (
    check_images,
    check_labels,
    check_weights,
    class_indices,
    label_weights,
    unpack,
    unpack_training,
)
from aae_keras.models.latent_y import LatentY
from aae_keras.networks import input_shapes

if TYPE_CHECKING:
    from aae_keras.models.phased import PhasedModel

log = logging.getLogger(__name__)

IMAGES = ("unlabeled", "labeled")
# By it the message is found again in what TensorFlow makes of it.
MARK = "aae_keras: "
_WEIGHTS = "`sample_weight` must be finite, and at least 0. Received: from {} to {}"


class Passed:
    """What one call of a model's method is given: checked, in the form that Keras takes.

    Args:
        model: The model.
        training: Whether the elements are those of training.
        class_weight: Dict by class of the factor of its labels' loss; 1 where not given.

    Raises:
        ValueError: If the setting has no use for `class_weight`, or it names no class.
    """

    def __init__(
        self,
        model: "PhasedModel",
        training: bool = False,
        class_weight: Mapping[int, float] | None = None,
    ):
        self.training = training
        self.shape = input_shapes(model.encoder)["image"][1:]
        self.classes = model.classes
        self.least = 0 if model.latent_y == LatentY.GIVEN else -1
        self.replicas = model.distribute_strategy.num_replicas_in_sync if training else 1
        self.takes_weights = model.latent_y == LatentY.CLASS
        asked = any(term.needs_labels for term in getattr(model, "terms", ()))
        self.needs_labels = training and asked
        self.uses_labels = asked or bool(self.classes)
        self.table = self._table(class_weight) if class_weight else None

    def checked(self, x: Any, y: Any = None, weights: Any = None) -> tuple[Any, Any, Any]:
        """The three arguments of a Keras method, as it is to take them.

        Args:
            x: Images, a dict of them, or what gives elements.
            y, weights: Labels and their weights; None if `x` gives them, or if there are none.

        Raises:
            DataError: If something is wrong with what can be seen of them before the first step.
        """
        if isinstance(x, tf.data.Dataset):
            return self._set(x), y, weights
        if isinstance(x, types.GeneratorType):
            return (self._batch(element) for element in x), y, weights
        if isinstance(x, keras.utils.PyDataset):
            return CheckedBatches(x, self._batch), y, weights
        if isinstance(x, tf.distribute.DistributedDataset):
            return x, y, weights
        return self._arrays(x, y, weights)

    def whole_batches(self, x: Any, y: Any, weights: Any, batch_size: int) -> tuple[Any, Any, Any]:
        """What `checked` returned, without a last small batch, of which a replica might have none.

        Batch normalisation of no image is NaN, which all weights become.

        Args:
            x, y, weights: As of `checked`, for training on more than one replica.
            batch_size: Rows of arrays in a step.

        Raises:
            DataError: If batches of a set may differ in size, or arrays hold no whole batch.
        """
        if isinstance(x, tf.data.Dataset):
            if any(part.shape[:1] == [None] for part in tf.nest.flatten(x.element_spec)):
                raise DataError(
                    "Replicas share each batch, so that all must have one size. Make the set with "
                    "`batch(size, drop_remainder=True)`. Received: batches of any size"
                )
            return x, y, weights
        if not isinstance(x, dict | np.ndarray):
            return x, y, weights
        count = len(next(iter(x.values())) if isinstance(x, dict) else x)
        rows = count - count % batch_size
        if not rows:
            raise DataError(
                "Replicas share each batch, so that arrays must hold one at least. Pass a smaller "
                f"`batch_size`. Received: {count} rows, batch_size={batch_size}"
            )
        if rows < count:
            log.warning("Left out: the last %d of %d rows, no whole batch.", count - rows, count)
        return keras.tree.map_structure(
            lambda part: part[:rows], (x, y, weights), none_is_leaf=False
        )

    def _table(self, class_weight):
        """The weight of each class, as an array."""
        if not self.takes_weights:
            raise ValueError(
                "`class_weight` weighs the labels of a setting with a classification phase, and "
                "this one has none; leave it out."
            )
        if strange := [key for key in class_weight if key not in range(self.classes)]:
            raise ValueError(
                f"`class_weight` must have keys from 0 to {self.classes - 1}. Received: {strange}"
            )
        return np.array([class_weight.get(k, 1.0) for k in range(self.classes)], "float32")

    def _batch(self, element):
        """One of several, so that it may be without a label."""
        parts = keras.utils.unpack_x_y_sample_weight(element)
        sizes = [len(part) for part in keras.tree.flatten(parts[0]) if hasattr(part, "__len__")]
        if any(size % self.replicas for size in sizes):
            raise DataError(
                "Replicas share each batch, so that its rows must be a multiple of their number. "
                f"Received: {sizes} rows for {self.replicas} replicas"
            )
        return keras.utils.pack_x_y_sample_weight(*self._arrays(*parts, whole=False))

    def _formed(self, element):
        """Images by name, labels and weights of an element, whose forms have been checked."""
        if self.training:
            x, y, weights = unpack_training(element, self.needs_labels)
            if weights is not None and not self.takes_weights:
                raise DataError(
                    "`sample_weight` weighs the labels of a setting with a classification phase, "
                    "and this one has none; leave it out."
                )
            images = {name: x[name] for name in IMAGES if name in x}
        else:
            x, y = unpack(element)
            images, weights = {"images": x}, None
        for name, part in images.items():
            check_images(part, self.shape, name)
        if y is not None and self.classes:
            check_labels(y)
            _check_pairs(part, y, name)  # the last are those that have labels
            if weights is not None:
                check_weights(weights)
                _check_pairs(weights, y, "weights")
        return images, y, weights

    def _arrays(self, x, y, weights, whole=True):
        """What is in memory, all of the data or a batch: all values are looked at."""
        if isinstance(x, dict):
            x = {name: values.as_array(part, name) for name, part in x.items()}
        else:
            x = values.as_array(x, "images")
        y = None if y is None else values.as_array(y, "labels")
        weights = None if weights is None else values.as_array(weights, "sample_weight")
        images, y, _ = self._formed(keras.utils.pack_x_y_sample_weight(x, y, weights))
        for name, part in images.items():
            if not len(part):
                raise DataError(f"{name} must hold an image at least. Received: none")
            values.check_pixels(part, name)
        if y is not None and self.classes:
            y = self._class_numbers(y, whole)
            if weights is not None and self.training:
                weights = weights.reshape(-1)
                if not (np.isfinite(weights).all() and weights.min(initial=0) >= 0):
                    raise DataError(_WEIGHTS.format(weights.min(), weights.max()))
            if self.table is not None:
                weights = self.table[np.maximum(y, 0)] * (1.0 if weights is None else weights)
        return x, y if self.training or self.uses_labels else None, weights

    def _class_numbers(self, y, whole):
        y = values.class_numbers(y, len(y), "labels")
        if y.max(initial=-1) >= self.classes or y.min(initial=0) < self.least:
            raise DataError(self._wanted.format(y.min(), y.max()))
        if whole and (y < 0).all():
            if self.training:
                raise DataError("Labels must not all be -1, which means none. Received: no label")
            log.warning("All labels are -1, which means none: no error rate, no metrics.")
            return None
        return y

    @property
    def _wanted(self):
        none = ", -1 where there is none" if self.least < 0 else ": this setting needs them all"
        return (
            f"Labels must be class numbers from 0 to {self.classes - 1}{none}. "
            "Received: from {} to {}"
        )

    def _set(self, dataset):
        """A set whose floats and labels are looked at as they are read."""
        images, y, weights = self._formed(dataset.element_spec)
        if dataset.cardinality() == 0:
            raise DataError("A data set must hold an image at least. Received: none")
        plain = self.table is None and weights is None
        if plain and getattr(dataset, "largest_label", self.classes) < self.classes:
            return dataset  # ours (`data.pipeline`), whose labels and bytes were checked once
        floats = any(part.dtype.is_floating for part in images.values())
        if floats or (y is not None and self.classes):
            return dataset.map(lambda *element: self._read(element))
        return dataset

    def _read(self, element):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(element)
        images, _, _ = self._formed(element)
        for name, part in images.items():
            if part.dtype.is_floating:
                # Written so that NaN, which no comparison holds for, is refused too.
                inside = (part >= -values.SLACK) & (part <= 1 + values.SLACK)
                wanted = f"{name} {values.IN_UNIT_RANGE}. Received: values from {{}} to {{}}"
                _refuse_unless(inside, part, wanted)
        if y is not None and self.classes:
            y = class_indices(y)
            _refuse_unless((y >= self.least) & (y < self.classes), y, self._wanted)
            if weights is not None and self.training:
                weights = tf.cast(label_weights(weights), tf.float32)
                fit = (weights >= 0) & (weights < np.inf)  # which holds for no NaN
                _refuse_unless(fit, weights, _WEIGHTS)
            if self.table is not None:
                own = tf.gather(self.table, tf.maximum(y, 0))
                weights = own if weights is None else own * tf.cast(weights, own.dtype)
        return keras.utils.pack_x_y_sample_weight(x, y, weights)


class CheckedBatches(keras.utils.PyDataset):
    """A `PyDataset` whose batches are checked as they are read.

    Args:
        batches: The one that was passed.
        check: Function of a batch, which returns it as the step is to take it, or refuses it.
    """

    def __init__(self, batches: keras.utils.PyDataset, check: Callable[[Any], Any]):
        super().__init__(batches.workers, batches.use_multiprocessing, batches.max_queue_size)
        self.batches, self.check = batches, check

    @property
    def num_batches(self) -> int | None:
        """How many there are; None for no end."""
        return self.batches.num_batches

    def __getitem__(self, index: int) -> Any:
        """A batch.

        Raises:
            DataError: If images or labels are not as they should be.
        """
        return self.check(self.batches[index])

    def on_epoch_begin(self) -> None:
        """See `keras.utils.PyDataset`."""
        self.batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """See `keras.utils.PyDataset`."""
        self.batches.on_epoch_end()


def _check_pairs(images, y, name):
    """Refuse as many labels as there are not images, where that is known."""
    counts = tf.TensorShape(images.shape)[:1], tf.TensorShape(y.shape)[:1]
    if not counts[0].is_compatible_with(counts[1]):
        raise DataError(
            f"There must be a label for each of the {name}, -1 where one has none. "
            f"Received: {counts[0][0]} {name}, {counts[1][0]} labels"
        )


def _refuse_unless(condition, part, wanted):
    """An assertion that costs two passes over the part, and no branch of the graph."""
    extremes = tf.reduce_min(part), tf.reduce_max(part)
    tf.raw_ops.Assert(condition=tf.reduce_all(condition), data=[MARK + wanted, *extremes])


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what TensorFlow makes of a refusal within a data set into the `DataError` it was."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        message = str(error)
        if found := re.search(rf"assertion failed: \[{MARK}(.*)\] \[(.*)\] \[(.*)\]", message):
            raise DataError(found[1].format(found[2], found[3])) from error
        if found := re.search(r"(?s)\bDataError: (.*?)\nTraceback", message):  # of a batch
            raise DataError(found[1]) from error
        raise
