"""Elements of data sets as `fit` and `evaluate` pass them on.

| element | is |
|---|---|
| training | `({"unlabeled": images, "labeled": images}, labels)` |
| training, where no labels are needed | `({"unlabeled": images},)` |
| validation | `(images, labels)`, or `(images,)` without labels |

Training elements may hold `distances` beside the images, one for each unlabelled image: how far it
is from its neighbours (`data.neighbours`). Images are uint8, or float in [0, 1]; labels are class
indices, shape (batch,).
"""

from typing import Any

import keras
import tensorflow as tf

# An element of a data set: images, or a tuple or dict of them and labels.
Element = Any


def unpack_training(data: Element, needs_labels: bool) -> tuple[dict[str, tf.Tensor], Any]:
    """The dict of images and the labels (or None) of a training element.

    Raises:
        ValueError: If it has another form.
    """
    inputs, labels = unpack(data)
    whole = isinstance(inputs, dict) and "unlabeled" in inputs
    if not whole or (needs_labels and ("labeled" not in inputs or labels is None)):
        wanted = '({"unlabeled": images},)'
        if needs_labels:
            wanted = '({"unlabeled": images, "labeled": images}, labels)'
        given = sorted(inputs) if isinstance(inputs, dict) else type(inputs).__name__
        raise ValueError(
            f"A training element of this setting must be {wanted}, as `aae_keras.data.load` gives "
            f"it. Received: inputs {given}, {'no ' if labels is None else ''}labels"
        )
    return inputs, labels


def unpack(data: Element) -> tuple[Any, tf.Tensor | None]:
    """Inputs and labels (or None) of an element of a data set."""
    x, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    if weights is not None:
        raise ValueError("`sample_weight` and `class_weight` are not supported; leave them out.")
    return x, labels
