"""The rows of RESULTS.md: what they may not be, and that what they ask for can be run."""

import dataclasses

import pytest

from aae_keras.experiment.configuration.presets import PRESETS
from aae_keras.experiment.reproduction import results
from aae_keras.experiment.reproduction.rows import ABLATIONS, ROWS, Figure, Row, row_of

ERROR = Figure("error_rate", "test error")
PROBE = Figure("label_probe_accuracy", "label read from z")


@pytest.mark.parametrize(
    "build, message",
    [
        (
            lambda: Figure("ece", "calibration", unit="bits"),
            "one of %, nats, min. Received: unit",
        ),
        (lambda: Figure("ece", "calibration", share_of_labels_only=2), "share_of_labels_only=2"),
        (lambda: Row("x", "", (ERROR,), seeds=0), "at least 1. Received: seeds=0"),
        (lambda: Row("x", "", ()), "at least one figure"),
        (lambda: Row("x", "", (PROBE,), labels_only=True), "Received: label_probe_accuracy"),
        (
            lambda: Row("x", "", (dataclasses.replace(ERROR, share_of_labels_only=0.8),)),
            "for the first figure of a row with `labels_only`",
        ),
    ],
)
def test_a_row_that_cannot_be_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_names_are_unique_and_a_mistyped_one_gets_the_nearest():
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert row_of("digits").labels_only
    with pytest.raises(ValueError, match=r"Unknown row 'mnist-10O'. Did you mean mnist-100"):
        row_of("mnist-10O")


def test_the_readme_shows_what_it_has_room_for_each_by_a_name_of_its_own():
    shown = [row.readme for row in ROWS if row.readme]
    assert "digits (8x8), 50 labels" in shown and len(shown) <= 10
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in PRESETS], ids=lambda r: r.name)
def test_labels_are_there_where_labels_alone_are_run(row):
    config = results.config_of(row)
    assert row.labels_only <= config.learns_from_labels
    if row.labels_only:
        alone = results.config_of(row, 3, labels_only=True)
        assert alone.setting == "labels-only" and alone.learns_from_labels
        assert (alone.hidden_units, alone.num_labeled) == (config.hidden_units, config.num_labeled)
        assert (alone.preset, alone.seed) == (row.name, 3)


def test_a_figure_is_printed_in_its_unit():
    assert ERROR.printed(1.2) == "1.20 %"
    assert Figure("log_likelihood", "", unit="nats").printed(340.04) == "340.0 nats"


def test_labels_alone_have_neither_a_stage_before_nor_a_term_beside(monkeypatch):
    """Both would look at the unlabelled images."""
    more = {
        "pretrain": "clustering", "pretrain_epochs": 3, "conditional_entropy_weight": 0.5,
    }  # fmt: skip
    monkeypatch.setitem(PRESETS, "digits", PRESETS["digits"] | more)
    config = results.config_of(row_of("digits"))
    alone = results.config_of(row_of("digits"), labels_only=True)
    assert config.pretrain == "clustering" and "conditional_entropy" in config.extra_terms
    assert (alone.pretrain, alone.extra_terms) == ("", ())
    assert alone.conditional_entropy_weight == 0.1  # the default, or the term would be missed


@pytest.mark.parametrize("row", ABLATIONS, ids=lambda row: row.name)
def test_an_ablation_is_its_recipe_but_for_what_it_takes_away(row):
    whole, without = results.config_of(row_of(row.of)), results.config_of(row)
    other = {n for n, v in whole.to_dict().items() if without.to_dict()[n] != v}
    assert other >= row.changes.keys() and without.preset == row.of == row.preset
    # What else changes belongs to a term or a stage that is gone.
    assert all(name.startswith(("vat_", "pretrain", "conditional_", "marginal_")) for name in
               other - row.changes.keys())  # fmt: skip
    assert [figure.key for figure in row.figures] == [f.key for f in row_of(row.of).figures]
    assert all(figure.goal is None for figure in row.figures)
