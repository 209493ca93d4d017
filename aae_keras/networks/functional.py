"""Functional models by the names of their inputs and outputs: calls, shapes, checks, variables."""

from collections.abc import Collection, Mapping
from typing import Any

import keras
import numpy as np

# An argument of `check_network` that accepts any names.
ANY: Any = object()


def call_network(network: keras.Model, inputs: Mapping[str, Any], training: bool) -> dict[str, Any]:
    """Call a network by the names of its inputs and outputs.

    Its own inputs and outputs may be dicts, lists or single tensors.

    Args:
        network: A functional model.
        inputs: Dict of tensors by the names of its `keras.Input`s; other names are ignored.
        training: As in any Keras call.

    Returns:
        Dict of tensors by output name.
    """
    packed = keras.tree.map_structure(lambda tensor: inputs[tensor.name], network.input)
    return _by_name(network, network(packed, training=training))


def input_shapes(network: keras.Model) -> dict[str, tuple]:
    """The shapes of a network's inputs by name; the batch dimension is None."""
    return {tensor.name: tuple(tensor.shape) for tensor in network.inputs}


def output_shapes(network: keras.Model) -> dict[str, tuple]:
    """The shapes of a network's outputs by name; the batch dimension is None."""
    return {name: tuple(output.shape) for name, output in output_tensors(network).items()}


def output_tensors(network: keras.Model) -> dict[str, keras.KerasTensor]:
    """The symbolic outputs of a network by name."""
    return _by_name(network, network.output)


def upstream_variables(network: keras.Model, output_names: Collection[str]) -> list[keras.Variable]:
    """The trainable variables that some outputs of a network depend on: its trunk and their heads.

    Args:
        network: A functional model.
        output_names: Names of these outputs.
    """
    outputs = output_tensors(network)
    model = keras.Model(network.inputs, [outputs[name] for name in output_names])
    return model.trainable_variables


def in_float32(network: keras.Model) -> keras.Model:
    """A network that computes in float32, whatever precision the given one was trained in.

    Args:
        network: A functional model.

    Returns:
        The model itself if it computes in float32; else another of equal weights.
    """
    if all(layer.compute_dtype == "float32" for layer in all_layers(network)):
        return network
    config = network.get_config()
    _set_float32(config)
    twin = type(network).from_config(config)
    twin.set_weights(network.get_weights())
    return twin


def _set_float32(config):
    """Change the precision of every layer in a configuration, those within others too."""
    if isinstance(config, dict):
        if isinstance(own := config.get("config"), dict) and "dtype" in own:
            own["dtype"] = "float32"
        config = list(config.values())
    if isinstance(config, list | tuple):
        for part in config:
            _set_float32(part)


def all_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a network, those within other layers too."""
    return [layer for layer in network._flatten_layers() if layer is not network]


def normalises_batches(layer: keras.layers.Layer) -> bool:
    """Whether a layer computes with means over the batch, and keeps moving ones."""
    return isinstance(layer, keras.layers.BatchNormalization)


def mixes_rows(network: keras.Model) -> bool:
    """Whether a row of a network's output depends on other rows: that of one input, tried.

    Batch normalisation does so in training alone, so it is looked for by name.
    """
    if any(map(normalises_batches, all_layers(network))):
        return True
    ((name, shape),) = input_shapes(network).items()
    rows = np.random.default_rng(0).normal(size=(2, 4, *shape[1:])).astype("float32")
    rows[1, 0] = rows[0, 0]
    one, other = (
        [np.asarray(output)[0] for output in call_network(network, {name: batch}, False).values()]
        for batch in rows
    )
    return not np.allclose(one, other, rtol=1e-5, atol=1e-7)


def check_network(
    role: str,
    network: Any,
    inputs: Collection[str] | None = ANY,
    outputs: Collection[str] | None = ANY,
) -> None:
    """Refuse a network whose inputs or outputs are not those that its role needs.

    Args:
        role: Name of the constructor's argument, for the message.
        network: Value of that argument.
        inputs, outputs: Names that the network must have; None for exactly one of any name, `ANY`
            for any number of any names.

    Raises:
        TypeError: If it is no functional model.
        ValueError: If its inputs or outputs have other names, an output is bfloat16, or one that
            must be logits, as those called so and that of a discriminator must, is probabilities.
    """
    if not isinstance(network, keras.Model) or not hasattr(network, "output_names"):
        raise TypeError(
            f"`{role}` must be a Keras functional model, as `keras.Model(inputs, outputs)` "
            f"makes it. Received: {role}={network!r}"
        )
    for kind, expected, names in (
        ("inputs", inputs, [tensor.name for tensor in network.inputs]),
        ("outputs", outputs, list(output_tensors(network))),
    ):
        if expected is ANY:
            continue
        if (expected is None and len(names) != 1) or (expected and set(names) != set(expected)):
            wanted = f"the {kind} {', '.join(expected)}" if expected else f"one of {kind}"
            raise ValueError(
                f"`{role}` must have {wanted}. Name its `keras.Input`s, and its last layers or "
                f"the keys of its output dict, like that. Received: {kind} {', '.join(names)}"
            )
    for name, tensor in output_tensors(network).items():
        if tensor.dtype == "bfloat16":
            raise ValueError(
                f"`{role}` must end in float32, in which losses and answers are. Give the layers "
                f"of its outputs dtype='float32'. Received: {name} in bfloat16"
            )
        if (outputs is None or name.endswith("logits")) and (squash := _squash_of(tensor)):
            raise ValueError(
                f"`{role}` must give logits, before any softmax or sigmoid: the losses have their "
                f"own. Take the activation of its last layer away. Received: {name} of a {squash}"
            )


def _squash_of(tensor):
    """What makes probabilities of logits last, by name; None if a tensor is no probabilities."""
    made_by, call, _ = tensor._keras_history
    if isinstance(made_by, keras.layers.Reshape):
        return _squash_of(made_by._inbound_nodes[call].input_tensors[0])
    activation = getattr(made_by, "activation", None)
    name = getattr(activation, "__name__", "") or type(made_by).__name__.lower()
    return name if name in ("softmax", "sigmoid") else None


def _by_name(network, outputs):
    """The outputs of a network as a dict by their names, whatever container they come in."""
    if isinstance(outputs, dict):
        return outputs
    return dict(zip(network.output_names, keras.tree.flatten(outputs), strict=True))
