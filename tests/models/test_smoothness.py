"""Smoothness against models whose y of a changed image is known in closed form."""

import re

import keras
import numpy as np
import pytest
import scipy.ndimage
import scipy.special
import scipy.stats
import tensorflow as tf

from aae_keras import models
from aae_keras.data import from_arrays
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.config import Config
from aae_keras.models import Forward, Shift, VirtualAdversarial
from aae_keras.models.terms.smoothness import shifted, unit
from tests.tiny import IMAGE_SHAPE, SETTINGS, encoder, tiny_model, tiny_networks


def linear_encoder(classes, kernel, shape=IMAGE_SHAPE):
    """y_logits = W x: the divergence grows along W's rows alone."""
    image = keras.Input(shape, name="image")
    flat = keras.layers.Flatten()(image)
    head = keras.layers.Dense(classes, use_bias=False, name="y_logits")
    outputs = {"y_logits": head(flat), "z": keras.layers.Dense(2, name="z")(flat)}
    network = keras.Model(image, outputs)
    head.set_weights([kernel])
    return network


def model_of(network, categories, *terms, **kwargs):
    parts = tiny_networks(categories=categories) | {"encoder": network}
    model = tiny_model(
        parts, categories=categories, extra_terms=terms, **{"input_noise": 0.0, **kwargs}
    )
    model.compile(schedule="simultaneous", jit_compile=False)
    return model


def batch_for(model, element, distances=None):
    inputs, labels = element
    inputs = inputs if distances is None else inputs | {"distances": distances}
    return model.make_batch(tf.nest.map_structure(tf.constant, (inputs, labels)))


@pytest.mark.parametrize("shape", [IMAGE_SHAPE, (30,)])
@pytest.mark.parametrize("relative", [True, False])
def test_of_a_linear_encoder_of_two_classes_the_worst_change_is_along_its_weights(
    element, random, relative, shape
):
    """Two classes: the logit l = (w1 - w0) x decides, and r = +-radius (w1 - w0) / |w1 - w0|."""
    kernel = random.normal(size=(30, 2)).astype("float32") * 0.2
    term = VirtualAdversarial(radius=0.7, relative=relative, xi=1e-2)
    model = model_of(linear_encoder(2, kernel, shape), 2, term)
    element = element[0], element[1] % 2
    distances = random.uniform(0.5, 2, 40).astype("float32")
    batch = batch_for(model, element, distances if relative else None)
    found = term.loss(Forward(model, batch, training=True)).numpy()
    x = batch.images.numpy().reshape(40, 30)
    logits = x @ kernel
    step = np.linalg.norm(kernel[:, 1] - kernel[:, 0]) * 0.7 * (distances if relative else 1)
    margin = logits[:, 1] - logits[:, 0]
    p = np.stack([scipy.special.expit(-margin), scipy.special.expit(margin)], axis=1)
    candidates = []
    for sign in (1, -1):
        moved = margin + sign * step
        q = np.stack([scipy.special.expit(-moved), scipy.special.expit(moved)], axis=1)
        candidates.append(scipy.stats.entropy(p, q, axis=1))
    # The gradient at a random point gives the line; its sign is the draw's.
    nearest = np.min([abs(found - c) for c in candidates], axis=0)
    np.testing.assert_allclose(nearest, 0, atol=2e-4)
    assert {bool(d) for d in abs(found - candidates[0]) < 1e-3} == {True, False}


def test_the_worst_change_is_worse_than_random_ones_of_the_same_length(element, random):
    term = VirtualAdversarial(radius=0.5, relative=False)
    model = model_of(encoder(3), 3, term)
    batch = batch_for(model, element)
    worst = float(tf.reduce_mean(term.loss(Forward(model, batch, training=True))))
    target = model.encode(batch.images)["y"].numpy()
    randoms = []
    for _ in range(20):
        change = unit(tf.constant(random.normal(size=batch.images.shape), tf.float32))
        y = model.encode(batch.images + 0.5 * change)["y"].numpy()
        randoms.append(scipy.stats.entropy(target, y, axis=1).mean())
    assert worst > 3 * max(randoms)


def test_its_gradient_is_that_of_the_second_distribution_alone(element):
    """The target is a constant: moving it to the changed image costs nothing."""
    term = VirtualAdversarial(radius=0.5, relative=False)
    model = model_of(encoder(3), 3, term)
    batch = batch_for(model, element)
    forward = Forward(model, batch, training=True)
    forward.code  # noqa: B018  computed before the tape: only the changed images are recorded
    variables = model.encoder.trainable_variables
    with tf.GradientTape() as tape:
        outside = tf.reduce_mean(term.loss(forward))
    with tf.GradientTape() as whole:
        inside = tf.reduce_mean(term.loss(Forward(model, batch, training=True)))
    for one, other in zip(
        tape.gradient(outside, variables), whole.gradient(inside, variables), strict=True
    ):
        if one is None:
            assert other is None
        else:
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
            assert np.any(one)


def test_moving_averages_do_not_see_the_changed_images(element):
    after = []
    for terms in ([], [VirtualAdversarial(radius=3.0, relative=False)]):
        network = encoder(3, batch_norm=True, batch_norm_heads=False)
        model = model_of(network, 3, *terms)
        model.train_step(tf.nest.map_structure(tf.constant, element))
        after.append([v.numpy() for v in model.encoder.non_trainable_variables])
    for plain, with_term in zip(*after, strict=True):
        np.testing.assert_array_equal(plain, with_term)


def test_images_the_encoder_is_not_sure_of_count_only_if_asked_for(element):
    everywhere, sure = (VirtualAdversarial(1.0, 0.5, False, confidence=c) for c in (0.0, 0.4))
    model = model_of(encoder(3), 3)
    forward = Forward(model, batch_for(model, element), training=True)
    p = forward.code["y"].numpy().max(axis=1)
    assert 0 < np.mean(p > 0.4) < 1
    expected = np.where(p > 0.4, everywhere.loss(forward), 0)
    np.testing.assert_allclose(sure.loss(forward), expected, rtol=1e-5)


def test_data_without_distances_is_refused_where_they_are_the_unit(element):
    model = model_of(encoder(3), 3, VirtualAdversarial())
    with pytest.raises(ValueError, match=r"Pass `data.with_distances\(\).train` to `fit`"):
        model.train_step(tf.nest.map_structure(tf.constant, element))
    with pytest.raises(ValueError, match="speaks of a y that the encoder finds"):
        SETTINGS["basic"](extra_terms=[VirtualAdversarial()]).compile()
    for wrong in ({"radius": 0}, {"xi": -1}, {"confidence": 1.0}):
        with pytest.raises(ValueError, match="Received: "):
            VirtualAdversarial(**wrong)


def test_a_direction_of_any_size_is_brought_to_length_one(random):
    change = random.normal(size=(3, *IMAGE_SHAPE)).astype("float32")
    scaled = tf.constant(change * np.array([1, 1e-25, 0], "float32").reshape(3, 1, 1, 1))
    lengths = np.linalg.norm(unit(scaled).numpy().reshape(3, -1), axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 0], rtol=1e-5)


def test_marginal_entropy_asks_for_the_stated_shares(element):
    shares = [1.0, 2.0, 5.0]
    term = models.MarginalEntropy(weight=1.0, slack=0.0, shares=shares)
    model = model_of(encoder(3), 3, term)
    forward = Forward(model, batch_for(model, element), training=True)
    (term,) = term.terms(model)
    y = forward.code["y"].numpy().mean(axis=0)
    np.testing.assert_allclose(term.loss(forward), scipy.stats.entropy(y, shares), rtol=1e-4)
    with pytest.raises(ValueError, match="a number for each of the 3 categories"):
        model_of(encoder(3), 3, models.MarginalEntropy(shares=[1.0, 2.0]))


def test_a_shift_is_that_of_scipy(random):
    images = random.uniform(size=(30, 7, 5, 3)).astype("float32")
    by = random.integers(-9, 10, (2, 30))
    expected = [
        scipy.ndimage.shift(image, (down, right, 0), order=0, mode="nearest")
        for image, down, right in zip(images, *by, strict=True)
    ]
    np.testing.assert_array_equal(shifted(tf.constant(images), *tf.constant(by, "int32")), expected)


def test_y_of_each_image_is_compared_with_that_of_a_shift_of_its_own(element, random):
    kernel = random.normal(size=(30, 3)).astype("float32")
    term = Shift(share=0.01)  # a pixel: there is no smaller shift
    model = model_of(linear_encoder(3, kernel), 3, term)
    batch = batch_for(model, element)
    found = term.loss(Forward(model, batch, training=True)).numpy()
    target = model.encode(batch.images)["y"].numpy()
    every = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    divergences = []
    for down, right in every:
        images = shifted(batch.images, tf.fill([40], down), tf.fill([40], right))
        divergences.append(scipy.stats.entropy(target, model.encode(images)["y"], axis=1))
    divergences = np.stack(divergences)
    np.testing.assert_allclose(abs(divergences - found).min(axis=0), 0, atol=1e-5)
    assert len(set(abs(divergences - found).argmin(axis=0))) == 9
    model.step.assign_add(1)
    assert not np.allclose(found, term.loss(Forward(model, batch, training=True)))


def test_vectors_are_not_shifted(caplog, random):
    vectors = random.uniform(size=(40, 30))
    data = from_arrays(vectors, np.arange(40) % 3)
    config = Config(extra_terms=("conditional_entropy", "shift"), shift_share=0.4)
    (only,) = factory.extra_terms(config, data)
    assert isinstance(only, models.ConditionalEntropy)
    assert "The term shift is left out: these are vectors" in caplog.text
    _, shift = factory.extra_terms(config, from_arrays(vectors.reshape(40, 5, 6)))
    assert (shift.share, shift.weight) == (0.4, 1.0)
    for shape in ((1, 30, 1), (30,)):
        network = linear_encoder(3, random.normal(size=(30, 3)), shape)
        with pytest.raises(ValueError, match=f"not for vectors.*shape {re.escape(str(shape))}"):
            models.LabelsOnly(network, extra_terms=[Shift()]).objective()


def test_a_shift_goes_as_far_as_its_share_of_each_side(element):
    """One pixel is lit: where it goes says how far."""
    images = np.zeros((400, 6, 5, 1), "float32")
    images[:, 3, 2] = 1
    model = model_of(encoder(3), 3, Shift())
    batch = batch_for(model, ({"unlabeled": images, "labeled": images}, np.zeros(400, int)))
    forward = Forward(model, batch, training=True)
    lit = Shift(share=0.34).changed(forward, None).numpy().sum(axis=(0, 3))
    # Two pixels each way: 2.04 of 6, 1.7 of 5. All 25 places about as often, 16 +- 4 times.
    assert np.count_nonzero(lit) == 25 and np.count_nonzero(lit[1:, :]) == 25
    assert 2 < lit[1:].min() and lit.max() < 34


@pytest.mark.parametrize("share", [0, 0.6])
def test_a_shift_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match=rf"in \(0, 0.5\]. Received: share={share}"):
        Shift(share=share)
