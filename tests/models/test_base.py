"""The step: what moves, by how much, on what noise, and what is reported."""

import keras
import numpy as np
import pytest
import scipy.special
import sklearn.metrics
import tensorflow as tf

from aae_keras import losses, models, priors
from aae_keras.errors import DataError, UserError
from aae_keras.models import Forward
from tests.models.plain import step_on
from tests.tiny import LATENT_DIM, NUM_CLASSES, encoder, supervised, tiny_model, tiny_networks

ROLES = ("encoder", "decoder", "discriminator_cat", "discriminator_gauss")


def weights(model):
    return {role: [w.copy() for w in getattr(model, role).get_weights()] for role in ROLES}


def moved(before, after):
    return {
        role
        for role in ROLES
        if any(np.any(b != a) for b, a in zip(before[role], after[role], strict=True))
    }


def tensors(element):
    return tf.nest.map_structure(tf.constant, element)


def phase(model, name):
    return next(phase for phase in model.phases if phase.name == name)


@pytest.mark.parametrize(
    "name, owned",
    [
        ("reconstruction", {"encoder", "decoder"}),
        ("discriminator", {"discriminator_cat", "discriminator_gauss"}),
        ("generator", {"encoder"}),
        ("classification", {"encoder"}),
    ],
)
def test_a_phase_moves_only_the_networks_it_owns(model, element, name, owned):
    batch = model.make_batch(tensors(element))
    before = weights(model)
    step_on(model, batch, [[phase(model, name)]])
    assert moved(before, weights(model)) == owned


def test_classification_leaves_the_z_head_alone(model, element):
    head = model.encoder.get_layer("z")
    before = head.get_weights()
    batch = model.make_batch(tensors(element))
    step_on(model, batch, [[phase(model, "classification")]])
    np.testing.assert_array_equal(before[0], head.get_weights()[0])


def test_both_heads_of_the_encoder_play_the_generator(model, element):
    # an encoder output detached from the game would stand still
    before = [model.encoder.get_layer(name).get_weights()[0] for name in ("y_logits", "z")]
    batch = model.make_batch(tensors(element))
    step_on(model, batch, [[phase(model, "generator")]])
    after = [model.encoder.get_layer(name).get_weights()[0] for name in ("y_logits", "z")]
    assert all(np.any(b != a) for b, a in zip(before, after, strict=True))


def test_a_step_equals_the_papers_phases_written_out_by_hand(element):
    """A second implementation: plain tapes, momentum written out, gradients fresh each time."""
    model, twin = tiny_model(input_noise=0.2), tiny_model(input_noise=0.2)
    model.compile(jit_compile=False)
    twin.compile(jit_compile=False)  # only for its `make_batch`
    q, p = twin.encoder, twin.decoder
    d_cat, d_gauss = twin.discriminator_cat, twin.discriminator_gauss
    velocity = {}

    def descend(name, loss, variables, rate, momentum):
        with tf.GradientTape() as tape:
            value = loss()
        gradients = tape.gradient(value, variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            key = name, id(variable)
            velocity[key] = momentum * velocity.get(key, 0) - rate * gradient
            variable.assign_add(velocity[key])

    for _ in range(3):
        batch = twin.make_batch(tensors(element))
        n = len(batch.images)

        def code(x):
            out = q(x, training=True)
            return tf.nn.softmax(out["y_logits"]), out["z"]

        def reconstruction():
            y, z = code(batch.corrupted)
            drawn = tf.sigmoid(p({"y": y, "z": z})["image_logits"])
            return 0.5 * tf.reduce_sum((batch.images - drawn) ** 2) / n

        def discriminators():
            y, z = code(batch.corrupted)
            pairs = [(d_cat, batch.prior["y"], y), (d_gauss, batch.prior["z"], z)]
            return sum(
                -tf.reduce_mean(tf.math.log_sigmoid(d(real)))
                - tf.reduce_mean(tf.math.log_sigmoid(-d(fake)))
                for d, real, fake in pairs
            )

        def generator():
            y, z = code(batch.corrupted)
            return -tf.reduce_mean(tf.math.log_sigmoid(d_cat(y))) - tf.reduce_mean(
                tf.math.log_sigmoid(d_gauss(z))
            )

        def classification():
            logits = q(batch.labeled, training=True)["y_logits"]
            return tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(batch.labels, logits)
            )

        encoder = q.trainable_variables
        critics = d_cat.trainable_variables + d_gauss.trainable_variables
        y_part = [v for v in encoder if v.path.split("/")[0] != "z"]
        descend("r", reconstruction, encoder + p.trainable_variables, 0.01, 0.9)
        descend("d", discriminators, critics, 0.1, 0.1)
        descend("g", generator, encoder, 0.1, 0.1)
        descend("c", classification, y_part, 0.1, 0.9)
        twin.step.assign_add(1)
        model.train_step(tensors(element))

    for role in ROLES:
        for ours, theirs in zip(
            getattr(model, role).get_weights(), getattr(twin, role).get_weights(), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_discriminator_learns_that_prior_samples_are_real(model, element):
    batch = model.make_batch(tensors(element))
    code = Forward(model, batch, training=True).code["z"]

    def margin():
        critic = model.discriminator_gauss
        return float(tf.reduce_mean(critic(batch.prior["z"])) - tf.reduce_mean(critic(code)))

    before = margin()
    for _ in range(20):
        step_on(model, batch, [[phase(model, "discriminator")]])
    assert margin() > before + 0.1


def test_the_target_of_reconstruction_is_the_clean_image(element):
    model = tiny_model(input_noise=0.5)
    model.compile(jit_compile=False)
    batch = model.make_batch(tensors(element))
    np.testing.assert_allclose(batch.images, element[0]["unlabeled"] / np.float32(255))
    noise = (batch.corrupted - batch.images).numpy()
    assert abs(noise.std() - 0.5) < 0.03 and abs(noise.mean()) < 0.05
    forward = Forward(model, batch, training=True)
    expected = losses.half_squared_error(batch.images, forward.image_logits)
    term = next(term for term in model.objective() if term.name == "reconstruction_loss")
    np.testing.assert_array_equal(term.loss(forward), expected)


def test_noise_and_prior_samples_are_functions_of_seed_and_step(element):
    model, same, other = tiny_model(seed=1), tiny_model(seed=1), tiny_model(seed=2)
    for one in (model, same, other):
        one.compile(jit_compile=False)
    element = tensors(element)
    first = model.make_batch(element)
    np.testing.assert_array_equal(first.corrupted, same.make_batch(element).corrupted)
    np.testing.assert_array_equal(first.prior["y"], same.make_batch(element).prior["y"])
    model.step.assign_add(1)
    later = model.make_batch(element)
    for batch in (later, other.make_batch(element)):
        assert np.any(batch.corrupted != first.corrupted)
        assert np.any(batch.labeled != first.labeled)
        assert np.any(batch.prior["y"] != first.prior["y"])
        assert np.any(batch.prior["z"] != first.prior["z"])


def test_draws_of_one_step_do_not_repeat_each_other(images, labels):
    model = tiny_model(input_noise=1.0)
    model.compile(jit_compile=False)
    grey = np.full_like(images[:40], 100)
    batch = model.make_batch(tensors(({"unlabeled": grey, "labeled": grey}, labels[:40])))
    assert abs(np.corrcoef(np.ravel(batch.corrupted), np.ravel(batch.labeled))[0, 1]) < 0.15


def test_no_noise_means_the_image_itself(element):
    model = tiny_model(input_noise=0)
    model.compile(jit_compile=False)
    batch = model.make_batch(tensors(element))
    np.testing.assert_array_equal(batch.corrupted, batch.images)


def test_logs_are_means_over_the_epoch_not_the_last_batch(images, labels):
    model = tiny_model(input_noise=0)
    still = {
        f"{name}optimizer": keras.optimizers.SGD(0.0)
        for name in ("", "discriminator_", "generator_", "classification_")
    }
    model.compile(**still, jit_compile=False)
    elements = [
        ({"unlabeled": images[:20], "labeled": images[:10]}, labels[:10]),
        ({"unlabeled": images[20:40], "labeled": images[10:20]}, labels[10:20]),
        ({"unlabeled": images[40:], "labeled": images[20:30]}, labels[20:30]),
    ]
    data = tf.data.Dataset.from_generator(
        lambda: iter(elements),
        output_signature=tf.nest.map_structure(
            lambda a: tf.TensorSpec((None, *a.shape[1:]), a.dtype), elements[0]
        ),
    ).apply(tf.data.experimental.assert_cardinality(3))
    logs = {k: v[0] for k, v in model.fit(data, verbose=0).history.items()}
    code = model.encode(images / np.float32(255))
    drawn = model.decode(code)
    expected = np.mean(losses.half_squared_error(images / np.float32(255), drawn))
    np.testing.assert_allclose(logs["reconstruction_loss"], expected, rtol=1e-5)
    y = code["y"].numpy()[:30]
    np.testing.assert_allclose(
        logs["classification_loss"], sklearn.metrics.log_loss(labels[:30], y), rtol=1e-5
    )
    np.testing.assert_allclose(logs["error_rate"], np.mean(y.argmax(axis=1) != labels[:30]))
    parts = [value for name, value in logs.items() if name not in ("loss", "error_rate")]
    np.testing.assert_allclose(logs["loss"], sum(parts), rtol=1e-5)


def test_evaluation_weighs_every_image_alike_in_a_short_last_batch(model, images, labels):
    whole = tf.data.Dataset.from_tensor_slices((images, labels))
    one = model.evaluate(whole.batch(60), return_dict=True, verbose=0)
    several = model.evaluate(whole.batch(47), return_dict=True, verbose=0)
    assert one.keys() == several.keys()
    assert 0 <= one["error_rate"] <= 1
    for name in one:
        np.testing.assert_allclose(one[name], several[name], rtol=1e-5)
    expected = {"loss", "reconstruction_loss", "classification_loss", "error_rate"}
    assert one.keys() == expected


def test_evaluation_without_labels_reports_no_error(model, images):
    data = tf.data.Dataset.from_tensor_slices((images,)).batch(60)
    logs = model.evaluate(data, return_dict=True, verbose=0)
    assert logs.keys() == {"loss", "reconstruction_loss"}


def test_predict_gives_probabilities_of_uint8_and_of_unit_floats(model, images):
    found = model.predict(images, verbose=0)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    scaled = model.predict(images / np.float32(255), verbose=0)
    np.testing.assert_allclose(found, scaled, rtol=1e-5)
    logits = model.encoder(images / np.float32(255))["y_logits"]
    np.testing.assert_allclose(found, scipy.special.softmax(logits, axis=1), rtol=1e-5)


@pytest.mark.parametrize("batch_norm", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_one_batch_is_memorised(images, labels, batch_norm):
    model = tiny_model(tiny_networks(batch_norm), input_noise=0.05)
    model.compile(metrics=["accuracy"], jit_compile=False)
    data = tf.data.Dataset.from_tensors(({"unlabeled": images, "labeled": images}, labels))
    history = model.fit(data.repeat(300), epochs=1, verbose=0).history
    start = history["reconstruction_loss"][0]
    scores = model.evaluate(
        tf.data.Dataset.from_tensors((images, labels)), return_dict=True, verbose=0
    )
    assert scores["error_rate"] == 0 and scores["accuracy"] == 1
    assert scores["reconstruction_loss"] < start


def test_callbacks_and_metrics_of_keras_work(model, element, images, labels, tmp_path):
    model.compile(metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(3)])
    data = tf.data.Dataset.from_tensors(element)
    history = model.fit(
        data,
        validation_data=tf.data.Dataset.from_tensors((images, labels)),
        epochs=2,
        verbose=0,
        callbacks=[
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate),
            keras.callbacks.ReduceLROnPlateau(monitor="val_loss"),
            keras.callbacks.EarlyStopping(monitor="val_error_rate", mode="min"),
            keras.callbacks.ModelCheckpoint(
                tmp_path / "best.keras", monitor="val_loss", save_best_only=True
            ),
            keras.callbacks.TensorBoard(tmp_path / "logs", write_steps_per_second=True),
        ],
    ).history
    np.testing.assert_allclose(history["learning_rate"], [0.005, 0.0025])
    np.testing.assert_allclose(history["val_accuracy"], 1 - np.array(history["val_error_rate"]))
    assert history["val_sparse_top_k_categorical_accuracy"] == [1.0, 1.0]  # of three classes
    assert (tmp_path / "best.keras").exists()


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_steps_per_execution_gives_identical_weights(element, jit_compile):
    found = []
    for steps in (1, 2, 5):
        model = tiny_model()
        model.compile(steps_per_execution=steps, jit_compile=jit_compile)
        model.fit(tf.data.Dataset.from_tensors(element).repeat(4), epochs=2, verbose=0)
        found.append(weights(model))
        assert int(model.step) == 8
    assert moved(found[0], found[1]) == moved(found[0], found[2]) == set()


def test_each_phase_has_an_optimizer_of_its_own(model):
    assert model.optimizer is model.optimizers[0]
    rates = [optimizer.learning_rate.numpy() for optimizer in model.optimizers]
    assert rates == pytest.approx([0.01, 0.1, 0.1, 0.1])
    assert [o.momentum for o in model.optimizers] == [0.9, 0.1, 0.1, 0.9]
    shared = keras.optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="an optimizer of its own"):
        tiny_model().compile(optimizer=shared, generator_optimizer=shared)


def test_adam_is_expressible(element):
    model = tiny_model()
    slow = keras.optimizers.Adam(1e-4, beta_1=0.5)
    model.compile("adam", "adam", slow, "adam", jit_compile=False)
    before = weights(model)
    model.fit(tf.data.Dataset.from_tensors(element), verbose=0)
    assert moved(before, weights(model)) == set(ROLES)


def test_save_and_load_keep_outputs_optimizers_and_training(model, element, images, tmp_path):
    data = tf.data.Dataset.from_tensors(element).repeat(3)
    model.fit(data, verbose=0)
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict_on_batch(images), model.predict_on_batch(images))
    assert again.get_config().keys() == model.get_config().keys()
    assert [o.get_config() for o in again.optimizers] == [o.get_config() for o in model.optimizers]
    for ours, theirs in zip(model.optimizers, again.optimizers, strict=True):
        assert int(theirs.iterations) == 3
        for a, b in zip(ours.variables, theirs.variables, strict=True):
            np.testing.assert_array_equal(a, b)
    # and it goes on exactly where the first one does, step counter and noise included
    model.fit(data, verbose=0)
    again.fit(data, verbose=0)
    assert moved(weights(model), weights(again)) == set()


def test_load_model_refuses_what_it_cannot_read(tmp_path, model):
    with pytest.raises(ValueError, match=r"nowhere\.keras: there is no such file"):
        models.load_model(tmp_path / "nowhere.keras")
    model.save(tmp_path / "model.keras")
    (tmp_path / "cut.keras").write_bytes((tmp_path / "model.keras").read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"cut\.keras: not a readable model"):
        models.load_model(tmp_path / "cut.keras")
    model.encoder.save(tmp_path / "encoder.keras")
    with pytest.raises(ValueError, match="expected a model of aae_keras. Received: Functional"):
        models.load_model(tmp_path / "encoder.keras")


def with_prior(prior):
    """A model whose z is to follow a prior of a user's own."""
    return models.SemiSupervisedAAE(
        **tiny_networks(), categorical_prior=priors.CategoricalPrior(3), gaussian_prior=prior
    )


def test_a_class_that_is_not_imported_is_named_and_the_file_not_called_damaged(tmp_path):
    @keras.saving.register_keras_serializable(package="mine")
    class Own(priors.GaussianPrior):
        """A prior of a user's own."""

    with_prior(Own(LATENT_DIM)).save(tmp_path / "own.keras")
    assert isinstance(models.load_model(tmp_path / "own.keras").gaussian_prior, Own)
    objects = keras.saving.get_custom_objects()
    kept = objects.pop("mine>Own")
    try:
        with pytest.raises(UserError, match="names mine>Own, which no imported .*Import the mod"):
            models.load_model(tmp_path / "own.keras")
    finally:
        objects["mine>Own"] = kept


def test_a_configuration_of_living_parts_makes_a_model():
    model = tiny_model(input_noise=0.25)
    again = type(model).from_config(model.get_config())
    assert again.encoder is model.encoder and again.input_noise == 0.25


@pytest.mark.parametrize(
    "dtype, dim, message",
    [("float64", LATENT_DIM, ""), ("float32", 3, r"Own.sample must .*\(batch_size, 2\).*, 3\)")],
)
def test_a_prior_of_ones_own_draws_what_it_says_in_float32(element, dtype, dim, message):
    class Own(priors.Prior):
        def sample(self, batch_size, seed):
            return tf.zeros((batch_size, dim), dtype)

    model = with_prior(Own(LATENT_DIM))
    model.compile(jit_compile=False)
    if not message:
        assert model.make_batch(element).prior["z"].dtype == "float32"
        return
    with pytest.raises(ValueError, match=message):
        model.make_batch(element)


@pytest.mark.parametrize("schedule", ["alternating", "simultaneous"])
def test_an_encoder_that_is_frozen_whole_leaves_the_decoder_to_learn(element, schedule):
    model = tiny_model()
    model.encoder.trainable = False
    model.compile(jit_compile=False, schedule=schedule)
    before = weights(model)
    model.fit(tf.data.Dataset.from_tensors(element), verbose=0)
    assert moved(before, weights(model)) == {"decoder", "discriminator_cat", "discriminator_gauss"}


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="`input_noise` must be at least 0"):
        tiny_model(input_noise=-1)
    with pytest.raises(ValueError, match=r"`reconstruction` must be one of.*Received"):
        tiny_model(reconstruction="mse")
    with pytest.raises(ValueError, match=r"prior of z must have as many dimensions"):
        models.SemiSupervisedAAE(
            **tiny_networks(),
            categorical_prior=priors.CategoricalPrior(3),
            gaussian_prior=priors.GaussianPrior(LATENT_DIM + 1),
        )
    with pytest.raises(NotImplementedError, match="must define `build_terms`"):
        models.AdversarialModel(encoder(0)).compile()


def test_layers_frozen_before_compile_stay(element):
    model = tiny_model()
    frozen = model.encoder.get_layer("encoder_hidden_0")
    frozen.trainable = False
    model.compile(jit_compile=False)
    before = frozen.get_weights()
    model.fit(tf.data.Dataset.from_tensors(element), verbose=0)
    np.testing.assert_array_equal(before[0], frozen.get_weights()[0])


def test_what_a_step_would_leave_out_is_refused(model, element):
    parts = tiny_networks()
    hidden = keras.layers.Dense(3, kernel_regularizer="l2", name="y_logits")
    image = parts["encoder"].inputs[0]
    z = parts["encoder"].output["z"]
    flat = keras.layers.Flatten()(image)
    parts["encoder"] = keras.Model(image, {"y_logits": hidden(flat), "z": z})
    with pytest.raises(ValueError, match="`encoder` has regularizers"):
        tiny_model(parts).compile()
    with pytest.raises(ValueError, match="leave `loss` and `loss_weights` out"):
        model.compile(loss="mse")
    with pytest.raises(ValueError, match="`phase_weights` must have keys among.*generatr"):
        model.compile(phase_weights={"generatr": 2.0})
    with pytest.raises(ValueError, match="`use_ema` is not supported.*classification phase"):
        model.compile(classification_optimizer=keras.optimizers.SGD(use_ema=True))
    for scaled in (
        keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()),
        keras.optimizers.SGD(loss_scale_factor=1000.0),
    ):
        with pytest.raises(ValueError, match="Scaled losses are not supported.*mixed_bfloat16"):
            model.compile(generator_optimizer=scaled)


@pytest.mark.parametrize("nested", [False, True])
def test_a_network_in_float16_is_refused(nested):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        image = keras.Input((6, 5, 1), name="image")
        flat = keras.layers.Flatten()(image)
        if nested:
            inner = keras.Input((30,))
            flat = keras.Model(inner, keras.layers.Dense(4)(inner))(flat)
            keras.config.set_dtype_policy("float32")
        heads = {"y_logits": keras.layers.Dense(3)(flat), "z": keras.layers.Dense(2)(flat)}
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(ValueError, match="`encoder` computes in float16.*mixed_bfloat16"):
        models.LabelsOnly(keras.Model(image, heads)).compile()


def test_a_head_in_bfloat16_is_refused():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        flat = keras.layers.Flatten()(image := keras.Input((6, 5, 1), name="image"))
        hidden = keras.layers.Dense(8)(flat)
        z = keras.layers.Dense(2, dtype="float32")(hidden)
        heads = [keras.layers.Dense(3, dtype=dtype)(hidden) for dtype in ("float32", None)]
    finally:
        keras.config.set_dtype_policy("float32")
    models.LabelsOnly(keras.Model(image, {"y_logits": heads[0], "z": z}))
    with pytest.raises(ValueError, match="`encoder` must end in float32.*y_logits in bfloat16"):
        models.LabelsOnly(keras.Model(image, {"y_logits": heads[1], "z": z}))


def test_labels_only_ignores_the_unlabelled_images(element, images, labels):
    found = []
    for unlabeled in (images[:40], 255 - images[:40]):
        model = models.LabelsOnly(tiny_networks()["encoder"], seed=0)
        model.compile(classification_optimizer=keras.optimizers.SGD(0.1), jit_compile=False)
        data = tf.data.Dataset.from_tensors(({**element[0], "unlabeled": unlabeled}, element[1]))
        held_out = tf.data.Dataset.from_tensors((images, labels))
        logs = model.fit(data.repeat(30), validation_data=held_out, verbose=0).history
        found.append(model.encoder.get_weights())
    assert [phase.name for phase in model.phases] == ["classification"]
    assert logs["val_error_rate"][0] < 0.2 and "reconstruction_loss" not in logs
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_labels_only_measures_its_statistics_on_labelled_images(element, images):
    """Those of the averaged network would else be of the images that it does without."""
    found = []
    for unlabeled in (images[:40], 255 - images[:40]):
        network = encoder(NUM_CLASSES, batch_norm=True)
        model = models.LabelsOnly(network, seed=0, encoder_average=0.5)
        model.compile(classification_optimizer=keras.optimizers.SGD(0.1), jit_compile=False)
        data = tf.data.Dataset.from_tensors(({**element[0], "unlabeled": unlabeled}, element[1]))
        model.fit(data.repeat(30), verbose=0)
        found.append(model.predict(images, verbose=0))
    np.testing.assert_array_equal(*found)


def test_labels_of_few_bits_are_class_numbers(images, labels):
    model = supervised(seed=0)
    model.compile(jit_compile=False)
    inputs = {"unlabeled": images, "labeled": images}
    data = tf.data.Dataset.from_tensors((inputs, labels.astype("int16")))
    assert np.isfinite(model.fit(data, verbose=0).history["loss"]).all()


def test_a_loss_within_a_network_is_refused(element):
    class Louder(keras.layers.Layer):
        def call(self, x):
            self.add_loss(keras.ops.mean(x))
            return x

    for layer in (keras.layers.Dense(4, activity_regularizer="l2"), Louder()):
        image = keras.Input((6, 5, 1), name="image")
        flat = layer(keras.layers.Flatten()(image))
        heads = {"y_logits": keras.layers.Dense(3)(flat), "z": keras.layers.Dense(2)(flat)}
        model = models.LabelsOnly(keras.Model(image, heads))
        with pytest.raises(ValueError, match="`encoder` has regularizers or activity losses"):
            model.compile()


def test_phase_weights_of_a_phase_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match="has the phases reconstruction, .*Received: classificat"):
        supervised().compile(phase_weights={"classification": 5})


def test_rows_of_another_size_are_refused_and_flat_ones_are_images(model, images):
    """30 pixels an image: 20 values a row would become two thirds as many images."""
    flat = images.reshape(60, 30)
    np.testing.assert_allclose(model.predict(flat, verbose=0), model.predict(images, verbose=0))
    with pytest.raises(DataError, match=r"must have shape \(n, 6, 5, 1\).*\(30, 20\)"):
        model.to_images(tf.zeros((30, 20)))


def test_compiling_again_reports_nothing_twice(model, images, labels):
    model.compile(jit_compile=False)
    model.compile(jit_compile=False)
    names = [metric.name for metric in model.metrics]
    assert len(names) == len(set(names))
