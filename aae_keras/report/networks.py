"""The run's own networks in the page, as exact as there is room for."""

import dataclasses
import json
from typing import Any

import keras
import numpy as np
from scipy.special import expit

from aae_keras.images import to_unit_range
from aae_keras.models import AdversarialModel
from aae_keras.models.inference import encode, in_batches
from aae_keras.networks import call_network, input_shapes
from aae_keras.report.contents import Networks
from aae_keras.report.graphs import Graph, UnknownLayer, graph_of

# Characters that both networks may take in the page, which is to stay below 5 MB with its images.
MOST_CHARACTERS = 4_200_000
# Bits of a weight, as `graph_of` takes them; the first that fits is taken.
PRECISIONS = (16, 8, 7)
# Held-out images on which the page's networks are compared with the model's.
COMPARED = 200
# By name of the network: its output in the page.
OUTPUTS = {"encoder": "y_logits", "decoder": "image_logits"}


def networks_of(model: AdversarialModel, images: np.ndarray, with_encoder: bool = True) -> Networks:
    """Put decoder and encoder into the page, or say why one is not there.

    Args:
        model: A model of this project.
        images: Held-out images to compare with the model on, uint8, shape (n, height, width,
            channels); n may be 0.
        with_encoder: Whether the page has use for the encoder.
    """
    notes = {
        "decoder": "This setting has no decoder.",
        "encoder": "The encoder of this setting finds no label.",
    }
    wanted = [name for name in OUTPUTS if hasattr(model, name)]
    if not (with_encoder and model.latent_y.is_encoded):
        wanted.remove("encoder")
    if not with_encoder:
        notes["encoder"] = "The page has no use for the encoder."
    graphs, bits = _fitting(model, wanted, notes)
    for name, graph in graphs.items():
        notes[name] = f"Computed in this page by the run's own {name}, its weights in {bits} bits."
        if len(images):
            notes[name] += " " + _agreement(model, name, graph, images[:COMPARED])
    found = {name: graphs[name].network if name in graphs else None for name in OUTPUTS}
    return Networks(found["decoder"], found["encoder"], notes["decoder"], notes["encoder"])


def _fitting(model, wanted, notes):
    """Those networks that the page can compute and has room for, by name, and the bits of a weight.

    What stands in the way of another is written into `notes`.
    """
    graphs = {}
    while wanted:
        for bits in PRECISIONS:
            graphs = {}
            for name in wanted:
                try:
                    graphs[name] = graph(model, name, bits)
                except UnknownLayer as error:
                    notes[name] = f"This page cannot compute the run's {name}: {error}."
                    wanted = [other for other in wanted if other != name]
            if _characters(graphs) <= MOST_CHARACTERS:
                return graphs, bits
        # The encoder first: most of what the page draws lives on the decoder.
        notes[wanted[0]] = f"The run's {wanted[0]} is too large for a page."
        wanted = wanted[1:]
    return {}, 0


def graph(model: AdversarialModel, name: str, bits: int) -> Graph:
    """A network of a model, with the weights that it has outside training.

    Args:
        model: A model of this project.
        name: One of `OUTPUTS`.
        bits: One of `PRECISIONS`.

    Raises:
        UnknownLayer: If it has a layer that the page does not compute.
    """
    with model.average.in_place():
        return graph_of(getattr(model, name), OUTPUTS[name], bits)


def _characters(graphs):
    return sum(len(json.dumps(dataclasses.asdict(graph.network))) for graph in graphs.values())


def _agreement(model, name, graph, images):
    """A sentence on how well a network with rounded weights does what the model's own does."""
    network, output = getattr(model, name), OUTPUTS[name]
    inputs = _inputs(model, network, images)

    def outputs_of(batch: dict[str, Any]) -> dict[str, Any]:
        return {output: call_network(network, batch, training=False)[output]}

    with model.average.in_place():
        exact = in_batches(outputs_of, inputs)[output]
        weights = [(weight, np.asarray(weight.value)) for weight in network.variables]
    with keras.StatelessScope([*weights, *graph.rounded]):
        rounded = in_batches(outputs_of, inputs)[output]
    largest = float(np.abs(exact - rounded).max())
    count = len(exact)
    if name == "decoder":
        grey = 255 * float(np.abs(expit(exact) - expit(rounded)).max())
        return f"On {count} held-out images it differs by at most {grey:.2g} of 255 grey levels."
    same = int((exact.argmax(axis=1) == rounded.argmax(axis=1)).sum())
    return (
        f"On {count} held-out images {same} labels are those of the model, and logits differ by at "
        f"most {largest:.2g}."
    )


def _inputs(model, network, images):
    """What a network takes for some images, by name; a code that nobody gives is zero."""
    known = {"image": to_unit_range(images), **encode(model, images)}
    return {
        name: known[name] if name in known else np.zeros((len(images), *shape[1:]), "float32")
        for name, shape in input_shapes(network).items()
    }
