"""A Keras network as the page computes it: a list of nodes with their weights.

The page knows the layers that our builders make. A network with another layer has no such list, and
the error says which layer it is.
"""

import dataclasses

import keras
import numpy as np
from keras import layers

from aae_keras.networks import MapNormalization, output_tensors
from aae_keras.report.contents import Network, Node, Weight
from aae_keras.report.packing import pack

MISSING = -1


class UnknownLayer(Exception):
    """A layer that the page does not compute; the message names it."""


@dataclasses.dataclass(frozen=True)
class Graph:
    """A network for the page.

    Attributes:
        network: What the page reads.
        rounded: Pairs of a Keras variable and the value, rounded, that the page has for it.
    """

    network: Network
    rounded: list[tuple[keras.Variable, np.ndarray]]


def graph_of(network: keras.Model, output: str, bits: int) -> Graph:
    """Describe the part of a functional model that one of its outputs depends on.

    Variables are read as they are where this is called: within a `keras.StatelessScope` it is the
    values of the scope.

    Args:
        network: A functional model.
        output: Name of its output.
        bits: Of the weights in a kernel: 16 for floats, 2 to 8 for whole numbers with a scale;
            vectors are float32.

    Returns:
        The `Graph`.

    Raises:
        UnknownLayer: If one of these layers is none that the page computes.
    """
    needed = keras.Model(network.inputs, output_tensors(network)[output])
    nodes: list[Node] = []
    rounded: list[tuple[keras.Variable, np.ndarray]] = []
    places: dict[int, int] = {}
    for layer in needed.layers:
        inputs = [places.get(id(tensor), MISSING) for tensor in _listed(layer.input)]
        node, changed = _node(layer, tuple(inputs), bits)
        places[id(layer.output)] = len(nodes)
        nodes.append(node)
        rounded += changed
    # A layer knows the tensors of its first call alone.
    output_place = places.get(id(needed.output), MISSING)
    if MISSING in (output_place, *(place for node in nodes for place in node.inputs)):
        raise UnknownLayer("one of its layers is called more than once")
    return Graph(Network(tuple(nodes), output_place), rounded)


def _node(layer, inputs, bits):
    """The node of a layer, and the variables that it rounds."""
    kinds = [kind for kind in _DESCRIBE if type(layer) is kind]
    if not kinds or keras.config.image_data_format() != "channels_last":
        raise UnknownLayer(f"{layer.name} is a {type(layer).__name__}")
    activation = getattr(layer, "activation", None)
    if activation not in (None, keras.activations.linear, keras.activations.relu):
        raise UnknownLayer(f"{layer.name} ends in {activation.__name__}")
    kind, stride, vectors = _DESCRIBE[kinds[0]](layer)
    weights = {name: Weight(pack(value, "float32"), None) for name, value in vectors.items()}
    changed = []
    if hasattr(layer, "kernel"):
        weights["kernel"], value = _rounded(np.asarray(layer.kernel.value), bits)
        changed.append((layer.kernel, value))
    relu = activation is keras.activations.relu or isinstance(layer, layers.ReLU)
    shape = tuple(_listed(layer.output)[0].shape[1:])
    return Node(kind, layer.name, inputs, shape, relu, stride, weights), changed


def _rounded(kernel, bits):
    """A kernel as a `Weight`, and the value that the page has for it."""
    if bits == 16:
        return Weight(pack(kernel, "float16"), None), kernel.astype("float16").astype("float32")
    most = 2 ** (bits - 1) - 1  # the lowest number is left out, so that the range is symmetric
    axes = tuple(range(kernel.ndim - 1))
    scale = np.maximum(np.abs(kernel).max(axis=axes), 1e-12).astype("float32") / most
    whole = np.rint(kernel / scale).astype("int8")
    return Weight(pack(whole, "int8"), pack(scale, "float32")), whole * scale


def _nothing(layer):
    return "same", (1, 1), {}


def _input(layer):
    return "input", (1, 1), {}


def _relu(layer):
    if layer.negative_slope or layer.threshold or layer.max_value is not None:
        raise UnknownLayer(f"{layer.name} is no plain ReLU")
    return "same", (1, 1), {}


def _dense(layer):
    if len(layer.input.shape) != 2:
        raise UnknownLayer(f"{layer.name} is applied to more than a vector")
    return "dense", (1, 1), _bias(layer)


def _convolution(layer):
    return _kernel_moved("convolution", layer)


def _transposed(layer):
    if getattr(layer, "output_padding", None) is not None:
        raise UnknownLayer(f"{layer.name} pads its output")
    return _kernel_moved("transposed", layer)


def _kernel_moved(kind, layer):
    """A convolution of either direction, without what only few have."""
    if set(layer.dilation_rate) != {1} or getattr(layer, "groups", 1) != 1:
        raise UnknownLayer(f"{layer.name} is dilated or in groups")
    if layer.data_format != "channels_last" or layer.padding not in ("same", "valid"):
        raise UnknownLayer(f"{layer.name} is laid out in another way")
    return kind, tuple(layer.strides), _bias(layer)


def _bias(layer):
    return {"bias": np.asarray(layer.bias.value)} if layer.use_bias else {}


def _batch_norm(layer):
    """(x - mean) / sqrt(variance + epsilon) gamma + beta, as x scale + offset."""
    mean, variance = np.asarray(layer.moving_mean.value), np.asarray(layer.moving_variance.value)
    scale = 1 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        scale = scale * np.asarray(layer.gamma.value)
    offset = -mean * scale
    if layer.center:
        offset = offset + np.asarray(layer.beta.value)
    if layer.axis not in (-1, len(layer.input.shape) - 1):
        raise UnknownLayer(f"{layer.name} normalises another axis than the last")
    return "affine", (1, 1), {"scale": scale, "offset": offset}


def _rescaling(layer):
    width = layer.output.shape[-1]
    scale = np.broadcast_to(np.asarray(layer.scale, "float32"), width)
    return "affine", (1, 1), {"scale": scale, "offset": np.full(width, layer.offset, "float32")}


def _concatenate(layer):
    if any(len(tensor.shape) != 2 for tensor in layer.input):
        raise UnknownLayer(f"{layer.name} joins more than vectors")
    return "concatenate", (1, 1), {}


def _cropping(layer):
    (top, _), (left, _) = layer.cropping
    return "cropping", (top, left), {}


# By the class of the layer: its kind, its stride, and its weights but for the kernel.
_DESCRIBE = {
    layers.InputLayer: _input,
    layers.Flatten: _nothing,
    layers.Reshape: _nothing,
    layers.Dropout: _nothing,
    layers.GaussianNoise: _nothing,
    layers.ReLU: _relu,
    layers.Dense: _dense,
    layers.Conv2D: _convolution,
    layers.Conv2DTranspose: _transposed,
    layers.BatchNormalization: _batch_norm,
    MapNormalization: _batch_norm,
    layers.Rescaling: _rescaling,
    layers.Concatenate: _concatenate,
    layers.Cropping2D: _cropping,
}


def _listed(tensors):
    """One tensor or several, as a list."""
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]
