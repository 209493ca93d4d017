import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from aae_keras import networks
from aae_keras.networks import renumbering
from tests.tiny import tiny_networks


@pytest.mark.parametrize("image_shape", [(8, 8, 1), (5, 7, 3)])
def test_names_and_shapes(image_shape):
    encoder = networks.build_encoder(image_shape, 10, 4, hidden_units=(8,))
    decoder = networks.build_decoder(image_shape, 10, 4, hidden_units=(8,))
    critic = networks.build_discriminator(4, hidden_units=(8,), name="discriminator_gauss")
    assert [tensor.name for tensor in encoder.inputs] == ["image"]
    code = encoder(np.zeros((2, *image_shape), "float32"))
    assert {name: tuple(t.shape) for name, t in code.items()} == {"y_logits": (2, 10), "z": (2, 4)}
    decoded = decoder({"y": np.zeros((2, 10), "float32"), "z": np.zeros((2, 4), "float32")})
    assert tuple(decoded["image_logits"].shape) == (2, *image_shape)
    assert tuple(critic(code["z"]).shape) == (2, 1)


@pytest.mark.parametrize("image_shape", [(32, 32, 3), (28, 28, 1), (7, 5, 3)])
def test_convolutional_pair_fits_any_size(image_shape):
    common = {"filters": (4, 6), "hidden_units": (8,), "batch_norm": True}
    encoder = networks.build_convolutional_encoder(image_shape, 10, 4, **common)
    decoder = networks.build_convolutional_decoder(image_shape, 10, 4, **common)
    code = encoder(np.zeros((2, *image_shape), "float32"))
    assert {name: tuple(t.shape) for name, t in code.items()} == {"y_logits": (2, 10), "z": (2, 4)}
    decoded = decoder({"y": np.zeros((2, 10), "float32"), "z": np.zeros((2, 4), "float32")})
    assert tuple(decoded["image_logits"].shape) == (2, *image_shape)
    assert all(weight.dtype == "float32" for weight in encoder.weights + decoder.weights)


def test_encoders_for_each_posterior():
    shape, common = (6, 5, 1), {"hidden_units": (8,)}
    gaussian = networks.build_encoder(shape, 0, 4, posterior="gaussian", **common)
    assert networks.output_shapes(gaussian) == {"z_mean": (None, 4), "z_log_var": (None, 4)}
    universal = networks.build_encoder(shape, 3, 4, posterior="universal", **common)
    assert networks.input_shapes(universal) == {"image": (None, *shape), "noise": (None, 4)}
    assert networks.output_shapes(universal) == {"y_logits": (None, 3), "z": (None, 4)}
    with pytest.raises(ValueError, match="`posterior` must be one of"):
        networks.build_encoder(shape, 3, 4, posterior="normal", **common)


def test_a_decoder_of_one_code_has_one_input():
    common = {"hidden_units": (8,)}
    names = [
        [tensor.name for tensor in network.inputs]
        for network in (
            networks.build_decoder((6, 5, 1), 0, 2, **common),
            networks.build_decoder((6, 5, 1), 3, 0, name="mode_decoder", **common),
            networks.build_decoder((6, 5, 1), 0, 2, latent_name="representation", **common),
        )
    ]
    assert names == [["z"], ["y"], ["representation"]]


@pytest.mark.parametrize("build", [networks.build_decoder, networks.build_convolutional_decoder])
def test_a_scaled_y_is_a_louder_y(build, random):
    options = {"hidden_units": (8,), "weight_stddev": 0.3, "seed": 5}
    plain = build((6, 5, 1), 3, 2, **options)
    louder = build((6, 5, 1), 3, 2, y_scale=3.0, **options)
    y, z = (random.random((4, dim)).astype("float32") for dim in (3, 2))
    np.testing.assert_allclose(
        louder({"y": y, "z": z})["image_logits"],
        plain({"y": 3 * y, "z": z})["image_logits"],
        rtol=1e-5, atol=1e-6,
    )  # fmt: skip
    with pytest.raises(ValueError, match="`precision` must be one of float32, bfloat16. Rec"):
        networks.build_discriminator(3, precision="float16", name="cat")
    with pytest.raises(ValueError, match="`y_scale` must be above 0"):
        build((6, 5, 1), 3, 2, y_scale=0.0, **options)


def test_the_cluster_head_is_linear(random):
    head = networks.build_cluster_head(4, 2, seed=3)
    (weights,) = head.get_weights()
    y = random.random((5, 4)).astype("float32")
    np.testing.assert_allclose(head(y)["head"], y @ weights, rtol=1e-5)
    assert weights.std() > 0.3  # apart from the start


def test_heads_are_logits_without_activation():
    parts = tiny_networks()
    heads = [
        parts["encoder"].get_layer("y_logits"),
        parts["encoder"].get_layer("z"),
        parts["decoder"].get_layer("pixels"),
        parts["discriminator_cat"].get_layer("discriminator_cat_logit"),
    ]
    assert all(head.activation is keras.activations.linear for head in heads)


def test_heads_and_weights_stay_float32_in_bfloat16():
    common = {"hidden_units": (8,), "precision": "bfloat16"}
    encoder = networks.build_encoder((6, 5, 1), 3, 2, batch_norm=True, **common)
    decoder = networks.build_decoder((6, 5, 1), 3, 2, **common)
    critic = networks.build_discriminator(2, name="d", **common)
    code = encoder(np.zeros((1, 6, 5, 1), "float32"))
    outputs = [*code.values(), *decoder({"y": code["y_logits"], "z": code["z"]}).values()]
    outputs.append(critic(code["z"]))
    assert {tensor.dtype.name for tensor in outputs} == {"float32"}
    for network, name in ((encoder, "encoder"), (decoder, "decoder"), (critic, "d")):
        assert network.get_layer(f"{name}_hidden_0").compute_dtype == "bfloat16"
        assert {weight.dtype for weight in network.weights} == {"float32"}


def test_discriminators_have_no_batch_normalisation():
    for role in ("discriminator_cat", "discriminator_gauss"):
        kinds = {type(layer).__name__ for layer in tiny_networks(batch_norm=True)[role].layers}
        assert kinds == {"InputLayer", "Dense"}


def test_batch_normalisation_stands_before_each_relu_of_the_encoder():
    kinds = [type(layer).__name__ for layer in tiny_networks(batch_norm=True)["encoder"].layers]
    assert kinds[2:5] == ["Dense", "BatchNormalization", "ReLU"] == kinds[5:8]


@pytest.mark.parametrize(("dtype", "rounding"), [("float32", 2e-6), ("mixed_bfloat16", 2e-2)])
def test_maps_are_normalised_as_keras_does(random, dtype, rounding):
    """Values, gradients and moving statistics; and the weights of either are those of the other."""
    maps = tf.constant(random.normal(3, 2, (5, 4, 3, 6)), "float32")
    weights = tf.constant(random.normal(size=maps.shape), "float32")
    found = []
    for kind in (keras.layers.BatchNormalization, networks.MapNormalization):
        layer = kind(momentum=0.9, dtype=dtype)
        layer.build(maps.shape)
        layer.set_weights([np.linspace(0.5, 2, 6) + shift for shift in range(4)])
        with tf.GradientTape() as tape:
            tape.watch(maps)
            normalised = tf.cast(layer(maps, training=True), "float32")
            loss = tf.reduce_sum(weights * normalised)
        values = [normalised, *tape.gradient(loss, [maps, *layer.trainable_weights])]
        applied = tf.cast(layer(maps), "float32")
        found.append([np.asarray(value) for value in (*values, applied, *layer.weights)])
    for theirs, ours in zip(*found, strict=True):
        near = rounding * np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=rounding, atol=near)


@pytest.mark.parametrize("options", [{"axis": 1}, {"scale": False}, {"center": False}])
def test_what_the_kernel_cannot_do_keras_does(random, options):
    maps = tf.constant(random.normal(3, 2, (5, 4, 3, 6)), "float32")
    theirs, ours = (
        kind(**options)(maps, training=True)
        for kind in (keras.layers.BatchNormalization, networks.MapNormalization)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_a_network_that_mixes_rows_is_found_out():
    @keras.saving.register_keras_serializable(package="tests")
    class Spread(keras.layers.Layer):
        """What minibatch discrimination adds: how far the rows of a batch lie apart."""

        def call(self, x):
            spread = tf.reduce_mean(tf.math.reduce_std(x, axis=0))
            return tf.concat([x, tf.fill([tf.shape(x)[0], 1], spread)], axis=1)

    code = keras.Input((3,), name="code")
    hidden = keras.layers.Dense(8, activation="relu")(code)
    rows = keras.Model(code, keras.layers.Dense(1)(keras.layers.Dropout(0.5)(hidden)))
    mixed = keras.Model(code, keras.layers.Dense(1)(Spread()(hidden)))
    of_operations = keras.Model(code, keras.layers.Dense(1)(hidden - keras.ops.mean(hidden, 0)))
    normal = keras.Model(code, keras.layers.Dense(1)(keras.layers.BatchNormalization()(hidden)))
    found = [networks.mixes_rows(n) for n in (rows, mixed, of_operations, normal)]
    assert found == [False, True, True, True]


def test_convolutions_are_normalised_fast_and_a_network_of_before_is_read(random):
    encoder = networks.build_convolutional_encoder(
        (8, 8, 3), 3, 2, filters=(4,), hidden_units=(5,), batch_norm=True
    )
    kinds = [type(layer).__name__ for layer in encoder.layers]
    assert kinds[2] == "MapNormalization" and kinds.count("BatchNormalization") == 3
    config = encoder.get_config()
    before = config | {"layers": [dict(layer) for layer in config["layers"]]}
    before["layers"][2] |= {
        "module": "keras.layers", "class_name": "BatchNormalization", "registered_name": None,
    }  # fmt: skip
    images = random.random((6, 8, 8, 3)).astype("float32")
    for twin in map(keras.Model.from_config, (config, before)):
        twin.set_weights(encoder.get_weights())
        np.testing.assert_array_equal(twin(images)["y_logits"], encoder(images)["y_logits"])


def test_batch_normalisation_normalises_latent_y_and_z(random):
    """Over a batch each category's logit has mean 0 and spread 1, whatever the weights."""
    images = random.random((64, 6, 5, 1)).astype("float32")
    common = {"hidden_units": (8,), "batch_norm": True, "weight_stddev": 0.3}
    code = networks.build_encoder((6, 5, 1), 3, 2, **common)(images, training=True)
    for output in code.values():
        np.testing.assert_allclose(np.mean(output, axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(np.std(output, axis=0), 1, rtol=0.02)
    gaussian = networks.build_encoder((6, 5, 1), 3, 2, posterior="gaussian", **common)
    code = gaussian(images, training=True)
    np.testing.assert_allclose(np.std(code["z_mean"], axis=0), 1, rtol=0.02)
    # a spread of log variances of 1 would be a choice of nobody's
    assert (np.std(code["z_log_var"], axis=0) < 0.9).all()


def test_outside_training_a_short_run_is_normalised_alike(random):
    """After 100 steps the moving statistics are the batch's, however small its variance."""
    images = random.random((64, 6, 5, 1)).astype("float32")
    encoder = networks.build_encoder((6, 5, 1), 3, 2, hidden_units=(8, 8), batch_norm=True)
    for _ in range(100):
        trained = encoder(images, training=True)
    applied = encoder(images)
    for name in trained:
        np.testing.assert_allclose(applied[name], trained[name], atol=0.05)


def test_initial_weights_follow_stddev_and_seed():
    encoder = networks.build_encoder((28, 28, 1), 10, 4, hidden_units=(300, 300), seed=5)
    first = encoder.get_layer("encoder_hidden_0").get_weights()[0]
    assert abs(first.std() / 0.01 - 1) < 0.01
    same = networks.build_encoder((28, 28, 1), 10, 4, hidden_units=(300, 300), seed=5)
    np.testing.assert_array_equal(first, same.get_layer("encoder_hidden_0").get_weights()[0])
    other = networks.build_encoder((28, 28, 1), 10, 4, hidden_units=(300, 300), seed=6)
    assert np.abs(first - other.get_layer("encoder_hidden_0").get_weights()[0]).max() > 0
    # layers of one shape within a network differ too
    square = networks.build_discriminator(300, hidden_units=(300, 300), name="d").get_weights()
    assert np.abs(square[0] - square[2]).max() > 0


def test_zero_stddev_is_glorot():
    encoder = networks.build_encoder((8, 8, 1), 10, 4, hidden_units=(32,), weight_stddev=0)
    kernel = encoder.get_layer("encoder_hidden_0").get_weights()[0]
    limit = np.sqrt(6 / (64 + 32))
    assert 0.95 * limit < np.abs(kernel).max() <= limit


def test_layer_names_are_unique_across_the_networks():
    names = [
        layer.name
        for network in tiny_networks().values()
        for layer in network.layers
        if layer.weights
    ]
    assert len(names) == len(set(names))


def test_configuration_round_trip_keeps_outputs():
    for network in tiny_networks(batch_norm=True).values():
        rebuilt = keras.Model.from_config(network.get_config())
        rebuilt.set_weights(network.get_weights())
        inputs = {t.name: np.ones((2, *t.shape[1:]), "float32") for t in network.inputs}
        first = networks.call_network(network, inputs, training=False)
        second = networks.call_network(rebuilt, inputs, training=False)
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])


def test_networks_may_use_lists_and_single_tensors():
    z, y = keras.Input((2,), name="z"), keras.Input((3,), name="y")
    both = keras.layers.Concatenate()([z, 10 * y])
    image_logits = keras.layers.Reshape((5, 1, 1), name="image_logits")(both)
    decoder = keras.Model([z, y], image_logits)  # not in alphabetical order
    networks.check_network("decoder", decoder, ["y", "z"], ["image_logits"])
    inputs = {"y": np.ones((1, 3), "float32"), "z": np.zeros((1, 2), "float32")}
    outputs = networks.call_network(decoder, inputs, training=False)
    np.testing.assert_array_equal(outputs["image_logits"][0, :, 0, 0], [0, 0, 10, 10, 10])


@pytest.mark.parametrize(
    "inputs, outputs, message",
    [
        (["picture"], ["y_logits", "z"], "the inputs picture.*Received: inputs image"),
        (["image"], ["y", "z"], "the outputs y, z.*Received: outputs y_logits, z"),
        (None, None, "one of outputs.*Received: outputs y_logits, z"),
    ],
)
def test_networks_that_cannot_play_their_role_are_refused(inputs, outputs, message):
    with pytest.raises(ValueError, match=f"`encoder` must have {message}"):
        networks.check_network("encoder", tiny_networks()["encoder"], inputs, outputs)


@pytest.mark.parametrize(
    "last",
    [
        lambda tensor: keras.layers.Dense(3, activation="softmax")(tensor),
        lambda tensor: keras.layers.Reshape((3,))(keras.layers.Activation("sigmoid")(tensor)),
        lambda tensor: keras.layers.Softmax()(tensor),
        lambda tensor: keras.ops.softmax(tensor),
    ],
)
def test_probabilities_are_no_logits(last):
    """The losses have a softmax of their own: a second one leaves y no surer than e to 1."""
    image = keras.Input((3,), name="image")
    encoder = keras.Model(image, {"y_logits": last(image), "z": keras.layers.Dense(2)(image)})
    with pytest.raises(ValueError, match="`encoder` must give logits.*y_logits of a s"):
        networks.check_network("encoder", encoder, ["image"], ["y_logits", "z"])
    with pytest.raises(ValueError, match="`discriminator_cat` must give logits"):
        networks.check_network("discriminator_cat", keras.Model(image, last(image)), None, None)


def test_something_else_than_a_functional_model_is_refused():
    with pytest.raises(TypeError, match="`encoder` must be a Keras functional model"):
        networks.check_network("encoder", keras.layers.Dense(3), ["image"], ["z"])


def test_upstream_variables_leave_the_other_head_alone():
    encoder = tiny_networks()["encoder"]
    names = {v.path.split("/")[0] for v in networks.upstream_variables(encoder, ["y_logits"])}
    assert names == {"encoder_hidden_0", "encoder_hidden_1", "y_logits"}


def test_a_network_of_ones_own_is_renumbered_wherever_it_takes_y():
    y, z = keras.Input((3,), name="y"), keras.Input((2,), name="z")
    code = layers.Concatenate()([z, layers.Rescaling(2.0)(y)])
    network = keras.Model({"y": y, "z": z}, {"out": layers.Dense(4, activation="relu")(code)})
    former = np.array([2, 0, 1])
    random = np.random.default_rng(1)
    codes = {"y": random.normal(size=(5, 3)), "z": random.normal(size=(5, 2))}
    before = networks.call_network(network, codes, training=False)["out"]
    assert renumbering.renumbered(network, "y", former)
    codes["y"] = codes["y"][:, former]
    after = networks.call_network(network, codes, training=False)["out"]
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_a_network_whose_first_layer_mixes_y_with_itself_stays_as_it_is():
    y = keras.Input((3,), name="y")
    convolved = keras.Model({"y": y}, {"out": layers.Conv1D(2, 2)(layers.Reshape((3, 1))(y))})
    squared = layers.Dense(3)(layers.Multiply()([y, layers.Rescaling(1.0, offset=[0, 1, 2])(y)]))
    for network in (convolved, keras.Model({"y": y}, {"out": squared})):
        before = network.get_weights()
        assert not renumbering.renumbered(network, "y", np.array([2, 0, 1]))
        for weight, former in zip(network.get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, former)


def test_a_network_within_a_network_computes_in_float32_too(random):
    inner = keras.Input((4,))
    within = keras.Model(inner, keras.layers.Dense(3, dtype="mixed_bfloat16")(inner))
    outer = keras.Input((4,), name="x")
    network = keras.Model(outer, {"out": keras.layers.Dense(2)(within(outer))})
    twin = networks.in_float32(network)
    assert {layer.compute_dtype for layer in networks.all_layers(twin)} == {"float32"}
    x = random.normal(size=(5, 4)).astype("float32")
    (first, (kernel, bias)) = network.get_weights()[:2], network.get_weights()[2:]
    np.testing.assert_allclose(twin(x)["out"], (x @ first[0] + first[1]) @ kernel + bias, rtol=1e-5)
