"""Terms beside a setting's own: weight over the steps, gradient, what they leave alone."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aae_keras import models
from aae_keras.experiment.building import factory
from aae_keras.models import ConditionalEntropy, FadeIn, MarginalEntropy, Term
from tests.tiny import SETTINGS, encoder, tiny_model

WITH_Y = [name for name in SETTINGS if name.startswith(("semi", "clustering", "dimension"))]


def tensors(element):
    return tf.nest.map_structure(tf.constant, element)


def test_a_weight_fades_in_between_two_steps():
    fade = FadeIn(0.4, start=10, end=30)
    weights = [float(fade(tf.constant(step, tf.int64))) for step in (0, 10, 15, 20, 30, 1000)]
    np.testing.assert_allclose(weights, [0, 0, 0.1, 0.2, 0.4, 0.4], rtol=1e-6)
    again = FadeIn.from_config(fade.get_config())
    assert float(again(20)) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="below `end`. Received: start=5, end=5"):
        FadeIn(1.0, 5, 5)
    with pytest.raises(ValueError, match="`weight` must be at least 0. Received: weight=-1"):
        ConditionalEntropy(-1)


@pytest.mark.parametrize("setting", WITH_Y)
def test_its_gradient_is_added_with_the_weight_of_the_step(setting, element):
    """SGD of rate 1: the difference that the term makes is weight x gradient of the mean."""
    moved = []
    for terms in ([], [ConditionalEntropy(FadeIn(0.8, 0, 4))]):
        model = SETTINGS[setting](extra_terms=terms, input_noise=0.0)
        rates = (keras.optimizers.SGD(1.0) for _ in range(4))
        model.compile(*rates, schedule="simultaneous", jit_compile=False)
        model.step.assign(3)
        batch = model.make_batch(tensors(element))
        variables = model.encoder.trainable_variables
        with tf.GradientTape() as tape:
            y = model.encode(batch.corrupted, training=True)["y"]
            entropy = tf.reduce_mean(-tf.reduce_sum(y * tf.math.log(y), axis=1))
        gradients = tape.gradient(entropy, variables)
        before = [variable.numpy() for variable in variables]
        model.train_step(tensors(element))
        moved.append([old - new.numpy() for old, new in zip(before, variables, strict=True)])
    for plain, with_term, gradient in zip(*moved, gradients, strict=True):
        expected = 0 if gradient is None else 0.6 * gradient.numpy()
        np.testing.assert_allclose(with_term - plain, expected, rtol=1e-3, atol=2e-6)


def test_it_is_logged_without_its_weight_and_validated(element, images, labels):
    model = tiny_model(extra_terms=[ConditionalEntropy(0.0)])
    model.compile(jit_compile=False)
    logs = model.evaluate(images, labels, verbose=0, return_dict=True)
    y = model.predict(images, verbose=0)
    expected = scipy.stats.entropy(y, axis=1).mean()
    np.testing.assert_allclose(logs["conditional_entropy"], expected, rtol=1e-4)
    assert "conditional_entropy" in model.train_step(tensors(element))


def test_a_value_of_a_whole_batch_counts_as_its_images_do(images):
    """A last batch of one image would else count as much as one of 59: all y of it are alike."""
    model = tiny_model(extra_terms=[MarginalEntropy()])
    model.compile(jit_compile=False)
    data = tf.data.Dataset.from_tensor_slices((images,))

    def validated(part):
        logs = model.evaluate(part.batch(59), verbose=0, return_dict=True)
        return logs["marginal_entropy"]

    parts = validated(data.take(59)), validated(data.skip(59))
    assert parts[0] != pytest.approx(parts[1], rel=0.01)
    expected = (59 * parts[0] + parts[1]) / 60
    assert validated(data) == pytest.approx(expected, rel=1e-5)


def test_off_it_adds_nothing_to_the_step():
    """Free when off: the same terms, and a graph of as many operations."""
    sizes = []
    for terms in ((), (), [ConditionalEntropy()]):
        model = tiny_model(extra_terms=terms)
        model.compile(jit_compile=False)
        element = {"unlabeled": tf.zeros((4, 6, 5, 1)), "labeled": tf.zeros((4, 6, 5, 1))}
        step = tf.function(model.train_step, autograph=False)
        graph = step.get_concrete_function((element, tf.zeros(4, tf.int32))).graph
        sizes.append((len(model.terms), len(graph.get_operations())))
    assert sizes[0] == sizes[1] < sizes[2]


def test_fading_is_saved_and_resumed_exactly(element, tmp_path):
    model = tiny_model(extra_terms=[ConditionalEntropy(FadeIn(5.0, 2, 8))])
    model.compile(jit_compile=False)
    data = tf.data.Dataset.from_tensors(element).repeat(4)
    model.fit(data, verbose=0)
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    assert again.extra_terms[0].weight.get_config() == {"weight": 5.0, "start": 2, "end": 8}
    for one in (model, again):
        one.fit(data, verbose=0)
    for one, other in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_clusters_stay_clusters():
    """A term that shapes y teaches it no classes."""
    model = SETTINGS["clustering"](extra_terms=[ConditionalEntropy()])
    assert model.latent_y == models.LatentY.CLUSTER
    with pytest.raises(ValueError, match="speaks of a y that the encoder finds"):
        SETTINGS["basic"](extra_terms=[ConditionalEntropy()]).compile()


def test_a_configuration_asks_for_it_by_name(small):
    import dataclasses

    config = dataclasses.replace(
        small,
        extra_terms=("conditional_entropy",),
        conditional_entropy_weight=0.3,
        conditional_entropy_fade=(1, 3),
    )
    data = factory.load_data(config)
    (term,) = factory.build_model(config, data).extra_terms
    steps = data.steps_per_epoch
    assert float(term.weight(2 * steps)) == pytest.approx(0.15)
    plain = dataclasses.replace(config, conditional_entropy_fade=())
    (term,) = factory.build_model(plain, data).extra_terms
    assert term.weight == 0.3


def test_a_stream_has_its_own_numbers_and_leaves_the_others_alone(element):
    """A term that draws noise changes no draw of the step."""

    class Shaken(models.Regularizer):
        def terms(self, model):
            def loss(forward):
                draw = tf.random.stateless_normal([40], forward.model.stream("shaken"))
                return draw * forward.code["z"][:, 0]

            return [Term("shaken", "reconstruction", loss, model.encoder.trainable_variables)]

    batches = []
    for terms in ([], [Shaken(1.0)]):
        model = tiny_model(extra_terms=terms)
        model.compile(jit_compile=False)
        model.train_step(tensors(element))
        batches.append(model.make_batch(tensors(element)))
    np.testing.assert_array_equal(batches[0].corrupted, batches[1].corrupted)
    np.testing.assert_array_equal(batches[0].prior["z"], batches[1].prior["z"])
    seeds = {tuple(model.stream(name).numpy()) for name in ("corruption", "shaken", "prior of z")}
    assert len(seeds) == 3


@pytest.mark.parametrize(
    "wrong, message",
    [({"phase": "regulariser"}, "`phase` must be one of"), ({"per": "row"}, '`per` must be "exam')],
)
def test_a_term_of_another_kind_is_refused(wrong, message):
    fields = {"name": "x", "phase": "generator", "loss": None, "variables": []}
    with pytest.raises(ValueError, match=message):
        Term(**fields | wrong)


def test_y_alone_without_a_term_is_refused():
    with pytest.raises(ValueError, match="nothing to learn.*no term of its own"):
        models.ClustersOnly(encoder(4)).compile()
