"""The structure of a functional model: its inputs and outputs by name, and what they need."""

import keras

# Of `check_network`: whatever names there are.
ANY = object()


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


def input_shapes(network):
    """Shapes of a network's inputs by name, the batch as None."""
    return {tensor.name: tuple(tensor.shape) for tensor in network.inputs}


def output_shapes(network):
    """Shapes of a network's outputs by name, the batch as None."""
    return {name: tuple(out.shape) for name, out in _by_name(network, network.output).items()}


def upstream_variables(network, output_names):
    """Trainable variables that some outputs of a network depend on: the trunk and their heads."""
    outputs = _by_name(network, network.output)
    model = keras.Model(network.inputs, [outputs[name] for name in output_names])
    return model.trainable_variables


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


def check_network(role, network, inputs=ANY, outputs=ANY):
    """Refuse a network that cannot play its role.

    Args:
        role: The constructor argument it was passed as.
        network: What was passed.
        inputs, outputs: Names that it must have; None stands for any single one, `ANY` for all.

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
        if wanted is ANY:
            continue
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
