"""A network that reads y, once the categories of y have other numbers."""

import keras
import numpy as np

from aae_keras.networks.functional import call_network

# Codes that it is tried on, and how far it may then be off, of the largest output: bfloat16 rounds.
CODES = 64
TOLERANCE = 0.02


def renumbered(network: keras.Model, name: str, former: np.ndarray) -> bool:
    """Let a network say of renumbered categories what it said of the former ones.

    The rows of its first layer's kernel that y is multiplied with are put in the new order. Where
    these begin is not known of a network of somebody's own, so the result is tried on random codes.

    Args:
        network: Functional model. It is changed.
        name: Its input that y is the last columns of.
        former: The former number of each category, a permutation, shape (categories,).

    Returns:
        Whether that could be done; if not, the network is as it was.
    """
    layer = next((layer for layer in network.layers if layer.weights), None)
    if not isinstance(layer, keras.layers.Dense):
        return False
    kernel, categories = layer.kernel.numpy(), len(former)
    random = np.random.default_rng(0)
    codes = {
        tensor.name: random.normal(size=(CODES, *tensor.shape[1:])).astype("float32")
        for tensor in network.inputs
    }
    expected = _answer(network, codes)
    codes[name][:, -categories:] = codes[name][:, -categories:][:, former]
    errors = {}
    for before in (0, len(kernel) - categories):
        layer.kernel.assign(_reordered(kernel, before, former))
        errors[before] = np.abs(_answer(network, codes) - expected).max()
    before = min(errors, key=errors.__getitem__)
    fits = errors[before] <= TOLERANCE * np.abs(expected).max()
    layer.kernel.assign(_reordered(kernel, before, former) if fits else kernel)
    return bool(fits)


def _answer(network, codes):
    """All outputs of a network, side by side."""
    found = call_network(network, codes, training=False).values()
    return np.concatenate([np.reshape(output, (CODES, -1)) for output in found], axis=1)


def _reordered(kernel, before, former):
    rows = np.arange(len(kernel))
    rows[before : before + len(former)] = before + former
    return kernel[rows]
