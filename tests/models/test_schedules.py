"""Every schedule's gradients against plain tapes, and what may share an optimizer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aae_keras import models, networks
from aae_keras.models import Forward, Term
from aae_keras.models.fused import Reversal, backward_passes
from aae_keras.models.objective import adversarial_terms
from aae_keras.networks import upstream_variables
from aae_keras.phases import PHASES, SCHEDULES
from tests.models.plain import plain_gradients, step_on
from tests.tiny import LATENT_DIM, tiny_model, tiny_networks


def sgd():
    return keras.optimizers.SGD(1.0)


SHARING = {
    "none shared": lambda: dict(
        optimizer=sgd(), discriminator_optimizer=sgd(), generator_optimizer=sgd(),
        classification_optimizer=sgd(),
    ),
    "classification with reconstruction": lambda: dict(
        optimizer=sgd(), discriminator_optimizer=sgd(), generator_optimizer=sgd(),
        classification_optimizer="reconstruction",
    ),
    "adversaries together": lambda: dict(
        optimizer=sgd(), discriminator_optimizer=sgd(), generator_optimizer="discriminator",
        classification_optimizer=sgd(),
    ),
    "discriminator with reconstruction": lambda: dict(
        optimizer=sgd(), discriminator_optimizer="reconstruction", generator_optimizer=sgd(),
        classification_optimizer=sgd(),
    ),
    "all in one": lambda: dict(
        optimizer=sgd(), discriminator_optimizer="reconstruction",
        generator_optimizer="reconstruction", classification_optimizer="reconstruction",
    ),
}  # fmt: skip


COMPILED = {
    "plain": {"jit_compile": False},
    "updates": {"jit_compile": False, "jit_updates": True},
    "step": {"jit_compile": True},
}
PASSES = [
    *(("simultaneous", sharing) for sharing in SHARING),
    ("alternating", "none shared"),
    ("paired", "none shared"),
    ("paired", "classification with reconstruction"),
    ("paired", "adversaries together"),
]
# Compiling takes seconds: what is compiled how matters little to who shares with whom.
COMPILED_TOO = {"none shared", "all in one"}


def combinations(*schedules):
    """Schedule, sharing and compilation; most of the compiled ones are of the long suite."""
    for schedule, sharing in PASSES:
        for compiled in COMPILED:
            short = compiled == "plain" or sharing in COMPILED_TOO
            marks = () if short else pytest.mark.exhaustive
            if schedule in schedules:
                yield pytest.param(schedule, sharing, compiled, marks=marks)


def train_step(model):
    return tf.function(model.train_step, jit_compile=model.jit_compile, autograph=False)


@pytest.mark.parametrize("schedule, sharing, compiled", [*combinations("simultaneous")])
def test_simultaneous_gradients_equal_plain_tapes(element, schedule, sharing, compiled):
    weights = {"classification": 10.0, "generator": 0.5, "discriminator": 2.0}
    model = tiny_model()
    model.compile(
        **SHARING[sharing](),
        schedule=schedule,
        phase_weights=weights,
        **COMPILED[compiled],
    )
    element = tf.nest.map_structure(tf.constant, element)
    variables = model.trainable_variables
    expected = plain_gradients(model, model.make_batch(element), weights)
    before = [variable.numpy() for variable in variables]
    train_step(model)(element)
    for variable, old in zip(variables, before, strict=True):
        np.testing.assert_allclose(
            old - variable.numpy(), expected[id(variable)], rtol=2e-4, atol=2e-6,
            err_msg=variable.path,
        )  # fmt: skip


@pytest.mark.parametrize("schedule, sharing, compiled", [*combinations("alternating", "paired")])
def test_passes_equal_plain_tapes_one_after_the_other(element, schedule, sharing, compiled):
    weights = {"classification": 10.0, "generator": 0.5, "discriminator": 2.0}
    model, plain = tiny_model(), tiny_model()
    plain.set_weights(model.get_weights())
    plain.compile(jit_compile=False)  # only for its `make_batch`
    model.compile(
        **SHARING[sharing](), schedule=schedule, phase_weights=weights, **COMPILED[compiled]
    )
    element = tf.nest.map_structure(tf.constant, element)
    batch = plain.make_batch(element)
    for names in SCHEDULES[schedule]:
        gradients = plain_gradients(plain, batch, weights, names)
        for variable in plain.trainable_variables:
            if id(variable) in gradients:
                variable.assign_sub(gradients[id(variable)])
    before = model.get_weights()
    train_step(model)(element)
    for ours, theirs, old in zip(model.get_weights(), plain.get_weights(), before, strict=True):
        if ours.dtype == np.float32:
            np.testing.assert_allclose(ours - old, theirs - old, rtol=2e-4, atol=4e-6)


@keras.saving.register_keras_serializable(package="tests")
class Spread(keras.layers.Layer):
    """Of minibatch discrimination: how far the rows of a batch lie apart."""

    def call(self, x):
        spread = tf.reduce_mean(tf.math.reduce_std(x, axis=0))
        return tf.concat([x, tf.fill([tf.shape(x)[0], 1], spread)], axis=1)


@pytest.mark.parametrize("schedule", ["alternating", "simultaneous"])
def test_a_discriminator_that_mixes_rows_learns_what_plain_tapes_give(element, schedule):
    """Neither without the prior's samples nor by a gradient turned row by row."""
    found = []
    for fused in (True, False):
        parts = tiny_networks()
        inputs = keras.Input((3,), name="y")
        hidden = keras.layers.Dense(8, "relu", kernel_initializer=keras.initializers.HeNormal(1))
        last = keras.layers.Dense(1, kernel_initializer=keras.initializers.HeNormal(2), name="o")
        parts["discriminator_cat"] = keras.Model(inputs, last(Spread()(hidden(inputs))))
        model = tiny_model(parts)
        model.compile(**SHARING["none shared"](), schedule=schedule, fused=fused, jit_compile=False)
        model.train_step(tf.nest.map_structure(tf.constant, element))
        found.append(model.encoder.get_weights())
    for ours, plain in zip(*found, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-6)


class WithPenalty(models.SemiSupervisedAAE):
    """A user's setting: the generator has a term that no discriminator knows of."""

    def build_terms(self):
        penalty = Term(
            "penalty",
            phase="generator",
            loss=lambda forward: tf.reduce_sum(tf.square(forward.code["z"]), axis=-1),
            variables=upstream_variables(self.encoder, ["z"]),
        )
        return [*super().build_terms(), penalty]


def normalised_discriminator():
    code = keras.Input((LATENT_DIM,), name="code")
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(8, "relu")(code))
    return keras.Model(code, keras.layers.Dense(1)(hidden), name="discriminator_gauss")


@pytest.mark.parametrize("case", ["penalty", "normalised"])
@pytest.mark.parametrize("schedule", ["paired", "simultaneous"])
@pytest.mark.parametrize("sharing", ["none shared", "adversaries together"])
def test_a_generator_that_is_not_the_discriminator_turned_has_its_own_gradient(
    element, case, schedule, sharing
):
    networks = tiny_networks()
    if case == "normalised":
        keras.utils.set_random_seed(3)
        networks["discriminator_gauss"] = normalised_discriminator()
    made = tiny_model(networks)
    model = WithPenalty(**made.get_config()) if case == "penalty" else made
    model.compile(**SHARING[sharing](), schedule=schedule, jit_compile=False)
    assert not any(
        {"generator", "discriminator"} <= {phase.name for phase in passed}
        for passed in backward_passes(model.phases)
    )
    element = tf.nest.map_structure(tf.constant, element)
    batch, (first, *_) = model.make_batch(element), SCHEDULES[schedule][::-1]
    expected = {}
    with tf.GradientTape(persistent=True) as tape:
        forward = Forward(model, batch, training=True)
        losses = {
            term.name: tf.reduce_mean(term.loss(forward))
            for term in model.terms
            if term.phase in first
        }
    for term in model.terms:
        if term.phase in first:
            for variable, gradient in zip(
                term.variables, tape.gradient(losses[term.name], term.variables), strict=True
            ):
                expected[id(variable)] = expected.get(id(variable), 0) + gradient
    before = [variable.numpy() for variable in model.trainable_variables]
    step_on(model, batch, model.passes[-1:])
    for variable, old in zip(model.trainable_variables, before, strict=True):
        if id(variable) in expected:
            np.testing.assert_allclose(
                old - variable.numpy(), expected[id(variable)], rtol=2e-4, atol=2e-6,
                err_msg=variable.path,
            )  # fmt: skip


def test_every_schedule_takes_every_phase_once():
    for groups in SCHEDULES.values():
        assert sorted(name for names in groups for name in names) == sorted(PHASES)


class LeastSquares(models.SemiSupervisedAAE):
    """A user's game: squares in place of logs, so that one side is not the other turned."""

    def build_terms(self):
        judge = self.discriminator_gauss
        own = [
            Term(
                "discriminator_squares",
                phase="discriminator",
                loss=lambda forward: tf.square(forward.log_odds(judge, "z")[1])[:, 0],
                variables=judge.trainable_variables + self.encoder.trainable_variables,
            ),
            Term(
                "generator_squares",
                phase="generator",
                loss=lambda forward: tf.square(forward.log_odds(judge, "z")[1] - 1)[:, 0],
                variables=self.encoder.trainable_variables,
            ),
        ]
        return [term for term in super().build_terms() if "gauss" not in term.name] + own


@pytest.mark.parametrize("sharing", ["none shared", "adversaries together", "all in one"])
def test_other_games_and_variables_of_two_phases_have_their_own_gradients(element, sharing):
    """A discriminator's term that moves the encoder too is added to what other phases move."""
    element = tf.nest.map_structure(tf.constant, element)
    steps = []
    for fused in (True, False):
        model = tiny_model(kind=LeastSquares)
        model.compile(**SHARING[sharing](), schedule="simultaneous", fused=fused, jit_compile=False)
        before = model.get_weights()
        model.train_step(element)
        steps.append([new - old for new, old in zip(model.get_weights(), before, strict=True)])
    for fused, plain in zip(*steps, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-3, atol=2e-5)


def test_two_discriminators_of_one_code_judge_for_themselves(element):
    class Twice(models.SemiSupervisedAAE):
        def build_terms(self):
            return [
                *super().build_terms(),
                *adversarial_terms(self, "second", self.second, code="z"),
            ]

    model = tiny_model(kind=Twice)
    model.second = networks.build_discriminator(LATENT_DIM, hidden_units=(4,), name="second")
    model.compile(jit_compile=False)
    batch = model.make_batch(tf.nest.map_structure(tf.constant, element))
    forward = Forward(model, batch, training=True)
    first, second = (forward.log_odds(d, "z")[1] for d in (model.discriminator_gauss, model.second))
    assert np.abs(first - second).max() > 1e-3
    before = model.second.get_weights()
    model.train_step(element)
    assert any(np.any(a != b) for a, b in zip(before, model.second.get_weights(), strict=True))


def test_terms_of_one_name_or_of_foreign_variables_are_refused():
    class Doubled(models.SemiSupervisedAAE):
        def build_terms(self):
            return [*super().build_terms(), super().build_terms()[0]]

    with pytest.raises(ValueError, match="Received twice: reconstruction_loss"):
        tiny_model(kind=Doubled).compile()
    stranger = keras.layers.Dense(1)
    stranger.build((None, 2))

    class Foreign(models.Regularizer):
        def terms(self, model):
            return [Term("foreign", "reconstruction", None, stranger.trainable_variables)]

    with pytest.raises(ValueError, match="moves variables that are no part of the model"):
        tiny_model(extra_terms=[Foreign(1.0)]).compile()


def test_images_are_encoded_once_a_pass(element, monkeypatch):
    calls = []
    encode = models.SemiSupervisedAAE.encode
    monkeypatch.setattr(
        models.SemiSupervisedAAE,
        "encode",
        lambda *arguments, **keywords: calls.append(1) or encode(*arguments, **keywords),
    )
    # the unlabelled images in each pass but that of classification; the labelled ones once
    for schedule, expected in (("alternating", 4), ("paired", 3), ("simultaneous", 2)):
        model = tiny_model()
        model.compile(schedule=schedule, jit_compile=False)
        calls.clear()
        model.train_step(tf.nest.map_structure(tf.constant, element))
        assert len(calls) == expected, schedule


def test_reversal_turns_one_sides_gradient_into_the_others():
    codes = tf.constant([[-70.0], [-5.0], [0.3], [8.0]])
    slope = 2.5
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(codes)
        generator = tf.reduce_sum(tf.math.softplus(-slope * codes))
        reversal = Reversal()
        logits = slope * reversal(codes)
        reversal.logits = logits
        discriminator = tf.reduce_sum(tf.math.softplus(logits))
    np.testing.assert_allclose(
        tape.gradient(discriminator, codes)[1:], tape.gradient(generator, codes)[1:], rtol=1e-5
    )
    # a code the discriminator is certain of has no sound gradient left; it must stay finite
    assert np.isfinite(tape.gradient(discriminator, codes)).all()


def test_backward_passes_tie_what_shares_an_optimizer_and_the_two_adversaries():
    def names(**sharing):
        model = tiny_model()
        model.compile(schedule="simultaneous", **sharing)
        return [[phase.name for phase in passed] for passed in backward_passes(model.phases)]

    assert names() == [["reconstruction"], ["generator", "discriminator"], ["classification"]]
    assert names(classification_optimizer="reconstruction") == [
        ["reconstruction", "classification"],
        ["generator", "discriminator"],
    ]
    assert names(generator_optimizer="reconstruction") == [
        ["reconstruction", "generator", "discriminator"],
        ["classification"],
    ]


def test_a_shared_optimizer_survives_saving(element, tmp_path):
    model = tiny_model()
    model.compile(
        classification_optimizer="reconstruction",
        schedule="simultaneous",
        phase_weights={"classification": 10.0},
        jit_compile=False,
    )
    data = tf.data.Dataset.from_tensors(element).repeat(2)
    model.fit(data, verbose=0)
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    assert again.schedule == "simultaneous" and len(again.optimizers) == 3
    assert [phase.weight for phase in again.phases] == [1.0, 1.0, 1.0, 10.0]
    assert again.classification_optimizer is again.optimizer
    for trained in (model, again):
        trained.fit(data, verbose=0)
    for ours, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_shared_sgd_with_weights_is_two_optimizers_with_rates(element):
    """Exactly so for SGD of equal momentum: the velocities add up."""
    found = []
    for sharing in (
        {
            "optimizer": keras.optimizers.SGD(0.01, 0.9),
            "classification_optimizer": keras.optimizers.SGD(0.1, 0.9),
        },
        {
            "optimizer": keras.optimizers.SGD(0.01, 0.9),
            "classification_optimizer": "reconstruction",
            "phase_weights": {"classification": 10.0},
        },
    ):
        model = tiny_model()
        model.compile(**sharing, schedule="simultaneous", jit_compile=False)
        model.fit(tf.data.Dataset.from_tensors(element).repeat(20), verbose=0)
        found.append(model.get_weights())
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_weight_that_is_not_above_zero_is_refused():
    with pytest.raises(ValueError, match="must be above 0. Received: discriminator=0"):
        tiny_model().compile(phase_weights={"discriminator": 0})


def test_phases_that_step_by_themselves_refuse_a_shared_optimizer():
    with pytest.raises(ValueError, match="Received: the same one for reconstruction and class"):
        tiny_model().compile(classification_optimizer="reconstruction")
    with pytest.raises(
        ValueError, match="In the paired schedule .* for reconstruction and generator"
    ):
        tiny_model().compile(generator_optimizer="reconstruction", schedule="paired")
    with pytest.raises(ValueError, match="`schedule` must be one of alternating, paired"):
        tiny_model().compile(schedule="both")


def test_simultaneous_with_batch_normalisation_memorises_a_batch(images, labels):
    model = tiny_model(tiny_networks(batch_norm=True), input_noise=0.05)
    model.compile(schedule="simultaneous", jit_compile=False)
    data = tf.data.Dataset.from_tensors(({"unlabeled": images, "labeled": images}, labels))
    start = model.fit(data, verbose=0).history["reconstruction_loss"][0]
    model.fit(data.repeat(300), verbose=0)
    held_out = tf.data.Dataset.from_tensors((images, labels))
    scores = model.evaluate(held_out, return_dict=True, verbose=0)
    assert scores["error_rate"] == 0 and scores["reconstruction_loss"] < start


def test_jit_updates_compiles_the_updates_alone(element):
    def compiled_by_xla(**compilation):
        model = tiny_model()
        model.compile(**compilation)
        graph = tf.function(model.train_step, autograph=False).get_concrete_function(element).graph
        functions = [
            f for f in graph.as_graph_def().library.function if "_XlaMustCompile" in f.attr
        ]
        return sum(f.attr["_XlaMustCompile"].b for f in functions)

    assert compiled_by_xla(jit_compile=False) == 0
    assert compiled_by_xla(jit_compile=False, jit_updates=True) == 4  # an optimizer each
    model = tiny_model()
    model.compile(jit_compile=False, jit_updates=True)
    again = tiny_model()
    again.compile_from_config(model.get_compile_config())
    assert again.jit_updates and not again.jit_compile


def test_a_term_of_the_user_may_ask_a_discriminator_too(element):
    """The logits whose gradient is turned are for the two sides of the game alone."""

    class Outside(models.Regularizer):
        def terms(self, model):
            def loss(forward):
                _, fake = forward.log_odds(model.discriminator_gauss, "z")
                return keras.ops.softplus(-fake[:, 0])

            return [Term("outside", "reconstruction", loss, model.encoder.trainable_variables)]

    moved = []
    for fused in (True, False):
        model = tiny_model(extra_terms=[Outside(1.0)])
        model.compile(
            **SHARING["none shared"](), schedule="simultaneous", fused=fused, jit_compile=False
        )
        model.fit(tf.data.Dataset.from_tensors(element), verbose=0)
        moved.append(model.encoder.get_weights())
    for ours, theirs in zip(*moved, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
