"""Applying a trained model to arrays, in batches and without the overhead of `predict`."""

import math

import numpy as np
import tensorflow as tf

from aae_keras.images import to_unit_range
from aae_keras.networks import output_shapes

BATCH = 1000
# Pixels in a batch at most: a convolution holds hundreds of bytes for each.
BATCH_PIXELS = 4_000_000


def encode(model, images):
    """Codes of images.

    Args:
        model: A model of this project.
        images: Array, uint8 or float in [0, 1], shape (n, height, width, channels).

    Returns:
        Dict of float32 arrays, one row per image: `z`, and `y_logits` and `y` where there are.
    """
    return apply(lambda batch: model.encode(to_unit_range(batch)), images)


def decode(model, code):
    """Images in [0, 1] that the decoder draws of codes, shape (n, height, width, channels).

    Args:
        model: A model with a decoder.
        code: Dict of float32 arrays: what the decoder takes, by name, and whatever else.
    """
    pixels = math.prod(output_shapes(model.decoder)["image_logits"][1:])
    return apply(lambda batch: {"image": tf.sigmoid(model.decode(batch))}, code, pixels)["image"]


def apply(function, inputs, pixels=0):
    """Concatenated results of a function of tensors, called on batches of arrays.

    Eager: with a thousand rows in a batch there is no overhead left to compile away.

    Args:
        function: From a structure of tensors to a dict of tensors, all with a batch dimension.
        inputs: The same structure of arrays.
        pixels: Numbers in a row of what it returns, if more than in one of what it takes.

    Returns:
        Dict of arrays.
    """
    results = []
    arrays = tf.nest.flatten(inputs)
    pixels = max(pixels, *(math.prod(array.shape[1:]) for array in arrays), 1)
    batch_size = min(BATCH, max(1, BATCH_PIXELS // pixels))
    for start in range(0, len(arrays[0]), batch_size):
        rows = slice(start, start + batch_size)
        batch = tf.nest.map_structure(lambda array, rows=rows: tf.constant(array[rows]), inputs)
        results.append({name: value.numpy() for name, value in function(batch).items()})
    return {name: np.concatenate([result[name] for result in results]) for name in results[0]}
