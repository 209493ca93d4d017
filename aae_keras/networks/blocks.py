"""Both ends of a network, whatever layers lie between: inputs, heads, initial weights."""

import keras
import numpy as np
from keras import layers

# Keras dtype policies: weights are float32 in both.
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

POSTERIORS = ("deterministic", "gaussian", "universal")


def with_noise(image, hidden, posterior, noise_dim):
    """The encoder's inputs, and its features with those of the noise, if it takes any.

    Args:
        image: The `keras.Input` of the image.
        hidden: Features of it, shape (batch, units).
        posterior: One of `POSTERIORS`; `universal` takes noise.
        noise_dim: Dimensions of that noise.

    Raises:
        ValueError: If there is no such posterior.
    """
    if posterior not in POSTERIORS:
        raise ValueError(
            f"`posterior` must be one of {', '.join(POSTERIORS)}. Received: posterior={posterior!r}"
        )
    if posterior != "universal":
        return image, hidden
    noise = keras.Input((noise_dim,), name="noise")
    return [image, noise], layers.Concatenate(name="encoder_with_noise")([hidden, noise])


def activated(values, batch_norm, dtype, name):
    """ReLU of a layer's values, normalised over the batch first if asked for."""
    if batch_norm:
        values = _normalised(values, f"{name}_norm", dtype)
    return layers.ReLU(dtype=dtype, name=f"{name}_relu")(values)


def _normalised(values, name, dtype="float32"):
    """Values normalised over the batch, outside training by their moving statistics.

    Keras' momentum of 0.99 starts from a variance of 1 and takes a thousand steps to forget it: the
    encoder of a short run would be another function outside training.
    """
    return layers.BatchNormalization(momentum=0.9, dtype=dtype, name=name)(values)


def code_heads(hidden, num_classes, latent_dim, posterior, draw, batch_norm=False):
    """The encoder's outputs by name, float32 linear layers.

    Args:
        hidden: Features of the image, shape (batch, units).
        num_classes: Categories of y; 0 for no y.
        latent_dim: Dimensions of z.
        posterior: One of `POSTERIORS`.
        draw: Iterator of kernel initializers.
        batch_norm: Normalise y's logits and z (or its mean) over the batch. It keeps every category
            in use: without it clustering ends in four of its sixteen.
    """
    widths = {"y_logits": num_classes} if num_classes else {}
    z_names = ("z_mean", "z_log_var") if posterior == "gaussian" else ("z",)
    widths |= dict.fromkeys(z_names, latent_dim)
    return {
        name: _head(hidden, units, next(draw), batch_norm and name != "z_log_var", name)
        for name, units in widths.items()
    }


def _head(hidden, units, initializer, batch_norm, name):
    options = {"kernel_initializer": initializer, "dtype": "float32"}
    if not batch_norm:
        return layers.Dense(units, name=name, **options)(hidden)
    linear = layers.Dense(units, name=f"{name}_linear", **options)(hidden)
    return _normalised(linear, name)


def code_inputs(num_classes, latent_dim, latent_name, name, y_scale=1.0):
    """The decoder's inputs by name, those of no dimensions left out, and all of them as one.

    Args:
        num_classes, latent_dim: Their dimensions.
        latent_name: Name of the second; the first is `y`.
        name: Of the network.
        y_scale: Factor of y beside z. A weight of y moves once in as many images as there are
            classes, one of z in each: unless y is louder, z has long learned to tell the class.
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


def initializers(weight_stddev, seed):
    """An endless supply of initializers, each with a seed of its own."""
    for layer_seed in _integers(seed):
        if weight_stddev:
            yield keras.initializers.RandomNormal(stddev=weight_stddev, seed=layer_seed)
        else:
            yield keras.initializers.GlorotUniform(seed=layer_seed)


def _integers(seed):
    random = np.random.default_rng(seed)
    while True:
        yield int(random.integers(2**31))
