"""What holds in every learning setting: who moves whom, learning, saving, resuming."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aae_keras import models, networks, priors
from aae_keras.models import objective
from tests.models.plain import plain_gradients, step_on
from tests.tiny import (
    LATENT_DIM,
    NUM_CLASSES,
    NUM_CLUSTERS,
    SETTINGS,
    decoder,
    discriminator,
    encoder,
    tiny_model,
    tiny_networks,
)

# What each phase moves, where it is not only these.
OWNERS = {
    "reconstruction": {"encoder", "decoder"},
    "discriminator": {"discriminator_cat", "discriminator_gauss"},
    "generator": {"encoder"},
    "classification": {"encoder"},
}
MORE = {
    "clustering-with-everything": {"mode_decoder"},
    "dimensionality-reduction": {"cluster_head"},
    "dimensionality-reduction-without-labels": {"cluster_head"},
}


@pytest.fixture(params=SETTINGS)
def setting(request):
    return request.param


# One of each setting; its variants, which differ in their terms, in the long suite.
VARIANTS = {
    "semi-supervised",
    "supervised-informed",
    "clustering",
    "dimensionality-reduction-without-labels",
    "basic-gaussian",
    "basic-universal",
}
each_setting = pytest.mark.parametrize(
    "setting",
    [
        pytest.param(name, marks=pytest.mark.exhaustive if name in VARIANTS else ())
        for name in SETTINGS
    ],
)


def made(setting, steps_per_execution=1, **kwargs):
    model = SETTINGS[setting](**kwargs)
    model.compile(
        *(keras.optimizers.Adam(3e-3) for _ in range(4)),
        jit_compile=False,
        steps_per_execution=steps_per_execution,
    )
    return model


def networks_of(model):
    return {k: part for k, part in model.get_config().items() if isinstance(part, keras.Model)}


def trained_weights(network):
    """Without the moving statistics of batch normalisation, which every pass moves."""
    return [variable.numpy() for variable in network.trainable_variables]


def tensors(element):
    return tf.nest.map_structure(tf.constant, element)


def test_each_phase_moves_what_it_owns_and_nothing_else(setting, element):
    model = made(setting)
    batch = model.make_batch(tensors(element))
    for phase in model.phases:
        expected = OWNERS[phase.name] & networks_of(model).keys()
        if phase.name == "reconstruction":
            expected |= MORE.get(setting, set())
        before = {name: trained_weights(part) for name, part in networks_of(model).items()}
        step_on(model, batch, [[phase]])
        moved = {
            name
            for name, part in networks_of(model).items()
            if any(np.any(a != b) for a, b in zip(before[name], trained_weights(part), strict=True))
        }
        assert moved == expected, phase.name


@each_setting
def test_one_batch_is_memorised(setting, element):
    """300 steps on the same images halve the distance of what is decoded."""
    model = made(setting, steps_per_execution=100, input_noise=0.0)
    data = tf.data.Dataset.from_tensors(element).repeat(100)
    logs = model.fit(data, epochs=3, verbose=0).history["reconstruction_loss"]
    first = model_loss_of_first_step(setting, element)
    assert logs[-1] < 0.5 * first
    assert np.isfinite(list(logs)).all()


def model_loss_of_first_step(setting, element):
    model = made(setting, input_noise=0.0)
    return float(model.train_step(tensors(element))["reconstruction_loss"])


@each_setting
def test_a_saved_model_answers_and_goes_on_like_the_one_in_memory(setting, element, tmp_path):
    model = made(setting)
    data = tf.data.Dataset.from_tensors(element).repeat(3)
    model.fit(data, verbose=0)
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    images = element[0]["unlabeled"]
    np.testing.assert_array_equal(model(images), again(images))
    for one in (model, again):
        one.fit(data, verbose=0)
    np.testing.assert_array_equal(model(images), again(images))
    for one, other in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)


# Those that have every kind of term between them; the others are compiled in the long suite.
COMPILED = ("supervised-informed", "clustering-with-everything", "dimensionality-reduction")


@pytest.mark.parametrize(
    "setting, jit_compile",
    [
        *((setting, False) for setting in SETTINGS if setting not in COMPILED),
        *(
            pytest.param(setting, True, marks=() if setting in COMPILED else pytest.mark.exhaustive)
            for setting in SETTINGS
        ),
    ],
)
def test_simultaneous_gradients_equal_plain_tapes(setting, jit_compile, element):
    """What every MNIST preset computes: one pass."""
    model = SETTINGS[setting]()
    model.compile(
        *(keras.optimizers.SGD(1.0) for _ in range(4)),
        schedule="simultaneous",
        jit_compile=jit_compile,
    )
    variables = model.trainable_variables
    expected = plain_gradients(model, model.make_batch(tensors(element)), {})
    before = [variable.numpy() for variable in variables]
    train_step = model.train_step
    if jit_compile:
        train_step = tf.function(train_step, jit_compile=True, autograph=False)
    train_step(tensors(element))
    for variable, old in zip(variables, before, strict=True):
        np.testing.assert_allclose(
            old - variable.numpy(), expected.get(id(variable), 0), rtol=1e-3, atol=2e-5,
            err_msg=variable.path,
        )  # fmt: skip


@pytest.mark.parametrize("schedule", ["paired", "simultaneous"])
def test_fused_gradients_equal_those_of_plain_tapes(setting, schedule, element):
    """What is there for speed alone changes no step: with and without it, SGD moves as far."""
    steps = []
    for fused in (True, False):
        model = SETTINGS[setting]()
        rates = (keras.optimizers.SGD(1.0) for _ in range(4))
        model.compile(*rates, schedule=schedule, fused=fused, jit_compile=False)
        before = model.get_weights()
        model.train_step(tensors(element))
        steps.append([new - old for new, old in zip(model.get_weights(), before, strict=True)])
    for fused, plain in zip(*steps, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-3, atol=2e-5)


LABELS_NEEDED = (
    "semi-supervised", "supervised", "supervised-informed", "label-informed",
    "dimensionality-reduction",
)  # fmt: skip


def test_an_element_of_another_form_is_refused_by_its_name(setting, images):
    model = made(setting)
    with pytest.raises(ValueError, match="A training element of this setting must be"):
        model.train_step(({"labeled": images[:5]},))
    if setting in LABELS_NEEDED:
        with pytest.raises(ValueError, match="A training element of this setting must be"):
            model.train_step(images[:5])
        with pytest.raises(ValueError, match='"labeled": images}, labels'):
            model.train_step(({"unlabeled": images[:5]},))


def test_schedules_agree_on_the_first_pass(setting, element):
    """At the same weights and batch, each schedule reports the same reconstruction loss."""
    losses = []
    for schedule in ("alternating", "paired", "simultaneous"):
        model = SETTINGS[setting]()
        model.compile(schedule=schedule, jit_compile=False)
        losses.append(float(model.train_step(tensors(element))["reconstruction_loss"]))
    np.testing.assert_allclose(losses, losses[0], rtol=1e-6)


def test_validation_needs_labels_only_where_the_setting_does(setting, images, labels):
    model = made(setting)
    with_labels = model.evaluate(images, labels, verbose=0, return_dict=True)
    assert "reconstruction_loss" in with_labels
    if setting.startswith("supervised"):
        with pytest.raises(ValueError, match="Validation of this setting needs labels"):
            model.evaluate(images, verbose=0)
    else:
        without = model.evaluate(images, verbose=0, return_dict=True)
        assert "reconstruction_loss" in without and "error_rate" not in without
    assert ("error_rate" in with_labels) == (
        setting.startswith("semi-supervised") or setting == "dimensionality-reduction"
    )


def test_predict_gives_y_where_there_is_one(setting, images):
    model = made(setting)
    with_classes = ("semi-supervised", "semi-supervised-two-trunks", "dimensionality-reduction")
    y = dict.fromkeys(with_classes, NUM_CLASSES)
    with_clusters = setting.startswith("clustering") or setting.endswith("without-labels")
    expected = y.get(setting, NUM_CLUSTERS if with_clusters else LATENT_DIM)
    assert model.predict(images, verbose=0).shape == (60, expected)


# Posteriors.


def test_a_gaussian_posterior_draws_z_around_its_mean(element):
    model = SETTINGS["basic-gaussian"](input_noise=0.0)
    model.compile(jit_compile=False)
    batch = model.make_batch(tensors(element))
    outputs = model.encoder(batch.images)
    expected = outputs["z_mean"] + np.exp(0.5 * outputs["z_log_var"]) * batch.noise
    np.testing.assert_allclose(model.code_of(batch, True)["z"], expected, rtol=1e-5)
    np.testing.assert_allclose(model.encode(batch.images)["z"], outputs["z_mean"], rtol=1e-6)
    assert abs(np.mean(batch.noise)) < 0.4 and 0.7 < np.std(batch.noise) < 1.3


def test_a_universal_posterior_is_a_function_of_image_and_noise(element):
    model = SETTINGS["basic-universal"](input_noise=0.0)
    model.compile(jit_compile=False)
    batch = model.make_batch(tensors(element))
    expected = model.encoder([batch.images, batch.noise])["z"]
    np.testing.assert_allclose(model.code_of(batch, True)["z"], expected, rtol=1e-5)
    silent = model.encoder([batch.images, tf.zeros_like(batch.noise)])["z"]
    np.testing.assert_allclose(model.encode(batch.images)["z"], silent, rtol=1e-5)
    assert np.any(np.abs(silent - expected) > 1e-3)


def test_posterior_noise_differs_between_steps(element):
    model = SETTINGS["basic-gaussian"]()
    model.compile(jit_compile=False)
    first = model.make_batch(tensors(element)).noise
    np.testing.assert_array_equal(first, model.make_batch(tensors(element)).noise)
    model.step.assign_add(1)
    assert np.all(first != model.make_batch(tensors(element)).noise)


# Label information.


def test_labelled_codes_are_compared_with_their_own_component(element):
    model = SETTINGS["label-informed"]()
    model.compile(jit_compile=False)
    batch = model.make_batch(tensors(element))
    judged = batch.prior["z_and_label"].numpy()
    unknown, known = judged[:40], judged[40:]
    np.testing.assert_array_equal(unknown[:, 2:], np.tile([0, 0, 0, 1], (40, 1)))
    labels = element[1]
    np.testing.assert_array_equal(known[:, 2:], np.eye(4)[labels])
    # Component k of the ring points at the angle 2 pi k / 3.
    angle = np.arctan2(known[:, 1], known[:, 0])
    distance = np.angle(np.exp(1j * (angle - 2 * np.pi * labels / NUM_CLASSES)))
    assert np.abs(distance).max() < 0.5
    whole = np.arctan2(unknown[:, 1], unknown[:, 0])
    assert len(set(np.round(whole / (2 * np.pi / 3)).astype(int) % 3)) == 3
    code = model.code_of(batch, True)
    np.testing.assert_array_equal(code["z_and_label"][:, 2:], judged[:, 2:])
    np.testing.assert_array_equal(code["z_and_label"][:, :2], code["z"])


# Two trunks, a discriminator that is told y, weights of the games.


def test_with_two_trunks_neither_reconstruction_nor_the_game_over_z_moves_y(element):
    """The game is played as hard, and y stays: its trunk has no gradient of either."""
    model = SETTINGS["semi-supervised-two-trunks"](extra_terms=[])
    model.compile(jit_compile=False)
    forward = models.Forward(model, model.make_batch(tensors(element)), training=True)
    of_y = networks.upstream_variables(model.encoder, ["y_logits"])
    of_z = networks.upstream_variables(model.encoder, ["z"])
    assert not {id(v) for v in of_y} & {id(v) for v in of_z}
    terms = {term.name: term for term in model.terms}
    with tf.GradientTape(persistent=True) as tape:
        values = {name: term.loss(forward) for name, term in terms.items()}
    for name in ("reconstruction_loss", "generator_gauss_loss"):
        assert tape.gradient(values[name], of_y) == [None] * len(of_y)
        assert all(np.any(g) for g in tape.gradient(values[name], of_z[:-2]))
    assert all(np.any(g) for g in tape.gradient(values["generator_cat_loss"], of_y[-2:]))
    # Not detached, y learns from the picture too.
    model.detached_y = False
    with tf.GradientTape() as tape:
        value = terms["reconstruction_loss"].loss(models.Forward(model, forward.batch, True))
    assert all(np.any(g) for g in tape.gradient(value, of_y[-2:]))


def test_a_detached_y_is_left_alone_by_the_mode_decoder_too(element):
    """Which draws of y alone, and would have its way with it."""
    model = SETTINGS["clustering-with-everything"](detached_y=True)
    model.compile(jit_compile=False)
    (term,) = (term for term in model.terms if term.name == "mode_loss")
    forward = models.Forward(model, model.make_batch(tensors(element)), training=True)
    encoder, modes = model.encoder.trainable_variables, model.mode_decoder.trainable_variables
    with tf.GradientTape() as tape:
        value = term.loss(forward)
    moved = tape.gradient(value, encoder + modes)
    assert moved[: len(encoder)] == [None] * len(encoder)
    assert all(np.any(gradient) for gradient in moved[len(encoder) :])
    assert {id(variable) for variable in term.variables} == set(map(id, modes))


def test_a_discriminator_that_is_told_y_sees_the_encoders_own(element):
    model = SETTINGS["semi-supervised-two-trunks"]()
    model.compile(jit_compile=False)
    batch = model.make_batch(tensors(element))
    code = model.code_of(batch, True)
    judge = model.discriminator_gauss
    real, fake = (part.numpy() for part in objective.judged(judge, batch.prior, code, "z"))
    np.testing.assert_array_equal(real[:, LATENT_DIM:], code["y"])
    np.testing.assert_array_equal(fake[:, LATENT_DIM:], code["y"])
    np.testing.assert_array_equal(real[:, :LATENT_DIM], batch.prior["z"])
    np.testing.assert_array_equal(fake[:, :LATENT_DIM], code["z"])


# The decoder's share of each setting.


def test_supervised_decoder_is_told_the_label(element):
    model = SETTINGS["supervised"](input_noise=0.0)
    model.compile(jit_compile=False)
    batch = model.make_batch(tensors(element))
    np.testing.assert_allclose(batch.images, element[0]["labeled"] / np.float32(255))
    y = np.eye(NUM_CLASSES, dtype="float32")[element[1]]
    np.testing.assert_array_equal(model.code_of(batch, True)["y"], y)


def test_an_informed_discriminator_sees_the_same_label_beside_code_and_prior(element):
    """Codes of a class are compared with the whole normal, beside that class's label."""
    model = SETTINGS["supervised-informed"](input_noise=0.0)
    model.compile(jit_compile=False)
    batch = model.make_batch(tensors(element))
    code = model.code_of(batch, True)
    judge = model.discriminator_gauss
    real, fake = (part.numpy() for part in objective.judged(judge, batch.prior, code, "z"))
    y = np.eye(NUM_CLASSES, dtype="float32")[element[1]]
    np.testing.assert_array_equal(real[:, LATENT_DIM:], y)
    np.testing.assert_array_equal(fake[:, LATENT_DIM:], y)
    np.testing.assert_array_equal(fake[:, :LATENT_DIM], code["z"])
    np.testing.assert_array_equal(real[:, :LATENT_DIM], batch.prior["z"])
    plain = SETTINGS["supervised"]()
    real, _ = objective.judged(plain.discriminator_gauss, batch.prior, code, "z")
    assert real is batch.prior["z"]
    with pytest.raises(
        ValueError, match="2 dimensions: z; or 5 dimensions: z, and one for each class"
    ):
        models.SupervisedAAE(
            plain.encoder,
            plain.decoder,
            networks.build_discriminator(4, hidden_units=(8,), name="discriminator_gauss"),
            plain.gaussian_prior,
        )


def test_representation_is_head_plus_style(images):
    model = SETTINGS["dimensionality-reduction"]()
    code = model.encode(images / np.float32(255))
    (heads,) = model.cluster_head.get_weights()
    np.testing.assert_allclose(
        code["representation"], code["y"] @ heads + code["z"], rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(model.heads(), heads)


# The manual's additions.


def test_additions_are_off_unless_asked_for():
    plain = {term.name for term in SETTINGS["clustering"]().objective()}
    everything = {term.name for term in SETTINGS["clustering-with-everything"]().objective()}
    assert everything - plain == {"cyclic_loss", "z_penalty", "mode_loss", "mode_distance"}
    assert not hasattr(SETTINGS["clustering"](), "usage")


def test_modes_leave_the_moving_statistics_of_the_decoder_alone(element):
    """They are of decoded images; a weight of 1e-9 moves nothing by itself."""
    found = []
    for weight in (0.0, 1e-9):
        parts = tiny_networks(categories=NUM_CLUSTERS)
        parts["decoder"] = networks.build_convolutional_decoder(
            (6, 5, 1), NUM_CLUSTERS, LATENT_DIM, (4, 4), (8,), batch_norm=True, seed=2
        )
        model = tiny_model(
            parts, kind=models.ClusteringAAE, categories=NUM_CLUSTERS, mode_distance=weight
        )
        model.compile(jit_compile=False)
        model.fit(tf.data.Dataset.from_tensors(element).repeat(5), verbose=0)
        found.append([weight.numpy() for weight in model.decoder.non_trainable_variables])
    assert len(found[0]) >= 2
    for without, beside in zip(*found, strict=True):
        np.testing.assert_allclose(beside, without, rtol=1e-4, atol=1e-5)


def test_a_balanced_prior_draws_rare_categories_more_often(element):
    model = SETTINGS["clustering-with-everything"]()
    model.compile(jit_compile=False)
    model.usage.assign([0.7, 0.2, 0.1, 0.0])
    counts = np.zeros(NUM_CLUSTERS)
    for step in range(50):
        model.step.assign(step)
        counts += model.make_batch(tensors(element)).prior["y"].numpy().sum(axis=0)
    weights = 1 / (np.array([0.7, 0.2, 0.1, 0.0]) + 0.1 / NUM_CLUSTERS)
    # 2000 draws: a standard deviation of at most a hundredth
    np.testing.assert_allclose(counts / counts.sum(), weights / weights.sum(), atol=0.04)


def test_a_balanced_prior_has_no_shares_of_its_own():
    prior = priors.CategoricalPrior(NUM_CLUSTERS, [0.7, 0.1, 0.1, 0.1])
    parts = tiny_networks(categories=NUM_CLUSTERS)
    with pytest.raises(ValueError, match="draws categories by their use alone.*'shares'"):
        models.ClusteringAAE(*parts.values(), prior, priors.GaussianPrior(2), balanced_prior=True)


def test_usage_follows_the_codes(element):
    model = SETTINGS["clustering-with-everything"](input_noise=0.0)
    model.compile(*(keras.optimizers.SGD(1e-9) for _ in range(4)), jit_compile=False)
    y = model.encode(element[0]["unlabeled"] / np.float32(255))["y"].numpy().mean(axis=0)
    model.train_step(tensors(element))
    np.testing.assert_allclose(model.usage, 0.99 / NUM_CLUSTERS + 0.01 * y, rtol=1e-4)


@pytest.mark.parametrize(
    "kind, wrong, message",
    [
        ("clustering", {"cyclic_loss": -1.0}, "`cyclic_loss` must be at least 0"),
        ("dimensionality-reduction", {"head_threshold": 0.0}, "`head_threshold` must be above 0"),
        ("dimensionality-reduction", {"head_weight": -1.0}, "`head_weight` must be at least 0"),
        ("basic", {"input_dropout": 1.0}, "`input_dropout` must lie in"),
    ],
)
def test_numbers_out_of_range_are_refused(kind, wrong, message):
    with pytest.raises(ValueError, match=message):
        SETTINGS[kind](**wrong)


def test_metrics_are_refused_where_labels_do_not_teach_y(setting):
    model = SETTINGS[setting]()
    if model.latent_y == "class":
        model.compile(metrics=["accuracy"])
    else:
        with pytest.raises(ValueError, match="`metrics` compare labels with latent y"):
            model.compile(metrics=["accuracy"])


def test_the_cyclic_loss_leaves_moving_statistics_to_real_images(element):
    """They are the same with the loss and without, since only real images count."""
    found = []
    for weight in (0.0, 1.0):
        parts = tiny_networks(batch_norm=True, categories=NUM_CLUSTERS)
        model = tiny_model(
            parts, kind=models.ClusteringAAE, categories=NUM_CLUSTERS, cyclic_loss=weight
        )
        model.compile(*(keras.optimizers.SGD(1e-12) for _ in range(4)), jit_compile=False)
        for _ in range(3):
            model.train_step(tensors(element))
        norm = model.encoder.get_layer("encoder_hidden_0_norm")
        found.append([norm.moving_mean.numpy(), norm.moving_variance.numpy()])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5, atol=1e-7)


def test_the_cluster_head_must_be_as_wide_as_z():
    with pytest.raises(ValueError, match="`cluster_head` must be as wide as z, 2 dimensions"):
        SETTINGS["dimensionality-reduction"](
            cluster_head=networks.build_cluster_head(NUM_CLASSES, 1)
        )


def test_a_discriminator_must_be_as_wide_as_its_code():
    """One of y that takes y twice would see the codes' own beside itself, and samples not."""
    parts = tiny_networks() | {"discriminator_cat": discriminator("discriminator_cat", 6)}
    with pytest.raises(
        ValueError, match=r"`discriminator_cat` must take 3 dimensions: y. .*\(None, 6\)"
    ):
        tiny_model(parts)
    with pytest.raises(
        ValueError, match=r"`discriminator_gauss` must take 2 dimensions: z. .*\(None, 3\)"
    ):
        models.BasicAAE(
            encoder(0),
            decoder(0),
            discriminator("discriminator_gauss", 3),
            priors.GaussianPrior(2),
        )


def test_label_information_needs_components():
    parts = SETTINGS["label-informed"]()
    with pytest.raises(TypeError, match="must have components"):
        models.LabelInformedAAE(
            parts.encoder, parts.decoder, parts.discriminator_gauss, priors.GaussianPrior(2)
        )
    narrow = networks.build_discriminator(2, name="discriminator_gauss")
    with pytest.raises(ValueError, match="must take 6 dimensions"):
        models.LabelInformedAAE(parts.encoder, parts.decoder, narrow, parts.mixture_prior)


def test_an_encoder_that_fits_no_posterior_is_refused():
    image = keras.Input((6, 5, 1), name="image")
    flat = keras.layers.Flatten()(image)
    outputs = {"z_mean": keras.layers.Dense(2)(flat), "y_logits": keras.layers.Dense(3)(flat)}
    parts = tiny_model().get_config()
    with pytest.raises(ValueError, match="z_log_var"):
        tiny_model(
            {name: parts[name] for name in ("decoder", "discriminator_cat", "discriminator_gauss")}
            | {"encoder": keras.Model(image, outputs)}
        )
