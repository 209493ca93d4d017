"""The networks, as Keras functional models: encoder Q, decoder P, discriminators D.

Any functional model with the same inputs and outputs can take their place:

| network | inputs | outputs |
|---|---|---|
| encoder | `image` (height, width, channels) | `y_logits` (num_classes,), `z` (latent_dim,) |
| decoder | `y` (num_classes,), `z` (latent_dim,) | `image_logits` (height, width, channels) |
| discriminator | a code | one logit: above 0 means "drawn from the prior" |

The builders follow the paper's appendix: fully connected layers of ReLU units, weights drawn
from N(0, 0.01^2), no batch normalisation in discriminators. Heads compute in float32 whatever
the precision of the layers before them.
"""

import math

import keras
import numpy as np
from keras import layers

HIDDEN_UNITS = (1000, 1000)

# Keras dtype policies: weights are float32 in both.
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def build_encoder(
    image_shape,
    num_classes,
    latent_dim,
    hidden_units=HIDDEN_UNITS,
    batch_norm=False,
    weight_stddev=0.01,
    precision="float32",
    seed=0,
):
    """Encoder Q: an image to latent y (before its softmax) and latent z.

    Args:
        image_shape: (height, width, channels).
        num_classes: Categories of y.
        latent_dim: Dimensions of z.
        hidden_units: Units of each hidden layer.
        batch_norm: Normalise each hidden layer over the batch, before its ReLU.
        weight_stddev: Initial weights are N(0, weight_stddev^2); 0: Glorot uniform.
        precision: `float32`, or `bfloat16` for the arithmetic of the hidden layers.
        seed: Whole number that decides the initial weights.

    Returns:
        Functional model `encoder`: input `image`, outputs a dict of `y_logits` and `z`, float32.
    """
    draw = _initializers(weight_stddev, seed)
    dtype = POLICIES[precision]
    image = keras.Input(image_shape, name="image")
    hidden = layers.Flatten(name="encoder_flatten")(image)
    for depth, units in enumerate(hidden_units):
        name = f"encoder_hidden_{depth}"
        hidden = layers.Dense(units, kernel_initializer=next(draw), dtype=dtype, name=name)(hidden)
        if batch_norm:
            hidden = layers.BatchNormalization(dtype=dtype, name=f"{name}_norm")(hidden)
        hidden = layers.ReLU(dtype=dtype, name=f"{name}_relu")(hidden)
    outputs = {
        name: layers.Dense(units, kernel_initializer=next(draw), dtype="float32", name=name)(hidden)
        for name, units in (("y_logits", num_classes), ("z", latent_dim))
    }
    return keras.Model(image, outputs, name="encoder")


def build_decoder(
    image_shape,
    num_classes,
    latent_dim,
    hidden_units=HIDDEN_UNITS,
    weight_stddev=0.01,
    precision="float32",
    seed=0,
):
    """Decoder P: latent y and z to the logits of an image, whose sigmoid lies in [0, 1].

    Args: See `build_encoder`.

    Returns:
        Functional model `decoder`: inputs a dict of `y` and `z`, output a dict of `image_logits`.
    """
    draw = _initializers(weight_stddev, seed)
    y = keras.Input((num_classes,), name="y")
    z = keras.Input((latent_dim,), name="z")
    hidden = layers.Concatenate(name="decoder_code")([y, z])
    hidden = _hidden_layers(hidden, hidden_units, draw, precision, "decoder")
    pixels = layers.Dense(
        math.prod(image_shape), kernel_initializer=next(draw), dtype="float32", name="pixels"
    )(hidden)
    image_logits = layers.Reshape(image_shape, dtype="float32", name="image_logits")(pixels)
    return keras.Model({"y": y, "z": z}, {"image_logits": image_logits}, name="decoder")


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
    draw = _initializers(weight_stddev, seed)
    code = keras.Input((code_dim,), name="code")
    hidden = _hidden_layers(code, hidden_units, draw, precision, name)
    logit = layers.Dense(1, kernel_initializer=next(draw), dtype="float32", name=f"{name}_logit")
    return keras.Model(code, logit(hidden), name=name)


def call_network(network, inputs, training):
    """Call a network by the names of its inputs and outputs, whatever containers it uses.

    Args:
        network: A functional model.
        inputs: Dict of tensors by the names of its `keras.Input`s.
        training: As in any Keras call.

    Returns:
        Dict of tensors by output name.
    """
    packed = keras.tree.map_structure(lambda tensor: inputs[tensor.name], network.input)
    return _by_name(network, network(packed, training=training))


def output_shapes(network):
    """Shapes of a network's outputs by name, the batch as None."""
    return {name: tuple(out.shape) for name, out in _by_name(network, network.output).items()}


def upstream_variables(network, output_name):
    """Trainable variables that one output of a network depends on: the trunk and its own head."""
    output = _by_name(network, network.output)[output_name]
    return keras.Model(network.inputs, output).trainable_variables


def in_float32(network):
    """The same network, weights and all, computing in float32 whatever it was trained in."""
    if all(layer.compute_dtype == "float32" for layer in network.layers):
        return network
    config = network.get_config()
    for layer in config["layers"]:
        if "dtype" in layer["config"]:
            layer["config"]["dtype"] = "float32"
    twin = type(network).from_config(config)
    twin.set_weights(network.get_weights())
    return twin


def mixes_rows(network):
    """Whether a network normalises by the batch, so that a row of its output depends on others."""
    return any(
        isinstance(layer, keras.layers.BatchNormalization)
        or (isinstance(layer, keras.Model) and mixes_rows(layer))
        for layer in network.layers
    )


def check_network(role, network, inputs, outputs):
    """Refuse a network that cannot play its role.

    Args:
        role: The constructor argument it was passed as.
        network: What was passed.
        inputs, outputs: Names that it must have; None stands for any single one.

    Raises:
        TypeError: If it is no functional model.
        ValueError: If its inputs or outputs have other names.
    """
    if not isinstance(network, keras.Model) or not hasattr(network, "output_names"):
        raise TypeError(
            f"`{role}` must be a Keras functional model, as `keras.Model(inputs, outputs)` "
            f"makes it. Received: {role}={network!r}"
        )
    for kind, wanted, found in (
        ("inputs", inputs, [tensor.name for tensor in network.inputs]),
        ("outputs", outputs, list(_by_name(network, network.output))),
    ):
        if (wanted is None and len(found) != 1) or (wanted and set(found) != set(wanted)):
            expected = f"the {kind} {', '.join(wanted)}" if wanted else f"one of {kind}"
            raise ValueError(
                f"`{role}` must have {expected}. Name its `keras.Input`s, and its last layers or "
                f"the keys of its output dict, like that. Received: {kind} {', '.join(found)}"
            )


def _by_name(network, outputs):
    if isinstance(outputs, dict):
        return outputs
    return dict(zip(network.output_names, keras.tree.flatten(outputs), strict=True))


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


def _initializers(weight_stddev, seed):
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
