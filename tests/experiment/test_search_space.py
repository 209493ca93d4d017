"""The fields that a search changes, those that follow them, and the short run of a trial."""

import dataclasses

import pytest

from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.presets import PRESETS, preset
from aae_keras.experiment.search.search_space import (
    SPACE,
    changed_fields,
    range_of,
    shortened,
    space_of,
)

TERMS = ("conditional_entropy", "marginal_entropy", "vat")


def test_a_field_is_searched_where_its_term_is_on():
    assert list(space_of(Config())) == ["reconstruction_rate", "input_noise"]
    assert list(space_of(Config(extra_terms=TERMS))) == [field.name for field in SPACE]
    assert "vat_radius" not in space_of(Config(extra_terms=TERMS[:2]))
    # A term of weight 0 is off: it has no factors to search by.
    off = Config(extra_terms=TERMS, conditional_entropy_weight=0.0)
    assert "conditional_entropy_weight" not in space_of(off)


def test_followers_keep_their_proportion():
    plus = preset("mnist-1000-plus")
    assert changed_fields(plus, {"conditional_entropy_weight": 0.0512}) == {
        "conditional_entropy_weight": 0.0512, "marginal_entropy_weight": 0.205,
    }  # fmt: skip
    names = ("reconstruction_rate", "classification_rate", "generator_rate")
    assert changed_fields(plus, {"reconstruction_rate": 0.003}) == dict.fromkeys(names, 0.003)
    # A generator whose rate is a tenth of the others.
    slow = preset("mnist-1000-plus", generator_rate=0.0002)
    assert changed_fields(slow, {"reconstruction_rate": 0.0021234}) == {
        "reconstruction_rate": 0.00212, "classification_rate": 0.00212, "generator_rate": 0.000212,
    }  # fmt: skip
    alone = Config(extra_terms=("conditional_entropy",))
    assert changed_fields(alone, {"conditional_entropy_weight": 0.05}) == {
        "conditional_entropy_weight": 0.05
    }


def test_the_range_holds_the_configured_value():
    def found(config):
        return {name: range_of(config, field) for name, field in space_of(config).items()}

    plus = found(preset("mnist-1000-plus"))
    assert plus["vat_radius"] == (0.1, 0.8) and plus["input_noise"] == (0.0, 0.3)
    assert plus["conditional_entropy_weight"] == (0.03, 0.3)
    assert plus["reconstruction_rate"] == pytest.approx((0.002 / 3, 0.006))
    assert found(preset("mnist-clusters-16"))["input_noise"] == (0.0, 0.8)
    assert found(Config(extra_terms=TERMS, vat_radius=0.05))["vat_radius"] == (0.05, 0.8)


@pytest.mark.parametrize("name", PRESETS)
def test_every_end_of_every_range_is_a_configuration(name):
    config = preset(name)
    for field in space_of(config).values():
        for value in range_of(config, field):
            dataclasses.replace(shortened(config), **changed_fields(config, {field.name: value}))


def test_a_trial_is_a_quarter_of_the_run_with_what_is_stated_in_epochs():
    short = shortened(preset("mnist-100-plus"))
    assert (short.epochs, short.pretrain_epochs) == (5, 2)
    config = Config(
        epochs=40, draw_every=5, rate_drops=(2, 30, 1000), extra_terms=TERMS,
        vat_fade=(0, 2), conditional_entropy_fade=(8, 20),
    )  # fmt: skip
    short = shortened(config)
    assert (short.epochs, short.draw_every, short.rate_drops) == (10, 0, (1, 8, 250))
    assert (short.vat_fade, short.conditional_entropy_fade) == ((0, 1), (2, 5))
    assert [shortened(Config(epochs=epochs)).epochs for epochs in (1, 2, 8, 9)] == [1, 2, 2, 3]
