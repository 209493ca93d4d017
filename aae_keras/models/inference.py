"""Applying a trained model to arrays, in batches and without the overhead of `predict`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from aae_keras import interrupts, values
from aae_keras.errors import DataError
from aae_keras.images import to_unit_range
from aae_keras.models.aae import AdversarialModel
from aae_keras.networks import output_shapes

BATCH = 1000
# Pixels in a batch at most: a convolution holds hundreds of bytes for each.
BATCH_PIXELS = 4_000_000


def encode(model: AdversarialModel, images: np.ndarray) -> dict[str, np.ndarray]:
    """Encode images.

    Args:
        model: A model of this project.
        images: uint8, or float in [0, 1], shape (n, height, width, channels).

    Returns:
        Dict of float32 arrays with one row per image: `z`, shape (n, latent_dim), and where the
        encoder has a latent y also `y_logits` and `y`, both of shape (n, categories).

    Raises:
        DataError: If there are no images, or floats outside [0, 1].
    """
    if not len(images):
        raise DataError("images must hold an image at least. Received: none")
    values.check_pixels(np.asarray(images), "images")
    return in_batches(lambda batch: model.encode(to_unit_range(batch)), images)


def decode(model: AdversarialModel, code: dict[str, np.ndarray]) -> np.ndarray:
    """Decode codes to images.

    Args:
        model: A model with a decoder.
        code: Dict of float32 arrays with one row per image, by the names of the decoder's inputs
            (`y` and `z`, say). Other names are ignored.

    Returns:
        float32 images in [0, 1], shape (n, height, width, channels).
    """
    pixels = math.prod(output_shapes(model.decoder)["image_logits"][1:])
    images = in_batches(lambda batch: {"image": tf.sigmoid(model.decode(batch))}, code, pixels)
    return images["image"]


def decode_grid(model: AdversarialModel, z: np.ndarray) -> np.ndarray:
    """Decode every value of y with every z.

    Args:
        model: A model whose decoder takes y and z.
        z: float32 array, shape (n, latent_dim).

    Returns:
        Images in [0, 1], shape (categories, n, height, width, channels).
    """
    categories = model.categories
    y = np.eye(categories, dtype="float32")
    images = decode(model, {"y": np.repeat(y, len(z), axis=0), "z": np.tile(z, (categories, 1))})
    return images.reshape(categories, len(z), *images.shape[1:])


def sample_codes(model: AdversarialModel, count: int, seed: int) -> dict[str, np.ndarray]:
    """Draw codes from the priors of a model.

    Args:
        model: A model of this project.
        count: Number of codes.
        seed: Whole number: the same one draws the same codes.

    Returns:
        Dict of float32 arrays of shape (count, dim), by the codes that have a prior: `y`, `z`.
    """
    return {
        name: prior.sample(count, [seed, rank]).numpy()
        for rank, (name, prior) in enumerate(model.priors.items())
    }


def encode_rows(model: AdversarialModel, images: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The codes of some rows of images that may lie on disk: they are read a part at a time.

    Args:
        model: A trained model.
        images: `data.images.Images` of the training part.
        rows: Row numbers; at least one.

    Returns:
        As `encode`.
    """
    starts = range(0, len(rows), BATCH)
    parts = [encode(model, images[rows[at : at + BATCH]]) for at in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def in_batches(
    function: Callable[[Any], dict[str, tf.Tensor]], inputs: Any, pixels: int = 0
) -> dict[str, np.ndarray]:
    """Call a function of tensors on batches of arrays, and concatenate what it returns.

    The calls are eager: with a thousand rows in a batch no overhead is left to compile away.

    Args:
        function: Takes `inputs` with tensors in place of the arrays, and returns a dict of
            tensors; the first dimension of all of them is the batch.
        inputs: An array, or a list or dict of arrays, all of the same length.
        pixels: Numbers in one row of the output. Give it where a row of the output is larger than
            one of the input: it keeps the batches small enough.

    Returns:
        Dict of arrays, by the names that the function returns.
    """
    results = []
    arrays = tf.nest.flatten(inputs)
    pixels = max(pixels, *(math.prod(array.shape[1:]) for array in arrays), 1)
    batch_size = min(BATCH, max(1, BATCH_PIXELS // pixels))
    for start in range(0, len(arrays[0]), batch_size):
        interrupts.check()
        rows = slice(start, start + batch_size)
        batch = tf.nest.map_structure(lambda array, rows=rows: tf.constant(array[rows]), inputs)
        results.append({name: value.numpy() for name, value in function(batch).items()})
    return {name: np.concatenate([result[name] for result in results]) for name in results[0]}
