"""Blocks that every encoder and decoder is built of: inputs, activations, heads, initializers."""

from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
from keras import KerasTensor, layers

from aae_keras.networks.normalisation import MapNormalization

# Keras dtype policies by the name of the precision: weights are float32 in both.
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

POSTERIORS = ("deterministic", "gaussian", "universal")
# What the layers of z's own trunk are called after.
Z_TRUNK = "encoder_z"


def policy(precision: str) -> str:
    """The Keras dtype policy of a precision.

    Raises:
        ValueError: If it is none of `POLICIES`.
    """
    if precision not in POLICIES:
        raise ValueError(
            f"`precision` must be one of {', '.join(POLICIES)}. Received: precision={precision!r}"
        )
    return POLICIES[precision]


def noise_input(posterior: str, noise_dim: int) -> KerasTensor | None:
    """The input `noise` of an encoder, shape (batch, noise_dim), where its posterior takes any.

    Args:
        posterior: One of `POSTERIORS`; `universal` takes noise.
        noise_dim: Dimensions of the noise.

    Raises:
        ValueError: If there is no such posterior.
    """
    if posterior not in POSTERIORS:
        raise ValueError(
            f"`posterior` must be one of {', '.join(POSTERIORS)}. Received: posterior={posterior!r}"
        )
    return keras.Input((noise_dim,), name="noise") if posterior == "universal" else None


def beside_noise(hidden: KerasTensor, noise: KerasTensor | None, name: str) -> KerasTensor:
    """Features of an image, shape (batch, units), with the noise appended, if there is any.

    Args:
        hidden: The features.
        noise: What `noise_input` returns.
        name: Name of the trunk, which the new layer's name begins with.
    """
    if noise is None:
        return hidden
    return layers.Concatenate(name=f"{name}_with_noise")([hidden, noise])


def relu(values: KerasTensor, batch_norm: bool, dtype: str, name: str) -> KerasTensor:
    """Apply a ReLU to the output of a layer, after batch normalisation if that is wanted.

    Args:
        values: Output of the layer, of any shape.
        batch_norm: Whether to normalise the values over the batch first.
        dtype: A Keras dtype policy, one of the values of `POLICIES`.
        name: Name of the layer, which the new layers' names begin with.
    """
    if batch_norm:
        values = _normalise(values, f"{name}_norm", dtype)
    return layers.ReLU(dtype=dtype, name=f"{name}_relu")(values)


def dense_layers(
    hidden: KerasTensor,
    hidden_units: Sequence[int],
    initializers: Iterator[keras.Initializer],
    batch_norm: bool,
    dtype: str,
    name: str,
) -> KerasTensor:
    """Apply dense layers one after the other, each with its ReLU.

    Args:
        hidden: Features, shape (batch, units).
        hidden_units: Units of each layer.
        initializers: Iterator of kernel initializers.
        batch_norm: Whether to normalise each layer over the batch, before its ReLU.
        dtype: A Keras dtype policy, one of the values of `POLICIES`.
        name: Name of the network, which the layers' names begin with.

    Returns:
        Features, shape (batch, hidden_units[-1]).
    """
    for depth, units in enumerate(hidden_units):
        dense = layers.Dense(
            units,
            kernel_initializer=next(initializers),
            dtype=dtype,
            name=f"{name}_hidden_{depth}",
        )
        hidden = relu(dense(hidden), batch_norm, dtype, dense.name)
    return hidden


def encoder_of(
    image: KerasTensor,
    trunk: Callable[[str, KerasTensor | None], KerasTensor],
    num_classes: int,
    latent_dim: int,
    posterior: str,
    initializers: Iterator[keras.Initializer],
    trunks: int,
    batch_norm: bool,
) -> keras.Model:
    """Build an encoder of what any kind of layers makes of an image.

    Args:
        image: The `keras.Input` of the image.
        trunk: Function of a name, which its layers' names begin with (`Z_TRUNK` is z's own), and of
            the noise, if there is any, to features of the image, shape (batch, units).
        num_classes, latent_dim, posterior, initializers, batch_norm: See `code_heads`.
        trunks: 1 for y and z together, 2 for one each.

    Raises:
        ValueError: If it is another number of trunks, or there is no such posterior.
    """
    if trunks not in (1, 2):
        raise ValueError(
            f"`trunks` must be 1, for y and z together, or 2, one for each. Received: {trunks=}"
        )
    noise = noise_input(posterior, latent_dim)
    of_y = trunk("encoder", noise)
    of_z = of_y if trunks == 1 else trunk(Z_TRUNK, noise)
    heads = code_heads(of_y, of_z, num_classes, latent_dim, posterior, initializers, batch_norm)
    return keras.Model(image if noise is None else [image, noise], heads, name="encoder")


def _normalise(values, name, dtype="float32"):
    """Normalise values over the batch; outside training by their moving statistics.

    Keras' momentum of 0.99 starts from a variance of 1 and takes a thousand steps to forget it: the
    encoder of a short run would be another function outside training.
    """
    kind = layers.BatchNormalization if len(values.shape) == 2 else MapNormalization
    return kind(momentum=0.9, dtype=dtype, name=name)(values)


def code_heads(
    of_y: KerasTensor,
    of_z: KerasTensor,
    num_classes: int,
    latent_dim: int,
    posterior: str,
    initializers: Iterator[keras.Initializer],
    batch_norm: bool = False,
) -> dict[str, KerasTensor]:
    """Build the heads of an encoder: one linear layer in float32 for each of its outputs.

    Args:
        of_y, of_z: Features of the image for either code, shape (batch, units); of one trunk, or
            of a trunk for each.
        num_classes: Categories of y; 0 for no y.
        latent_dim: Dimensions of z.
        posterior: One of `POSTERIORS`.
        initializers: Iterator of kernel initializers.
        batch_norm: Whether to normalise y's logits and z (or its mean) over the batch. It keeps
            every category in use: without it clustering ends in four of its sixteen, where no term
            of its own sees to that.

    Returns:
        Dict by output name: `y_logits` (batch, num_classes) if there is a y, and `z`, or `z_mean`
        and `z_log_var` for a Gaussian posterior, all (batch, latent_dim).
    """
    heads = {}
    if num_classes:
        heads["y_logits"] = _head(of_y, num_classes, next(initializers), batch_norm, "y_logits")
    for name in ("z_mean", "z_log_var") if posterior == "gaussian" else ("z",):
        normalised = batch_norm and name != "z_log_var"
        heads[name] = _head(of_z, latent_dim, next(initializers), normalised, name)
    return heads


def _head(hidden, units, initializer, batch_norm, name):
    options = {"kernel_initializer": initializer, "dtype": "float32"}
    if not batch_norm:
        return layers.Dense(units, name=name, **options)(hidden)
    linear = layers.Dense(units, name=f"{name}_linear", **options)(hidden)
    return _normalise(linear, name)


def code_inputs(
    num_classes: int, latent_dim: int, latent_name: str, name: str, y_scale: float = 1.0
) -> tuple[dict[str, KerasTensor], KerasTensor]:
    """Make the inputs of a decoder, and concatenate them.

    Args:
        num_classes: Dimensions of the input `y`; 0 leaves it out.
        latent_dim: Dimensions of the other input; 0 leaves it out.
        latent_name: Name of the other input.
        name: Name of the network, which the new layers' names begin with.
        y_scale: Factor of y, above 0. A weight of y is moved by one image in as many as there are
            classes, a weight of z by each: with a factor of 1, z has often learned to tell the
            class before y does.

    Returns:
        Dict of the inputs by name, and all of them in one tensor (batch, dimensions).

    Raises:
        ValueError: If `y_scale` is not above 0.
    """
    if not y_scale > 0:
        raise ValueError(f"`y_scale` must be above 0. Received: {y_scale=}")
    widths = {"y": num_classes, latent_name: latent_dim}
    inputs = {code: keras.Input((width,), name=code) for code, width in widths.items() if width}
    if len(inputs) == 1:
        return inputs, *inputs.values()
    parts = dict(inputs)
    if y_scale != 1:
        parts["y"] = layers.Rescaling(y_scale, dtype="float32", name=f"{name}_scaled_y")(
            inputs["y"]
        )
    return inputs, layers.Concatenate(name=f"{name}_code")(list(parts.values()))


def kernel_initializers(weight_stddev: float, seed: int) -> Iterator[keras.Initializer]:
    """Yield initializers without end, each with a seed of its own.

    Args:
        weight_stddev: Standard deviation of normal weights; 0 for Glorot uniform ones.
        seed: Whole number that decides the seeds.
    """
    for layer_seed in _layer_seeds(seed):
        if weight_stddev:
            yield keras.initializers.RandomNormal(stddev=weight_stddev, seed=layer_seed)
        else:
            yield keras.initializers.GlorotUniform(seed=layer_seed)


def _layer_seeds(seed):
    random = np.random.default_rng(seed)
    while True:
        yield int(random.integers(2**31))
