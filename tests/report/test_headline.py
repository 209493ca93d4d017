"""The scores of a report."""

import json
import pathlib
import re

import numpy as np
import pytest

from aae_keras.experiment.building import factory
from aae_keras.experiment.run_folder.runs import RunError
from aae_keras.experiment.scores import evaluation, scoring
from aae_keras.experiment.scores.outputs import apply_model
from aae_keras.report import headline
from aae_keras.report.scores import KINDS, Yardstick, judged


@pytest.fixture
def loaded(trained):
    run, data, model = factory.load_trained(trained.folder)
    rows = data.split.validation_rows
    outputs = apply_model(model, data.split.images[rows], data.split.labels[rows])
    return run, data, model, outputs


def test_means_over_images_are_the_scores(loaded):
    _, _, model, outputs = loaded
    scores = scoring.scores(model, outputs, outputs)
    rows = headline.per_image(model, outputs)
    assert rows.keys() == {"error_rate", "brier", "reconstruction_error"}
    for name, values in rows.items():
        assert values.mean() == pytest.approx(scores[name], rel=1e-5)


def test_scores_are_computed_where_none_are_written(loaded):
    made = headline.headline(*loaded, command="python -m tools.train")
    names = [score.name for score in made.scores]
    assert names[:3] == ["error_rate", "ece", "brier"]
    assert {score.test for score in made.scores} == {""}
    assert "nothing has been evaluated" in made.notes[0]
    assert ("made by", "python -m tools.train") in made.facts


def test_the_mean_image_is_judged_in_pieces(random, monkeypatch):
    monkeypatch.setattr(headline, "AT_ONCE", 7)
    images = random.integers(0, 256, (40, 5, 4, 3), dtype="uint8")
    pixels = images / 255
    expected = ((pixels - pixels.mean(axis=0)) ** 2).sum(axis=(1, 2, 3)).mean()
    assert headline._squared_error_of_the_mean(images) == pytest.approx(expected, rel=1e-6)


def test_written_scores_are_shown_with_those_of_test(loaded):
    run = loaded[0]
    written = evaluation.evaluate_run(run.folder)
    made = headline.headline(*loaded, command="")
    (error,) = (score for score in made.scores if score.name == "error_rate")
    assert error.text == f"{100 * written['validation']['error_rate']:.3g} %"
    assert error.test == f"{100 * written['test']['error_rate']:.3g} %"
    assert made.notes == ()


def test_scores_of_another_training_are_refused(loaded):
    run = loaded[0]
    written = evaluation.evaluate_run(run.folder)
    run.metrics_file.write_text(json.dumps(written | {"revision": "another"}))
    with pytest.raises(RunError, match="of another run.*Received: another"):
        headline.headline(*loaded, "")
    run.metrics_file.write_text("{")
    with pytest.raises(RunError, match="metrics.json is damaged"):
        headline.headline(*loaded, "")


def test_every_documented_score_can_be_shown():
    page = pathlib.Path("docs/scores.md").read_text()
    cells = re.findall(r"(?m)^\| (`.*?) \|", page.partition("## The history")[0])
    documented = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    helpers = {"mmd_of_prior", "log_likelihood_stderr", "parzen_width", "parzen_samples"}
    assert documented - helpers == KINDS.keys()


@pytest.mark.parametrize(
    "name, value, mark",
    [
        # Chance is wrong on 90 %: a tenth of that, four tenths, more.
        ("error_rate", 0.09, "good"),
        ("error_rate", 0.36, "fair"),
        ("error_rate", 0.37, "poor"),
        ("nmi", 0.9, "good"),
        ("nmi", 0.3, "poor"),
        ("clusters_used", 10, "good"),
        ("clusters_used", 4, "poor"),
        ("mmd", 0.01, "good"),
        ("mmd", 0.2, "poor"),
        # Of a style, chance is the ideal: 10 %.
        ("label_probe_accuracy", 0.15, "good"),
        ("label_probe_accuracy", 0.9, "poor"),
        ("log_likelihood", 300.0, ""),
    ],
)
def test_marks(name, value, mark):
    yardstick = Yardstick(chance=0.9, categories=10, has_y=True, mean_image=40.0, mmd_of_prior=0.01)
    assert judged(name, value, None, None, yardstick).mark == mark


def test_without_labels_no_score_claims_anything():
    assert judged("error_rate", 0.5, None, None, Yardstick()).mark == ""
    assert judged("reconstruction_error", 0.5, None, None, Yardstick(mean_image=np.nan)).mark == ""


def test_text_of_shares_and_numbers():
    made = judged("error_rate", 0.0815, (0.07, 0.09), 0.08, Yardstick(chance=0.9))
    assert (made.text, made.interval, made.test) == ("8.15 %", "7 % to 9 %", "8 %")
    assert judged("clusters_used", 7, None, None, Yardstick(categories=9)).text == "7"
