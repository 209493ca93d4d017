"""The run's networks as the page computes them, against Keras."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from keras import layers

from aae_keras import networks as builders
from aae_keras.networks import call_network, input_shapes, output_shapes
from aae_keras.report import networks
from aae_keras.report.graphs import UnknownLayer, graph_of
from tests import tiny
from tests.report.node import run_tests
from tests.report.packed import unpack

ROWS = 4


def grown(network):
    """A network with every weight, statistics of batch normalisation too, away from its start."""
    random = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(weight.value + np.abs(random.normal(0, 0.2, weight.shape)))
    return network


def functional(outputs_of, shape=(4,)):
    image = keras.Input(shape, name="image")
    return keras.Model(image, {"out": outputs_of(image)})


def convolutional(kind, shape, **options):
    build = getattr(builders, f"build_convolutional_{kind}")
    sizes = {"filters": (3, 4), "hidden_units": (5,), "weight_stddev": 0.3}
    return build(shape, 3, 2, **sizes, **options)


def shared(image):
    dense = layers.Dense(4)
    return dense(dense(image))


# Everything that our builders make, by what is special about it: the network and its output.
NETWORKS = {
    "dense encoder": lambda: (tiny.encoder(3), "y_logits"),
    "batch normalisation": lambda: (tiny.encoder(3, batch_norm=True), "y_logits"),
    "two trunks": lambda: (tiny.encoder(3, batch_norm=True, trunks=2), "y_logits"),
    "Gaussian posterior": lambda: (tiny.encoder(3, posterior="gaussian"), "y_logits"),
    "universal posterior": lambda: (tiny.encoder(3, posterior="universal"), "y_logits"),
    "dense decoder": lambda: (tiny.decoder(3), "image_logits"),
    "scaled y": lambda: (tiny.decoder(3, y_scale=3.0), "image_logits"),
    "decoder of z alone": lambda: (tiny.decoder(0), "image_logits"),
    "convolutional encoder": lambda: (convolutional("encoder", (9, 7, 3)), "y_logits"),
    "the same, normalised": lambda: (
        convolutional("encoder", (8, 8, 1), batch_norm=True), "y_logits"
    ),
    "convolutional decoder, cropped": lambda: (
        convolutional("decoder", (9, 7, 3), batch_norm=True), "image_logits"
    ),
    "convolutional decoder": lambda: (convolutional("decoder", (8, 8, 1)), "image_logits"),
    "unpadded convolutions": lambda: (
        functional(
            lambda image: layers.Conv2DTranspose(2, (3, 2), (2, 3), padding="valid")(
                layers.Conv2D(3, (3, 2), (2, 1), padding="valid", activation="relu")(image)
            ),
            (7, 6, 2),
        ),
        "out",
    ),
}  # fmt: skip


def case(name):
    """A network for Node, with inputs and Keras's outputs."""
    network, output = NETWORKS[name]()
    grown(network)
    graph = graph_of(network, output, 16)
    random = np.random.default_rng(1)
    inputs = {
        key: random.normal(size=(ROWS, *shape[1:])).astype("float32")
        for key, shape in input_shapes(network).items()
    }
    with keras.StatelessScope(graph.rounded):
        outputs = np.asarray(call_network(network, inputs, training=False)[output])
    asked = {node.name for node in graph.network.nodes if node.kind == "input"}
    return {
        "name": name,
        "network": dataclasses.asdict(graph.network),
        "inputs": {key: rows.reshape(ROWS, -1).tolist() for key, rows in inputs.items()}
        | {key: inputs[key].reshape(ROWS, -1).tolist() for key in asked},
        "outputs": outputs.reshape(ROWS, -1).tolist(),
        # Sums of at most some hundred float32 products, in another order.
        "atol": 1e-5 * max(1.0, float(np.abs(outputs).max())),
    }


def test_the_page_computes_what_keras_computes(tmp_path):
    cases = [case(name) for name in NETWORKS]
    (tmp_path / "networks.json").write_text(json.dumps(cases))
    said = run_tests("network", AAE_REPORT_NETWORKS=tmp_path / "networks.json")
    assert all(f"ok {rank} - {name}" in said for rank, name in enumerate(NETWORKS, 1))


@pytest.mark.parametrize(
    "build, said",
    [
        (lambda image: layers.LayerNormalization(name="norm")(image), "norm is a LayerNorm"),
        (lambda image: layers.Dense(3, activation="gelu", name="d")(image), "d ends in gelu"),
        (lambda image: layers.ReLU(max_value=6, name="six")(image), "six is no plain ReLU"),
        (lambda image: shared(image), "layers is called more than once"),
    ],
)
def test_a_layer_that_the_page_does_not_know_is_named(build, said):
    with pytest.raises(UnknownLayer, match=said):
        graph_of(functional(build), "out", 16)


def test_only_what_the_output_depends_on_is_there():
    graph = graph_of(tiny.encoder(3, trunks=2), "y_logits", 16)
    assert not [node.name for node in graph.network.nodes if node.name.startswith("encoder_z")]
    assert graph.network.nodes[graph.network.output].name == "y_logits"


def test_eight_bits_round_to_half_a_step():
    network = tiny.decoder(3)
    graph = graph_of(network, "image_logits", 8)
    for weight, rounded in graph.rounded:
        kernel = np.asarray(weight.value)
        # 127 steps to the largest weight of each column.
        step = np.abs(kernel).max(axis=0) / 127
        assert (np.abs(kernel - rounded) <= step * 0.500001).all()
    node = graph.network.nodes[-2]
    kernel = node.weights["kernel"]
    found = unpack(kernel.values) * unpack(kernel.scale)
    np.testing.assert_array_equal(found, graph.rounded[-1][1])


def test_the_averaged_weights_are_those_of_the_page(images):
    model = tiny.tiny_model(encoder_average=0.5)
    for variable, average in model.average.pairs:
        average.assign(variable.value + 1)
    found = networks.graph(model, "encoder", 16)
    (first, *_) = found.rounded
    assert np.allclose(first[1], np.asarray(first[0].value) + 1, atol=2e-3)
    # The note compares the page's networks with what the model itself answers.
    note = networks.networks_of(model, images).encoder_note
    assert "60 labels are those of the model" in note


def test_settings_without_a_part_say_so(images):
    made = networks.networks_of(tiny.basic(), images)
    assert made.encoder is None and made.decoder is not None
    assert "finds no label" in made.encoder_note
    assert "On 60 held-out images it differs by at most" in made.decoder_note
    assert networks.networks_of(tiny.basic(), images[:0]).decoder_note.endswith(
        "weights in 16 bits."
    )


def test_networks_that_are_too_large_are_rounded_more_then_left_out(images, monkeypatch):
    model = tiny.tiny_model()
    sizes = [
        len(json.dumps(dataclasses.asdict(networks.graph(model, name, bits).network)))
        for bits in (16, 8)
        for name in networks.OUTPUTS
    ]
    half, eight = sum(sizes[:2]), sum(sizes[2:])
    assert eight < half
    monkeypatch.setattr(networks, "MOST_CHARACTERS", half - 1)
    made = networks.networks_of(model, images)
    assert made.decoder and made.encoder and "weights in 8 bits" in made.decoder_note
    monkeypatch.setattr(networks, "PRECISIONS", (16, 8))
    monkeypatch.setattr(networks, "MOST_CHARACTERS", eight - 1)
    made = networks.networks_of(model, images)
    assert made.decoder and made.encoder is None
    assert made.encoder_note == "The run's encoder is too large for a page."
    monkeypatch.setattr(networks, "MOST_CHARACTERS", 10)
    made = networks.networks_of(model, images)
    assert made.decoder is made.encoder is None


def test_a_network_with_an_unknown_layer_leaves_the_other_one(images):
    parts = tiny.tiny_networks()
    image = parts["encoder"].inputs[0]
    outputs = parts["encoder"](image)
    parts["encoder"] = keras.Model(
        image, {name: outputs[name] for name in output_shapes(parts["encoder"])}
    )
    made = networks.networks_of(tiny.tiny_model(parts), images)
    assert made.encoder is None and made.decoder is not None
    assert "cannot compute the run's encoder" in made.encoder_note
