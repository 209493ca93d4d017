"""Fully connected networks, as the paper's appendix has them.

Layers of ReLU units, weights drawn from N(0, 0.01^2), no batch normalisation in discriminators.
"""

import math

import keras
from keras import layers

from aae_keras.networks.blocks import (
    POLICIES,
    activated,
    code_heads,
    code_inputs,
    initializers,
    with_noise,
)

HIDDEN_UNITS = (1000, 1000)


def build_encoder(
    image_shape,
    num_classes,
    latent_dim,
    hidden_units=HIDDEN_UNITS,
    batch_norm=False,
    weight_stddev=0.01,
    precision="float32",
    posterior="deterministic",
    seed=0,
):
    """Encoder Q: an image to latent y (before its softmax) and latent z.

    Args:
        image_shape: (height, width, channels).
        num_classes: Categories of y; 0 for an encoder without y.
        latent_dim: Dimensions of z.
        hidden_units: Units of each hidden layer.
        batch_norm: Normalise each hidden layer over the batch, before its ReLU, and y and z.
        weight_stddev: Initial weights are N(0, weight_stddev^2); 0: Glorot uniform.
        precision: `float32`, or `bfloat16` for the arithmetic of the hidden layers.
        posterior: `deterministic`, `gaussian` (outputs `z_mean` and `z_log_var` in place of `z`),
            or `universal` (a second input, `noise`, as wide as z, which y depends on as well).
        seed: Whole number that decides the initial weights.

    Returns:
        Functional model `encoder`: input `image`, outputs a dict of `y_logits` and `z`, float32.
    """
    draw = initializers(weight_stddev, seed)
    dtype = POLICIES[precision]
    image = keras.Input(image_shape, name="image")
    hidden = layers.Flatten(name="encoder_flatten")(image)
    inputs, hidden = with_noise(image, hidden, posterior, latent_dim)
    for depth, units in enumerate(hidden_units):
        name = f"encoder_hidden_{depth}"
        hidden = layers.Dense(units, kernel_initializer=next(draw), dtype=dtype, name=name)(hidden)
        hidden = activated(hidden, batch_norm, dtype, name)
    outputs = code_heads(hidden, num_classes, latent_dim, posterior, draw, batch_norm)
    return keras.Model(inputs, outputs, name="encoder")


def build_decoder(
    image_shape,
    num_classes,
    latent_dim,
    hidden_units=HIDDEN_UNITS,
    weight_stddev=0.01,
    precision="float32",
    seed=0,
    latent_name="z",
    name="decoder",
    y_scale=1.0,
):
    """Decoder P: latent y and z to the logits of an image, whose sigmoid lies in [0, 1].

    Args:
        num_classes: Categories of y; 0 for a decoder without y.
        latent_dim: Dimensions of z; 0 for a decoder of y alone, such as a mode decoder.
        latent_name: Of the input for z: `representation` where that is what it decodes.
        name: Of the network and its layers.
        y_scale: Factor of y before it meets z, above 0.
        image_shape, hidden_units, weight_stddev, precision, seed: See `build_encoder`.

    Returns:
        Functional model: inputs a dict of `y` and `z`, output a dict of `image_logits`.
    """
    draw = initializers(weight_stddev, seed)
    inputs, hidden = code_inputs(num_classes, latent_dim, latent_name, name, y_scale)
    hidden = _hidden_layers(hidden, hidden_units, draw, precision, name)
    pixels = layers.Dense(
        math.prod(image_shape), kernel_initializer=next(draw), dtype="float32", name="pixels"
    )(hidden)
    image_logits = layers.Reshape(image_shape, dtype="float32", name="image_logits")(pixels)
    return keras.Model(inputs, {"image_logits": image_logits}, name=name)


def build_cluster_head(num_classes, latent_dim, seed=0):
    """W_C: a linear map of y, whose rows are the cluster heads (section 7).

    Args:
        num_classes: Categories of y.
        latent_dim: Dimensions of the representation.
        seed: Decides the heads to begin with, N(0, 1).

    Returns:
        Functional model `cluster_head`: input `y`, output a dict of `head`.
    """
    draw = initializers(1.0, seed)
    y = keras.Input((num_classes,), name="y")
    head = layers.Dense(
        latent_dim, use_bias=False, kernel_initializer=next(draw), dtype="float32", name="head"
    )
    return keras.Model(y, {"head": head(y)}, name="cluster_head")


def build_discriminator(
    code_dim,
    hidden_units=HIDDEN_UNITS,
    weight_stddev=0.01,
    precision="float32",
    seed=0,
    *,
    name,
):
    """Discriminator D: the log-odds that a code was drawn from the prior.

    Args:
        code_dim: Dimensions of the code it judges.
        name: `discriminator_cat` for y, `discriminator_gauss` for z.
        hidden_units, weight_stddev, precision, seed: See `build_encoder`.

    Returns:
        Functional model: input `code`, output one logit per code, shape (batch, 1).
    """
    draw = initializers(weight_stddev, seed)
    code = keras.Input((code_dim,), name="code")
    hidden = _hidden_layers(code, hidden_units, draw, precision, name)
    logit = layers.Dense(1, kernel_initializer=next(draw), dtype="float32", name=f"{name}_logit")
    return keras.Model(code, logit(hidden), name=name)


def _hidden_layers(hidden, hidden_units, draw, precision, name):
    for depth, units in enumerate(hidden_units):
        hidden = layers.Dense(
            units,
            activation="relu",
            kernel_initializer=next(draw),
            dtype=POLICIES[precision],
            name=f"{name}_hidden_{depth}",
        )(hidden)
    return hidden
