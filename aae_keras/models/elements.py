"""Elements of data sets as `fit` and `evaluate` pass them on, and the forms their parts may have.

| element | is |
|---|---|
| training | `({"unlabeled": images, "labeled": images}, labels)`, or with a weight of each label |
| training, where no labels are needed | `({"unlabeled": images},)`, or images alone |
| validation | `(images, labels)`, or `(images,)` without labels |

Training elements may hold `distances` beside the images, one for each unlabelled image: how far it
is from its neighbours (`data.neighbours`). Images are uint8, or float in [0, 1]; labels are class
indices, shape (batch,) or (batch, 1), -1 where an image has none.

The checks here ask for form alone, so that they cost nothing where a graph is traced; `passed` has
those of values.
"""

import math
from typing import Any

import keras
import tensorflow as tf

from aae_keras import values
from aae_keras.errors import DataError

# An element of a data set: images, or a tuple or dict of them and labels.
Element = Any
# Something with a shape and a dtype: a tensor, an array, a `tf.TensorSpec`.
Formed = Any


def unpack_training(data: Element, needs_labels: bool) -> tuple[dict[str, Any], Any, Any]:
    """The dict of images, the labels (or None) and their weights (or None) of a training element.

    Raises:
        DataError: If it has another form.
    """
    inputs, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    if not isinstance(inputs, dict) and labels is None and not needs_labels:
        inputs = {"unlabeled": inputs}
    whole = isinstance(inputs, dict) and "unlabeled" in inputs
    if not whole or (needs_labels and ("labeled" not in inputs or labels is None)):
        wanted = '({"unlabeled": images},)'
        if needs_labels:
            wanted = '({"unlabeled": images, "labeled": images}, labels)'
        given = sorted(inputs) if isinstance(inputs, dict) else type(inputs).__name__
        raise DataError(
            f"A training element of this setting must be {wanted}, as `aae_keras.data.load` gives "
            "it, and `aae_keras.data.from_arrays(x, y).train` of arrays x and y, -1 in y where "
            f"there is no label. Received: inputs {given}, {'no ' if labels is None else ''}labels"
        )
    return inputs, labels, weights


def unpack(data: Element) -> tuple[Any, Any]:
    """Images and labels (or None) of a validation element.

    Raises:
        DataError: If it is a training element, or has weights.
    """
    images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    if isinstance(images, dict):
        raise DataError(
            "Validation, evaluation and prediction take (images, labels) or images alone: the "
            "`validation` or `test` of a data set, not its `train`. "
            f"Received: a dict of {', '.join(sorted(images))}"
        )
    if weights is not None:
        raise DataError(
            "`sample_weight` and `class_weight` weigh the labels in training. Validation and "
            "evaluation count every image once; leave the weights out."
        )
    return images, labels


def check_images(images: Formed, shape: tuple[int, ...], name: str = "images") -> None:
    """Refuse rows that are not images of a shape: the same but for sides of 1, or flat vectors.

    Args:
        images: What has a shape and a dtype; sides that nobody knows yet pass.
        shape: (height, width, channels), or another that an encoder takes.
        name: What they are called, for the message.

    Raises:
        TypeError: If they are neither uint8 nor float nor bool.
        DataError: If they have another shape.
    """
    kind = tf.as_dtype(images.dtype)
    if not (kind.is_floating or kind in (tf.uint8, tf.bool)):
        raise TypeError(
            f"{name} must be uint8, or float in [0, 1]. Convert with `.astype('uint8')` what is 0 "
            f"to 255. Received: {kind.name}"
        )
    given = tf.TensorShape(images.shape)
    if given.rank is None or None in given[1:]:
        return
    row = tuple(given[1:])
    flat = len(row) == 1 or len(shape) == 1
    same = [side for side in row if side != 1] == [side for side in shape if side != 1]
    if not (same or (flat and math.prod(row) == math.prod(shape))):
        raise DataError(
            f"{name} must have shape (n, {', '.join(map(str, shape))}): height, width, channels, "
            "in this order. `np.moveaxis(x, 1, -1)` brings channels to the end, `x[None]` makes a "
            f"batch of one image. Received: shape {tuple(given)}"
        )


def class_indices(labels: Any) -> tf.Tensor:
    """Labels of shape (batch,), of tensors that have it or (batch, 1)."""
    check_labels(labels)
    rank = tf.TensorShape(labels.shape).rank
    if labels.dtype not in (tf.int32, tf.int64):  # others few operations take
        labels = tf.cast(labels, tf.int64)
    return labels if rank in (None, 1) else tf.reshape(labels, [-1])


def label_weights(weights: Any) -> tf.Tensor:
    """Weights of shape (batch,), of tensors that have it or (batch, 1)."""
    check_weights(weights)
    return weights if tf.TensorShape(weights.shape).rank in (None, 1) else tf.reshape(weights, [-1])


def check_weights(weights: Formed) -> None:
    """Refuse weights that are not one number for each label.

    Raises:
        DataError: If they have another shape or type.
    """
    shape = tf.TensorShape(weights.shape)
    kind = tf.as_dtype(weights.dtype)
    one_each = shape.rank in (None, 1) or (shape.rank == 2 and shape[1] == 1)
    if not one_each or not (kind.is_floating or kind.is_integer or kind.is_bool):
        raise DataError(
            "`sample_weight` must be one number for each label, shape (n,) or (n, 1). "
            f"Received: shape {shape}, {kind.name}"
        )


def check_labels(labels: Formed) -> None:
    """Refuse labels that are no whole number for each image.

    Raises:
        DataError: If they have another shape or type.
    """
    shape = tf.TensorShape(labels.shape)
    if shape.rank is not None and (shape.rank > 2 or (shape.rank == 2 and shape[1] != 1)):
        raise DataError(f"Labels must be {values.NOT_ONE_HOT}. Received: shape {tuple(shape)}")
    kind = tf.as_dtype(labels.dtype)
    if not kind.is_integer or shape.rank == 0:
        raise DataError(
            f"Labels must be {values.INDICES}. Received: shape {tuple(shape)}, {kind.name}"
        )
