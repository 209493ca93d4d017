import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.metrics
import tensorflow as tf

from aae_keras import losses

EXTREME = np.array([[1000.0], [-1000.0]], "float32")


def test_half_squared_error_is_summed_over_pixels_and_halved(random):
    images = random.random((4, 3, 2, 1), "float32")
    logits = random.normal(size=(4, 3, 2, 1)).astype("float32")
    expected = [
        0.5 * sum((x - 1 / (1 + math.exp(-t))) ** 2 for x, t in zip(row, out, strict=True))
        for row, out in zip(images.reshape(4, -1), logits.reshape(4, -1), strict=True)
    ]
    np.testing.assert_allclose(losses.half_squared_error(images, logits), expected, rtol=1e-5)


def test_cross_entropy_matches_scikit_learn(random):
    images = random.integers(0, 2, (5, 4, 4, 1)).astype("float32")
    logits = random.normal(size=(5, 4, 4, 1)).astype("float32")
    expected = [
        16 * sklearn.metrics.log_loss(x.ravel(), scipy.special.expit(t.ravel()), labels=[0, 1])
        for x, t in zip(images, logits, strict=True)
    ]
    np.testing.assert_allclose(losses.binary_cross_entropy(images, logits), expected, rtol=1e-5)


def test_cross_entropy_is_exact_where_a_sigmoid_would_saturate():
    wrong = losses.binary_cross_entropy(np.zeros((1, 1, 1, 1)), np.full((1, 1, 1, 1), 1e3))
    np.testing.assert_allclose(wrong, [1000.0])


def test_undecided_discriminator_pays_two_log_two():
    undecided = np.zeros((8, 1), "float32")
    np.testing.assert_allclose(
        losses.discriminator_loss(undecided, undecided), np.full(8, 2 * math.log(2)), rtol=1e-6
    )
    np.testing.assert_allclose(losses.generator_loss(undecided), math.log(2), rtol=1e-6)


def test_adversarial_losses_are_exact_for_extreme_logits():
    # log(D + epsilon) would stop at -log(epsilon), with no gradient left.
    np.testing.assert_allclose(losses.discriminator_loss(EXTREME, -EXTREME), [0.0, 2000.0])
    np.testing.assert_allclose(losses.generator_loss(EXTREME), [0.0, 1000.0])


def test_real_is_one_and_fake_is_zero():
    sure = np.full((1, 1), 5.0, "float32")
    right = losses.discriminator_loss(sure, -sure)
    swapped = losses.discriminator_loss(-sure, sure)
    assert right[0] < 0.02 and swapped[0] > 9.9
    assert losses.generator_loss(sure)[0] < losses.generator_loss(-sure)[0]


def test_classification_matches_scikit_learn_on_one_softmax(random):
    logits = random.normal(0, 3, (6, 4)).astype("float32")
    labels = np.array([0, 1, 2, 3, 0, 1])
    probabilities = scipy.special.softmax(logits, axis=1)
    expected = sklearn.metrics.log_loss(labels, probabilities, labels=range(4))
    found = losses.classification_loss(labels, logits)
    np.testing.assert_allclose(np.mean(found), expected, rtol=1e-5)
    assert abs(np.mean(losses.classification_loss(labels, probabilities)) - expected) > 0.1


@pytest.mark.parametrize("value", [0.3, 2.0, -4.0])
@pytest.mark.parametrize(
    "loss",
    [
        lambda v: losses.half_squared_error(tf.fill((1, 2, 2, 1), 0.7), tf.fill((1, 2, 2, 1), v)),
        lambda v: losses.binary_cross_entropy(tf.fill((1, 2, 2, 1), 0.7), tf.fill((1, 2, 2, 1), v)),
        lambda v: losses.discriminator_loss(tf.fill((1, 1), v), tf.fill((1, 1), 2 * v)),
        lambda v: losses.generator_loss(tf.fill((1, 1), v)),
        lambda v: losses.classification_loss([1], tf.stack([[0.5, v, -1.0]])),
        lambda v: losses.half_squared_length(tf.stack([[v, 0.5]])),
        lambda v: losses.cyclic_loss(
            {"y": tf.constant([[0.2, 0.8]]), "z": tf.stack([[v, 0.5]])},
            {"y_logits": tf.stack([[v, 1.0]]), "z": tf.stack([[0.1, 2 * v]])},
        ),
        lambda v: losses.mode_distance_loss(tf.stack([[0.1, v / 4], [0.3, 0.2]])),
        lambda v: losses.conditional_entropy(tf.stack([[0.5, v, -1.0]])),
        lambda v: losses.head_distance_loss(tf.stack([[v, 0.0], [0.5, 0.5]]), 2.0),
    ],
)
def test_gradient_equals_finite_difference(loss, value):
    point = tf.constant(value)
    with tf.GradientTape() as tape:
        tape.watch(point)
        total = tf.reduce_sum(loss(point))
    step = 1e-2
    difference = (loss(point + step) - loss(point - step)) / (2 * step)
    difference = np.reshape(difference, ())
    np.testing.assert_allclose(tape.gradient(total, point), difference, rtol=2e-3, atol=1e-3)


def test_conditional_entropy_is_that_of_scipy_and_at_most_log_k(random):
    logits = random.normal(0, 3, (6, 4)).astype("float32")
    expected = scipy.stats.entropy(scipy.special.softmax(logits, axis=1), axis=1)
    np.testing.assert_allclose(losses.conditional_entropy(logits), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(losses.conditional_entropy(np.zeros((1, 4))), [np.log(4)], rtol=1e-6)
    # 100 logits apart, the probabilities are 1 and 0: no NaN of 0 log 0
    np.testing.assert_allclose(losses.conditional_entropy([[100.0, 0.0]]), [0.0], atol=1e-6)


def test_length_of_z():
    np.testing.assert_allclose(losses.half_squared_length(np.array([[3.0, 4.0]])), [12.5])


def test_cyclic_loss_is_cross_entropy_and_a_tenth_of_the_squared_error(random):
    y = random.dirichlet([1.0] * 4, 6)
    logits, z, again = random.normal(size=(6, 4)), random.normal(size=(6, 2)), np.zeros((6, 2))
    found = losses.cyclic_loss({"y": y, "z": z}, {"y_logits": logits, "z": again})
    probabilities = scipy.special.softmax(logits, axis=1)
    expected = -np.sum(y * np.log(probabilities), axis=1) + 0.1 * np.sum(z**2, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    # The code itself found again: what is left is the entropy of y.
    same = losses.cyclic_loss({"y": y, "z": z}, {"y_logits": np.log(y), "z": z})
    np.testing.assert_allclose(same, scipy.stats.entropy(y, axis=1), rtol=1e-5)


def test_mode_distance_is_one_for_equal_modes_and_bounded():
    equal = np.ones((5, 4, 4, 1), "float32")
    np.testing.assert_allclose(losses.mode_distance_loss(equal), 1.0, rtol=1e-6)
    modes = np.stack([np.zeros((2, 2, 1)), np.ones((2, 2, 1)), np.ones((2, 2, 1))])
    modes = modes.astype("float32")
    apart = np.exp(-1 / losses.MODE_SCALE)
    # of the three pairs one is equal, two are apart
    expected = (1 + 2 * apart) / 3
    np.testing.assert_allclose(losses.mode_distance_loss(modes), expected, rtol=1e-5)
    np.testing.assert_array_equal(losses.mode_distance_loss(equal[:1]), 0.0)


def test_heads_push_each_other_only_below_the_threshold():
    heads = np.array([[0, 0], [3, 4], [0, 1]], "float32")
    # distances 5, 1 and the root of 18: with a threshold of 2 only the second counts
    np.testing.assert_allclose(losses.head_distance_loss(heads, 2.0), (1 + 0 + 1) / 3, atol=1e-5)
    every = [1 + 5, 1 + 6 - 18**0.5, 5 + 6 - 18**0.5]
    np.testing.assert_allclose(losses.head_distance_loss(heads, 6.0), np.mean(every), rtol=1e-5)


def test_equal_heads_have_a_finite_gradient():
    heads = tf.Variable(tf.zeros((3, 2)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(losses.head_distance_loss(heads, 2.0))
    assert np.isfinite(tape.gradient(loss, heads)).all()


@pytest.mark.parametrize("shape", [(8,), (8, 2)])
def test_more_than_one_logit_per_code_is_refused(shape):
    with pytest.raises(ValueError, match=r"one logit per code.*Received: code_logits\.shape="):
        losses.generator_loss(np.zeros(shape, "float32"))


def test_broadcasting_of_images_is_refused():
    with pytest.raises(ValueError, match="same shape"):
        losses.half_squared_error(np.zeros((2, 4, 4, 1)), np.zeros((2, 16)))


def test_divergence_is_that_of_scipy(random):
    logits = random.normal(size=(2, 7, 4)).astype("float32")
    p, q = scipy.special.softmax(logits, axis=-1)
    found = losses.divergence(*map(tf.constant, logits))
    np.testing.assert_allclose(found, scipy.stats.entropy(p, q, axis=1), rtol=1e-4)
    np.testing.assert_allclose(losses.divergence(logits[0], logits[0]), 0, atol=1e-6)


def test_marginal_divergence_is_zero_up_to_its_slack(random):
    mean, shares = np.array([0.5, 0.3, 0.2], "float32"), np.array([0.2, 0.2, 0.6], "float32")
    expected = scipy.stats.entropy(mean, shares)
    np.testing.assert_allclose(losses.marginal_divergence(mean, shares, 0.01), expected, rtol=1e-5)
    uniform = np.full(3, 1 / 3, "float32")  # log K - H
    found = losses.marginal_divergence(mean, uniform, 0.0)
    np.testing.assert_allclose(found, np.log(3) - scipy.stats.entropy(mean), rtol=1e-5)
    variable = tf.Variable(mean)
    with tf.GradientTape() as tape:
        within = losses.marginal_divergence(variable, uniform, 0.5)
    assert within == 0.5 and not np.any(tape.gradient(within, variable))
    assert np.isfinite(losses.marginal_divergence(np.eye(3, dtype="float32")[0], uniform, 0.0))
