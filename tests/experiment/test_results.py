"""Results of rows: which runs count, their statistics, and what becomes of goals."""

import dataclasses
import math

import numpy as np
import pytest

from aae_keras.errors import UserError
from aae_keras.experiment.configuration.presets import preset
from aae_keras.experiment.reproduction import results, summaries
from aae_keras.experiment.reproduction.results import Result, Runs
from aae_keras.experiment.reproduction.rows import Figure, Row, row_of
from aae_keras.experiment.run_folder import records
from aae_keras.experiment.run_folder.records import Record
from tests.made import RECORD, make_run, of_errors

ERROR = Figure("error_rate", "test error", goal=2.0, worst_goal=3.0)
DRAWN = Figure("generated_accuracy", "generated digits right", goal=97, more_is_better=True)
ROW = Row("digits", "50", (ERROR, DRAWN), labels_only=True, minutes=2)


def test_mean_deviation_and_worst_are_those_of_numpy(random):
    errors = random.random(7)
    found = summaries.summary(ERROR, of_errors(*errors))
    assert found.count == 7
    assert found.mean == pytest.approx(100 * np.mean(errors))
    assert found.stddev == pytest.approx(100 * np.std(errors, ddof=1))
    assert (found.worst, found.worst_seed) == (100 * errors.max(), errors.argmax())


def test_the_worst_of_an_accuracy_is_the_lowest():
    found = summaries.summary(DRAWN, of_errors(0.1, 0.3, 0.2))
    assert found.worst == pytest.approx(70) and found.worst_seed == 1


def test_one_seed_has_no_deviation_and_none_no_summary():
    assert summaries.summary(ERROR, of_errors(0.1)).stddev is None
    assert summaries.summary(ERROR, ()) is None
    assert summaries.summary(dataclasses.replace(ERROR, key="ece"), of_errors(0.1)) is None


@pytest.mark.parametrize(
    "errors, minutes, met",
    [
        ((0.015, 0.025), 2.0, [True, True, True]),
        ((0.010, 0.031), 2.1, [False, False, False]),
        # As printed: 2.004 is 2.00, 3.006 is 3.01.
        ((0.02004,), 1.0, [True, True, True]),
        ((0.001, 0.03006), 1.0, [True, False, True]),
        ((), 1.0, [None, None, None]),
    ],
)
def test_goals_of_mean_worst_seed_and_minutes(errors, minutes, met):
    found = summaries.goals(Runs(ROW, of_errors(*errors, minutes=minutes)), ERROR)
    assert [goal.met for goal in found] == met
    assert [goal.text for goal in found] == [
        "at most 2.00 %", "worst seed at most 3.00 %", "at most 2 minutes",
    ]  # fmt: skip


def test_an_accuracy_is_to_be_at_least_its_goal():
    (goal,) = summaries.goals(Runs(ROW, of_errors(0.03)), DRAWN)
    assert goal.text == "at least 97.00 %" and goal.met
    (goal,) = summaries.goals(Runs(ROW, of_errors(0.031)), DRAWN)
    assert goal.met is False


def test_a_share_of_what_labels_alone_give():
    figure = Figure("error_rate", "test error", share_of_labels_only=0.8)
    row = Row("digits", "50", (figure,), labels_only=True)
    for error, met in ((0.16, True), (0.161, False)):
        (goal,) = summaries.goals(Runs(row, of_errors(error), of_errors(0.1, 0.3)), figure)
        assert goal.met is met and goal.text == "at most 0.80 of labels alone"
    (goal,) = summaries.goals(Runs(row, of_errors(0.16)), figure)
    assert goal.met is None


def test_every_seed_there_is_counts(tmp_path):
    for seed, error in ((3, 0.01), (0, 0.02), (11, 0.05)):
        make_run(tmp_path / f"digits-seed{seed}", preset("digits", seed=seed), error)
    make_run(tmp_path / "digits-seed1", preset("digits", seed=1), trained=False, scored=False)
    make_run(tmp_path / "digits-seed2", preset("digits", seed=2), scored=False)
    alone = preset("digits", setting="labels-only")
    make_run(tmp_path / "digits-labels-only-seed0", alone, 0.13)
    found = results.collect(row_of("digits"), tmp_path)
    assert [result.seed for result in found.results] == [0, 3, 11]
    assert [result.scores["error_rate"] for result in found.results] == [0.02, 0.01, 0.05]
    assert {result.epochs for result in found.results} == {2}
    assert [result.scores["error_rate"] for result in found.labels_only] == [0.13]
    assert sorted(found.unfinished) == [1, 2] and found.seeds == [0, 1, 2, 3, 11]


def test_a_run_of_another_configuration_is_named_and_left_out(tmp_path, caplog):
    make_run(tmp_path / "digits-seed0", preset("digits", epochs=3))
    make_run(tmp_path / "digits-seed1", preset("digits"))  # a copy of seed 0
    make_run(tmp_path / "digits-seed2", preset("digits", seed=2, data_dir="x", draw_every=2))
    make_run(tmp_path / "digits-seed2-old", preset("digits", seed=2))
    found = results.collect(row_of("digits"), tmp_path)
    assert found.seeds == [2]
    assert "epochs is 3, not 30" in caplog.text and "seed is 0, not 1" in caplog.text


def test_damaged_files_are_named_and_left_out(tmp_path, caplog):
    run = make_run(tmp_path / "digits-seed0", preset("digits"))
    run.metrics_file.write_text("{")
    run = make_run(tmp_path / "digits-seed1", preset("digits", seed=1))
    (run.folder / records.FILE).write_text("[]")
    assert results.collect(row_of("digits"), tmp_path) == Runs(row_of("digits"))
    assert "python -m tools.evaluate --run_dir=" in caplog.text
    assert "reproduced.json is damaged" in caplog.text


def test_a_row_without_a_preset_has_no_runs(tmp_path):
    assert results.collect(dataclasses.replace(ROW, name="to-come"), tmp_path).seeds == []


def test_minutes_are_those_of_whole_commands(tmp_path):
    config = preset("digits")
    run = make_run(tmp_path / "a", config, record=dataclasses.replace(RECORD, seconds=90.0))
    assert results.read_result(run).minutes == 1.5
    # A minder that was killed had written less than the epochs took.
    run = make_run(tmp_path / "b", config, record=dataclasses.replace(RECORD, seconds=1.0))
    assert results.read_result(run).minutes == 0.1
    run = make_run(tmp_path / "c", config, record=None)
    assert results.read_result(run).minutes is None
    assert summaries.median_minutes(of_errors(0.1) + (Result(1, {}, 5),)) == 1.0
    assert summaries.median_minutes((Result(1, {}, 5),)) is None


def test_time_to_an_error_counts_all_stages_and_never_is_infinite():
    epochs = [{"seconds": 30.0}]  # a first stage, without labels
    epochs += [{"seconds": 30.0, "val_error_rate": error} for error in (0.05, 0.03, 0.029)]
    found = results.minutes_to_errors(epochs)
    assert found == {"minutes_to_3_percent": 1.5, "minutes_to_2_percent": math.inf}
    assert results.minutes_to_errors(epochs[:1]) == {}
    figure = Figure("minutes_to_2_percent", "time", unit="min", goal=3, worst_goal=3)
    runs_of_row = Runs(
        Row("digits", "", (figure,)), (Result(0, found, 4), Result(1, {figure.key: 2.0}, 4))
    )
    over_seeds = summaries.summary(figure, runs_of_row.results)
    assert (over_seeds.worst, over_seeds.worst_seed, over_seeds.stddev) == (math.inf, 0, None)
    assert figure.printed(over_seeds.worst) == "never" and figure.printed(2.04) == "2.0 min"
    assert [goal.met for goal in summaries.goals(runs_of_row, figure)] == [False, False]


def test_a_record_goes_on(tmp_path):
    first = Record(("a", "b"), "train", "m", 10.0, 2)
    first.write(tmp_path)
    assert records.read(tmp_path) == first and records.read(tmp_path / "none") is None
    second = Record(("b", "c"), "train", "m", 5.5)
    assert second.after(first) == Record(("a", "b", "c"), "train", "m", 15.5, 2)
    assert second.after(None) == second
    # What somebody else began has no time that could be told.
    assert second.after(records.UNKNOWN).seconds is None
    assert second.after(records.UNKNOWN).commits == ("not recorded", "b", "c")


def test_a_damaged_record_says_what_to_do(tmp_path):
    (tmp_path / records.FILE).write_text("{}")
    with pytest.raises(UserError, match="Delete it"):
        records.read(tmp_path)
