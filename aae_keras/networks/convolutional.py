"""A convolutional encoder and decoder, for colour images."""

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

FILTERS = (64, 128, 256)


def build_convolutional_encoder(
    image_shape,
    num_classes,
    latent_dim,
    filters=FILTERS,
    hidden_units=(1000,),
    batch_norm=False,
    weight_stddev=0.0,
    precision="float32",
    posterior="deterministic",
    seed=0,
):
    """Encoder Q of strided 4x4 convolutions, each halving the image, then dense layers.

    Args:
        filters: Of each convolution.
        hidden_units: Units of each dense layer after them.
        batch_norm: Normalise each of these layers over the batch, before its ReLU, and y and z.
        image_shape, num_classes, latent_dim, weight_stddev, precision, posterior, seed: See
            `build_encoder`.

    Returns:
        Functional model `encoder`, as of `build_encoder`.
    """
    draw = initializers(weight_stddev, seed)
    dtype = POLICIES[precision]
    image = keras.Input(image_shape, name="image")
    hidden = image
    for depth, count in enumerate(filters):
        convolution = layers.Conv2D(
            count, 4, 2, "same", kernel_initializer=next(draw), dtype=dtype, name=f"conv_{depth}"
        )
        hidden = activated(convolution(hidden), batch_norm, dtype, convolution.name)
    hidden = layers.Flatten(name="encoder_flatten")(hidden)
    inputs, hidden = with_noise(image, hidden, posterior, latent_dim)
    for depth, units in enumerate(hidden_units):
        dense = layers.Dense(
            units, kernel_initializer=next(draw), dtype=dtype, name=f"encoder_hidden_{depth}"
        )
        hidden = activated(dense(hidden), batch_norm, dtype, dense.name)
    outputs = code_heads(hidden, num_classes, latent_dim, posterior, draw, batch_norm)
    return keras.Model(inputs, outputs, name="encoder")


def build_convolutional_decoder(
    image_shape,
    num_classes,
    latent_dim,
    filters=FILTERS,
    hidden_units=(1000,),
    batch_norm=False,
    weight_stddev=0.0,
    precision="float32",
    seed=0,
    latent_name="z",
    name="decoder",
    y_scale=1.0,
):
    """Decoder P: the encoder's layers the other way round, cut to the image's size.

    Args:
        filters, hidden_units, batch_norm: As of `build_convolutional_encoder`, in its order.
        image_shape, num_classes, latent_dim, weight_stddev, precision, seed, latent_name, name,
            y_scale: See `build_decoder`.

    Returns:
        Functional model, as of `build_decoder`.
    """
    draw = initializers(weight_stddev, seed)
    dtype = POLICIES[precision]
    height, width, channels = image_shape
    rows, columns = (-(-side // 2 ** len(filters)) for side in (height, width))
    inputs, hidden = code_inputs(num_classes, latent_dim, latent_name, name, y_scale)
    widths = [*reversed(hidden_units), rows * columns * filters[-1]]
    for depth, units in enumerate(widths):
        dense = layers.Dense(
            units, kernel_initializer=next(draw), dtype=dtype, name=f"{name}_hidden_{depth}"
        )
        hidden = activated(dense(hidden), batch_norm, dtype, dense.name)
    hidden = layers.Reshape((rows, columns, filters[-1]), name=f"{name}_grid")(hidden)
    for depth, count in enumerate(reversed(filters[:-1])):
        convolution = layers.Conv2DTranspose(
            count,
            4,
            2,
            "same",
            kernel_initializer=next(draw),
            dtype=dtype,
            name=f"{name}_conv_{depth}",
        )
        hidden = activated(convolution(hidden), batch_norm, dtype, convolution.name)
    pixels = layers.Conv2DTranspose(
        channels, 4, 2, "same", kernel_initializer=next(draw), dtype="float32", name="pixels"
    )(hidden)
    surplus = rows * 2 ** len(filters) - height, columns * 2 ** len(filters) - width
    image_logits = layers.Cropping2D(
        [(0, surplus[0]), (0, surplus[1])], dtype="float32", name="image_logits"
    )(pixels)
    return keras.Model(inputs, {"image_logits": image_logits}, name=name)
