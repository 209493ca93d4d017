"""Fully connected networks, as the paper's appendix has them.

Layers of ReLU units, weights drawn from N(0, 0.01^2); no discriminator has batch normalisation.
"""

import math
from collections.abc import Sequence

import keras
from keras import KerasTensor, layers

from aae_keras.networks.blocks import (
    Z_TRUNK,
    beside_noise,
    code_inputs,
    dense_layers,
    encoder_of,
    kernel_initializers,
    policy,
)

HIDDEN_UNITS = (1000, 1000)


def build_encoder(
    image_shape: tuple[int, int, int],
    num_classes: int,
    latent_dim: int,
    hidden_units: Sequence[int] = HIDDEN_UNITS,
    batch_norm: bool = False,
    weight_stddev: float = 0.01,
    precision: str = "float32",
    posterior: str = "deterministic",
    seed: int = 0,
    trunks: int = 1,
    z_units: Sequence[int] | None = None,
    batch_norm_heads: bool = True,
) -> keras.Model:
    """Build an encoder Q: from an image to latent y (before its softmax) and latent z.

    Args:
        image_shape: (height, width, channels).
        num_classes: Categories of y; 0 for an encoder without y.
        latent_dim: Dimensions of z.
        hidden_units: Units of each hidden layer.
        batch_norm: Whether to normalise each hidden layer over the batch, before its ReLU, and y
            and z.
        weight_stddev: Standard deviation of the initial weights, whose mean is 0; for 0 they are
            Glorot uniform.
        precision: `float32`, or `bfloat16` for the arithmetic of the hidden layers.
        posterior: `deterministic`, `gaussian` (outputs `z_mean` and `z_log_var` in place of `z`),
            or `universal` (a second input, `noise`, as wide as z, which y depends on as well).
        seed: Whole number that decides the initial weights.
        trunks: 1 where y and z share the hidden layers; 2 where each has hidden layers of its own,
            so that what shapes z cannot bend y.
        z_units: Units of each hidden layer of z's own trunk; None: as `hidden_units`.
        batch_norm_heads: Whether `batch_norm` normalises y and z too.

    Returns:
        Functional model `encoder`: from `image`, shape (batch, height, width, channels), to a dict
        of `y_logits` (batch, num_classes) and `z` (batch, latent_dim), float32.

    Raises:
        ValueError: If there is no such posterior or precision, or another number of trunks.
    """
    initializers = kernel_initializers(weight_stddev, seed)
    dtype = policy(precision)
    image = keras.Input(image_shape, name="image")

    def trunk(name: str, noise: KerasTensor | None) -> KerasTensor:
        hidden = layers.Flatten("channels_last", name=f"{name}_flatten")(image)
        hidden = beside_noise(hidden, noise, name)
        units = z_units if z_units and name == Z_TRUNK else hidden_units
        return dense_layers(hidden, units, initializers, batch_norm, dtype, name)

    return encoder_of(
        image, trunk, num_classes, latent_dim, posterior, initializers, trunks,
        batch_norm and batch_norm_heads,
    )  # fmt: skip


def build_decoder(
    image_shape: tuple[int, int, int],
    num_classes: int,
    latent_dim: int,
    hidden_units: Sequence[int] = HIDDEN_UNITS,
    weight_stddev: float = 0.01,
    precision: str = "float32",
    seed: int = 0,
    latent_name: str = "z",
    name: str = "decoder",
    y_scale: float = 1.0,
) -> keras.Model:
    """Build a decoder P: from latent y and z to the logits of an image.

    Args:
        num_classes: Categories of y; 0 for a decoder without y.
        latent_dim: Dimensions of z; 0 for a decoder of y alone, such as a mode decoder.
        latent_name: Name of the input for z: `representation` in dimensionality reduction.
        name: Name of the network, which its layers' names begin with.
        y_scale: Factor of y before it is concatenated with z, above 0.
        image_shape, hidden_units, weight_stddev, precision, seed: See `build_encoder`.

    Returns:
        Functional model: from a dict of `y` (batch, num_classes) and `z` (batch, latent_dim) to a
        dict of `image_logits` (batch, height, width, channels), float32. The sigmoid of the logits
        is the image in [0, 1].

    Raises:
        ValueError: If `y_scale` is not above 0, or there is no such precision.
    """
    initializers = kernel_initializers(weight_stddev, seed)
    inputs, hidden = code_inputs(num_classes, latent_dim, latent_name, name, y_scale)
    hidden = _hidden_layers(hidden, hidden_units, initializers, precision, name)
    pixels = layers.Dense(
        math.prod(image_shape),
        kernel_initializer=next(initializers),
        dtype="float32",
        name="pixels",
    )(hidden)
    image_logits = layers.Reshape(image_shape, dtype="float32", name="image_logits")(pixels)
    return keras.Model(inputs, {"image_logits": image_logits}, name=name)


def build_cluster_head(num_classes: int, latent_dim: int, seed: int = 0) -> keras.Model:
    """Build W_C: a linear map of y, whose rows are the cluster heads (section 7).

    Args:
        num_classes: Categories of y.
        latent_dim: Dimensions of the representation.
        seed: Whole number that decides the initial heads, which are drawn from N(0, 1).

    Returns:
        Functional model `cluster_head`: from `y` (batch, num_classes) to a dict of `head`
        (batch, latent_dim), float32.
    """
    initializers = kernel_initializers(1.0, seed)
    y = keras.Input((num_classes,), name="y")
    head = layers.Dense(
        latent_dim,
        use_bias=False,
        kernel_initializer=next(initializers),
        dtype="float32",
        name="head",
    )
    return keras.Model(y, {"head": head(y)}, name="cluster_head")


def build_discriminator(
    code_dim: int,
    hidden_units: Sequence[int] = HIDDEN_UNITS,
    weight_stddev: float = 0.01,
    precision: str = "float32",
    seed: int = 0,
    *,
    name: str,
) -> keras.Model:
    """Build a discriminator D: from a code to the log-odds that it was drawn from the prior.

    Args:
        code_dim: Dimensions of the code it judges.
        name: `discriminator_cat` for y, `discriminator_gauss` for z.
        hidden_units, weight_stddev, precision, seed: See `build_encoder`.

    Returns:
        Functional model: from `code` (batch, code_dim) to one logit per code, (batch, 1), float32.
    """
    initializers = kernel_initializers(weight_stddev, seed)
    code = keras.Input((code_dim,), name="code")
    hidden = _hidden_layers(code, hidden_units, initializers, precision, name)
    logit = layers.Dense(
        1, kernel_initializer=next(initializers), dtype="float32", name=f"{name}_logit"
    )
    return keras.Model(code, logit(hidden), name=name)


def _hidden_layers(hidden, hidden_units, initializers, precision, name):
    """Dense layers with ReLU, one after the other."""
    for depth, units in enumerate(hidden_units):
        hidden = layers.Dense(
            units,
            activation="relu",
            kernel_initializer=next(initializers),
            dtype=policy(precision),
            name=f"{name}_hidden_{depth}",
        )(hidden)
    return hidden
