"""A convolutional encoder and decoder, for colour images."""

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
    relu,
)

FILTERS = (64, 128, 256)
# Every convolution halves the height and the width, or doubles them in the decoder.
# Images have their channels last, whatever keras.json says.
CHANNELS_LAST = {"data_format": "channels_last"}
STRIDED = {"kernel_size": 4, "strides": 2, "padding": "same", **CHANNELS_LAST}


def build_convolutional_encoder(
    image_shape: tuple[int, int, int],
    num_classes: int,
    latent_dim: int,
    filters: Sequence[int] = FILTERS,
    hidden_units: Sequence[int] = (1000,),
    batch_norm: bool = False,
    weight_stddev: float = 0.0,
    precision: str = "float32",
    posterior: str = "deterministic",
    seed: int = 0,
    trunks: int = 1,
    z_units: Sequence[int] | None = None,
    batch_norm_heads: bool = True,
) -> keras.Model:
    """Build an encoder Q of strided 4x4 convolutions, each halving the image, then dense layers.

    Args:
        filters: Filters of each convolution.
        hidden_units: Units of each dense layer after the convolutions.
        batch_norm: Whether to normalise each of these layers over the batch, before its ReLU, and
            y and z.
        image_shape, num_classes, latent_dim, weight_stddev, precision, posterior, seed, trunks,
            z_units, batch_norm_heads: See `build_encoder`.

    Returns:
        Functional model `encoder`, with the inputs and outputs that `build_encoder` gives it.

    Raises:
        ValueError: If there is no such posterior or precision, or another number of trunks.
    """
    initializers = kernel_initializers(weight_stddev, seed)
    dtype = policy(precision)
    image = keras.Input(image_shape, name="image")

    def trunk(name: str, noise: KerasTensor | None) -> KerasTensor:
        hidden = image
        for depth, count in enumerate(filters):
            convolution = layers.Conv2D(
                count,
                **STRIDED,
                kernel_initializer=next(initializers),
                dtype=dtype,
                name=f"{name.replace('encoder', 'conv')}_{depth}",
            )
            hidden = relu(convolution(hidden), batch_norm, dtype, convolution.name)
        hidden = layers.Flatten(**CHANNELS_LAST, name=f"{name}_flatten")(hidden)
        hidden = beside_noise(hidden, noise, name)
        units = z_units if z_units and name == Z_TRUNK else hidden_units
        return dense_layers(hidden, units, initializers, batch_norm, dtype, name)

    return encoder_of(
        image, trunk, num_classes, latent_dim, posterior, initializers, trunks,
        batch_norm and batch_norm_heads,
    )  # fmt: skip


def build_convolutional_decoder(
    image_shape: tuple[int, int, int],
    num_classes: int,
    latent_dim: int,
    filters: Sequence[int] = FILTERS,
    hidden_units: Sequence[int] = (1000,),
    batch_norm: bool = False,
    weight_stddev: float = 0.0,
    precision: str = "float32",
    seed: int = 0,
    latent_name: str = "z",
    name: str = "decoder",
    y_scale: float = 1.0,
) -> keras.Model:
    """Build a decoder P: the encoder's layers in reverse order, cropped to the image's size.

    Args:
        filters, hidden_units, batch_norm: Those of the encoder, in the encoder's order; see
            `build_convolutional_encoder`.
        image_shape, num_classes, latent_dim, weight_stddev, precision, seed, latent_name, name,
            y_scale: See `build_decoder`.

    Returns:
        Functional model, with the inputs and outputs that `build_decoder` gives it.

    Raises:
        ValueError: If `y_scale` is not above 0, or there is no such precision.
    """
    initializers = kernel_initializers(weight_stddev, seed)
    dtype = policy(precision)
    height, width, channels = image_shape
    rows, columns = (-(-side // 2 ** len(filters)) for side in (height, width))
    inputs, hidden = code_inputs(num_classes, latent_dim, latent_name, name, y_scale)
    widths = [*reversed(hidden_units), rows * columns * filters[-1]]
    hidden = dense_layers(hidden, widths, initializers, batch_norm, dtype, name)
    hidden = layers.Reshape((rows, columns, filters[-1]), name=f"{name}_grid")(hidden)
    for depth, count in enumerate(reversed(filters[:-1])):
        convolution = layers.Conv2DTranspose(
            count,
            **STRIDED,
            kernel_initializer=next(initializers),
            dtype=dtype,
            name=f"{name}_conv_{depth}",
        )
        hidden = relu(convolution(hidden), batch_norm, dtype, convolution.name)
    pixels = layers.Conv2DTranspose(
        channels,
        **STRIDED,
        kernel_initializer=next(initializers),
        dtype="float32",
        name="pixels",
    )(hidden)
    surplus = rows * 2 ** len(filters) - height, columns * 2 ** len(filters) - width
    image_logits = layers.Cropping2D(
        [(0, surplus[0]), (0, surplus[1])], **CHANNELS_LAST, dtype="float32", name="image_logits"
    )(pixels)
    return keras.Model(inputs, {"image_logits": image_logits}, name=name)
