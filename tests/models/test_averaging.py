"""The running average of the encoder: what it is, where it is used, and what it leaves alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aae_keras import models
from aae_keras.deployment import prediction
from aae_keras.deployment.export import saved_model
from aae_keras.deployment.export.signatures import Signatures
from aae_keras.experiment.building import factory
from aae_keras.models import averaging
from aae_keras.models.averaging import RunningAverage
from tests.tiny import encoder, tiny_model, tiny_networks


def fitted(element, steps=6, **changes):
    model = tiny_model(**changes)
    model.compile(jit_compile=False)
    weights = []
    own = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: weights.append(model.encoder.get_weights())
    )
    model.fit(tf.data.Dataset.from_tensors(element).repeat(steps), callbacks=[own], verbose=0)
    return model, weights


def test_the_average_is_the_recursion_written_out(element):
    model, weights = fitted(element, encoder_average=0.6)
    expected = tiny_model(encoder_average=0.6).encoder.get_weights()
    for step, new in enumerate(weights, start=1):
        decay = min(0.6, (1 + step) / (10 + step))
        expected = [decay * old + (1 - decay) * w for old, w in zip(expected, new, strict=True)]
    for (_, average), value in zip(model.average.pairs, expected, strict=True):
        np.testing.assert_allclose(average.numpy(), value, rtol=1e-5, atol=1e-7)


def test_it_is_used_outside_training_alone_and_changes_no_training(element, images):
    model, _ = fitted(element, encoder_average=0.9)
    plain, _ = fitted(element)
    for ours, theirs in zip(model.encoder.get_weights(), plain.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    x = tf.constant(images / np.float32(255))
    np.testing.assert_array_equal(model.encode(x, True)["z"], plain.encode(x, True)["z"])
    averaged = model.encode(x)
    assert np.any(averaged["z"] != plain.encode(x)["z"])
    for variable, average in model.average.pairs:
        variable.assign(average)
    np.testing.assert_allclose(averaged["z"], model.encode(x, True)["z"], rtol=1e-5, atol=1e-6)
    assert not plain.average.pairs and len(plain.weights) < len(model.weights)


def test_evaluation_prediction_and_a_saved_model_use_it(element, images, labels, tmp_path):
    model, _ = fitted(element, encoder_average=0.9)
    x = tf.constant(images / np.float32(255))
    expected = model.encode(x)["y"].numpy()
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, rtol=1e-5)
    scores = model.evaluate(images, labels, verbose=0, return_dict=True)
    assert scores["error_rate"] == pytest.approx(np.mean(expected.argmax(1) != labels))
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    assert again.encoder_average == 0.9
    np.testing.assert_array_equal(again.encode(x)["y"], expected)
    for trained in (model, again):  # and goes on alike
        trained.fit(tf.data.Dataset.from_tensors(element).repeat(2), verbose=0)
    np.testing.assert_array_equal(again.encode(x)["y"], model.encode(x)["y"])


def test_an_export_holds_the_averaged_weights_and_those_alone(element, images, tmp_path):
    model, _ = fitted(element, encoder_average=0.9)
    saved_model.write_saved_model(Signatures(model, ["a", "b", "c"]), tmp_path / "1")
    found = prediction.SavedModelPredictor(tmp_path / "1").predict(images / np.float32(255))
    expected = model.encode(tf.constant(images / np.float32(255)))["y"]
    np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-5)
    values = tf.train.list_variables(str(tmp_path / "1" / "variables" / "variables"))
    sizes = sum(np.prod(shape) for name, shape in values if ".OPTIMIZER" not in name and shape)
    assert sizes <= 1.05 * sum(np.prod(v.shape) for v in model.encoder.weights)


def test_a_decay_of_zero_keeps_nothing_and_one_is_refused(model):
    assert RunningAverage(model, model.encoder, 0.0).pairs == []
    for decay in (-0.1, 1.0):
        with pytest.raises(ValueError, match=r"`encoder_average` must lie in \[0, 1\)"):
            tiny_model(encoder_average=decay)


def test_the_configuration_sets_it(small):
    import dataclasses

    config = dataclasses.replace(small, encoder_average=0.5)
    assert factory.build_model(config, factory.load_data(config)).encoder_average == 0.5


def test_statistics_of_batch_normalisation_are_those_of_the_averaged_network(element, images):
    """With a rate of 0 the weights stand still: the measured statistics become the batch's own."""
    parts = tiny_networks()
    parts["encoder"] = encoder(3, batch_norm=True, batch_norm_heads=False)
    model = tiny_model(parts, encoder_average=0.9, input_noise=2.0)
    for variable in model.encoder.non_trainable_variables:
        variable.assign(tf.fill(variable.shape, 7.0))
    model.average.restart()
    model.compile(*(keras.optimizers.SGD(1e-9) for _ in range(4)), jit_compile=False)
    steps = averaging.SETTLED_AFTER + 20 * averaging.MEASURE_EVERY  # 0.9^120 of what was there
    data = tf.data.Dataset.from_tensors(element).repeat(steps)
    model.fit(data, verbose=0)
    x = tf.constant(images[:40] / np.float32(255))  # clean, though training saw noise
    hidden = model.encoder.get_layer("encoder_hidden_0")(keras.layers.Flatten()(x)).numpy()
    mean = next(t for v, t in model.average.statistics if "hidden_0" in v.path and "mean" in v.name)
    variance = next(
        t for v, t in model.average.statistics if "hidden_0" in v.path and "variance" in v.name
    )
    assert len(model.average.statistics) == 4  # of two layers, y and z have none
    np.testing.assert_allclose(mean, hidden.mean(axis=0), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(variance, hidden.var(axis=0), rtol=1e-3, atol=1e-4)
    noisy = model.encoder.get_layer("encoder_hidden_0_norm").moving_variance.numpy()
    assert np.all(
        noisy > 1.5 * variance.numpy()
    )  # its own statistics are of what it was trained on
    # In training mode the batch's own statistics count: the same here.
    with model.average.in_place():
        own = model.encoder(x, training=True)["y_logits"]
    np.testing.assert_allclose(model.encode(x)["y_logits"], own, rtol=2e-2, atol=1e-3)


def normalised_model():
    parts = tiny_networks()
    parts["encoder"] = encoder(3, batch_norm=True)
    return tiny_model(parts, encoder_average=0.5)


@pytest.mark.parametrize(
    "frozen", [(True, False), pytest.param((False, True), marks=pytest.mark.exhaustive)]
)
def test_layers_frozen_or_thawed_between_fits_are_saved_and_averaged(
    frozen, element, images, tmp_path
):
    """What is trainable when a file is read is not what was when its model was built."""
    parts = tiny_networks()
    parts["encoder"] = encoder(3, batch_norm=True)
    parts["encoder"].get_layer("encoder_hidden_0").trainable = not frozen[0]
    parts["encoder"].get_layer("encoder_hidden_0_norm").trainable = not frozen[0]
    model = tiny_model(parts, encoder_average=0.5)
    for is_frozen in frozen:
        for name in ("encoder_hidden_0", "encoder_hidden_0_norm"):
            model.encoder.get_layer(name).trainable = not is_frozen
        model.compile(jit_compile=False)
        model.fit(tf.data.Dataset.from_tensors(element).repeat(3), verbose=0)
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    x = images / np.float32(255)
    np.testing.assert_array_equal(again.encode(x)["y"], model.encode(x)["y"])
    averaged = {id(variable) for variable, _ in model.average.pairs}
    assert len(averaged) == 2 * 4 + 2 * 4  # kernel, bias, gamma, beta of two layers and two heads
    assert averaged <= {id(variable) for variable in model.encoder.weights}


def test_statistics_of_the_first_steps_are_of_every_step(element):
    """A tenth of each batch: or what they began with would last five times as long."""
    model = normalised_model()
    for variable, _ in model.average.statistics:
        variable.assign(tf.fill(variable.shape, 1e6))
    model.average.restart()
    model.compile(jit_compile=False)
    model.fit(tf.data.Dataset.from_tensors(element).repeat(20), verbose=0)
    for _, twin in model.average.statistics:
        np.testing.assert_allclose(twin, 0.9**20 * 1e6, rtol=1e-3)
