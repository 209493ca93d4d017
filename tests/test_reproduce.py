"""`tools.reproduce`: the text of its tables, what it runs, and a run that was interrupted."""

import dataclasses
import fcntl
import json
import pathlib
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from aae_keras.errors import UserError
from aae_keras.experiment.configuration.presets import preset
from aae_keras.experiment.reproduction import results
from aae_keras.experiment.reproduction.results import Runs
from aae_keras.experiment.reproduction.rows import ABLATIONS, ROWS, Figure, Row, row_of
from aae_keras.experiment.run_folder import records, runs
from tests.made import RECORD, make_run, of_errors
from tools import cli, reproduce
from tools.benchmarks import measure
from tools.reproduction import plan, running, tables

ERROR = Figure("error_rate", "test error", paper="1.90 ± 0.10 %", goal=2.0, worst_goal=3.0)
DRAWN = Figure("generated_accuracy", "generated digits right", goal=97, more_is_better=True)
ROW = Row("digits", "50", (ERROR, DRAWN), seeds=2, labels_only=True, readme="digits, 50 labels")
LACKING = Row("to-come", "10", (ERROR,), readme="to come")


def cells(page, name, line=0):
    """The cells of a row's line in the first table of a page."""
    table = page.split("\n## ")[0].splitlines()
    first = next(number for number, text in enumerate(table) if text.startswith(f"| `{name}`"))
    return [cell.strip() for cell in table[first + line].split("|")[1:-1]]


def at_commit(found, commit):
    """The same results, made at another commit."""
    record = dataclasses.replace(RECORD, commits=(commit,))
    return tuple(dataclasses.replace(result, record=record) for result in found)


def test_a_row_shows_its_figures_and_what_became_of_its_goals():
    page = tables.results_page([Runs(ROW, of_errors(0.01, 0.02), of_errors(0.2, 0.1))])
    assert cells(page, "digits") == [
        "`digits`", "50", "test error", "1.50 ± 0.71 %", "2 of 2", "2.00 % (seed 1)",
        "15.00 ± 7.07 %", "1.90 ± 0.10 %", "",
        "at most 2.00 %: met; worst seed at most 3.00 %: met", "1.0", "5",
    ]  # fmt: skip
    assert cells(page, "digits", 1)[2:6] == [
        "generated digits right", "98.50 ± 0.71 %", "2 of 2", "98.00 % (seed 1)",
    ]  # fmt: skip
    assert "| `digits` | 1 | 2.00 %; 98.00 % | 10.00 % | 1.0 | 5 | abc1234 |" in page
    assert "* Machine: a machine.\n* Commit: abc1234.\n" in page and "several" not in page


def test_a_missed_goal_is_marked():
    page = tables.results_page([Runs(ROW, of_errors(0.01, 0.04))])
    assert cells(page, "digits")[9] == (
        "at most 2.00 %: **missed**; worst seed at most 3.00 %: **missed**"
    )
    assert cells(page, "digits", 1)[9] == "at least 97.00 %: met"


def test_fewer_seeds_than_the_row_states_have_not_met_its_goal():
    page = tables.results_page([Runs(ROW, of_errors(0.01), of_errors(0.2, 0.1))])
    assert cells(page, "digits")[3:5] == ["1.00 %", "1 of 2"]
    assert cells(page, "digits")[6] == "15.00 ± 7.07 % (2 seeds)"
    assert "at most 2.00 %: met so far" in page


def test_what_was_not_run_is_there_and_says_so():
    page = tables.results_page([Runs(ROW), Runs(LACKING)])
    assert cells(page, "digits")[3:5] == ["not run", "0 of 2"]
    assert cells(page, "to-come")[9] == "at most 2.00 %; worst seed at most 3.00 %"
    assert "Presets yet to come: `to-come`" in page and "Every seed" not in page


def test_a_run_that_has_not_ended_is_not_hidden():
    page = tables.results_page([Runs(ROW, of_errors(0.01), (), (4,), (0,))])
    assert "| `digits` | 0 | 1.00 %; 99.00 % | not finished | 1.0 | 5 | abc1234 |" in page
    assert "| `digits` | 4 | not finished | not run |  |  |  |" in page
    assert cells(tables.results_page([Runs(ROW, (), (), (4,))]), "digits")[3] == "not finished"


def test_runs_of_several_commits_are_told_apart():
    first, second = of_errors(0.01, 0.02)
    mixed = Runs(ROW, (first, *at_commit([second], "def5678-dirty")))
    other = Runs(dataclasses.replace(ROW, name="mnist-100"), at_commit(of_errors(0.1), "def5678"))
    page = tables.results_page([mixed, other])
    assert (
        "* **`digits` has runs of several commits**: abc1234: seeds 0; def5678-dirty: seeds 1.\n"
        in page
    )
    assert "* Commit: abc1234 (digits).\n* Commit: def5678-dirty (digits).\n" in page
    assert "* Commit: def5678 (mnist-100).\n" in page


def test_minutes_say_how_many_runs_shared_the_machine():
    (result,) = of_errors(0.01, minutes=3.0)
    shared = dataclasses.replace(result, record=dataclasses.replace(result.record, at_once=2))
    assert tables.minutes([result]) == "3.0" and tables.minutes([shared]) == "3.0 (2 at once)"
    of_three = dataclasses.replace(shared, record=dataclasses.replace(shared.record, at_once=3))
    assert tables.minutes([shared, of_three, shared]) == "3.0 (2 or 3 at once)"
    slower = dataclasses.replace(shared, record=dataclasses.replace(shared.record, seconds=900.0))
    assert tables.minutes([result, slower, slower]) == "3.0"  # that made alone is what counts
    assert tables.minutes([dataclasses.replace(result, record=records.UNKNOWN)]) == ""


def test_notes_are_appended_as_they_are():
    notes = "Tried for `digits`:\n\n* longer training | 3.1 %\n"
    assert tables.results_page([Runs(ROW)], notes).endswith(f"\n## Notes\n\n{notes}")
    assert "Notes" not in tables.results_page([Runs(ROW)])


def test_the_readme_shows_its_rows_that_were_run_on_lines_of_its_width():
    unflagged = Runs(dataclasses.replace(ROW, readme=""), of_errors(0.5))
    block = tables.readme_block([Runs(ROW, of_errors(0.01, 0.02)), Runs(LACKING), unflagged])
    lines = block.splitlines()
    assert lines[2] == "| digits, 50 labels | 1.50 ± 0.71 % (2 seeds) |  | 1.90 ± 0.10 % | 1.0 |"
    assert "at commit abc1234. `python -m tools.reproduce --rows=ROW" in " ".join(lines)
    assert max(map(len, lines)) <= 120 and lines[3] == ""
    assert tables.readme_block([Runs(ROW), unflagged]) == ""


def test_filling_the_readme_twice_is_filling_it_once():
    readme = f"# Title\n\n{tables.README_BEGIN}\nold\n{tables.README_END}\n\nbelow\n"
    once = tables.filled(readme, "| new |\n")
    begin, end = tables.README_BEGIN, tables.README_END
    assert once == f"# Title\n\n{begin}\n\n| new |\n\n{end}\n\nbelow\n"
    assert tables.filled(once, "| new |\n") == once
    with pytest.raises(UserError, match="Received: a README without them"):
        tables.filled(readme.replace(tables.README_END, ""), "x")


def test_our_readme_has_the_markers_around_its_table():
    text = pathlib.Path("README.md").read_text()
    assert re.search(r"(?s)## Results\s+<!-- results -->\s+\|.*\|.*<!-- /results -->\n", text)
    assert tables.filled(text, "x").count("x") == tables.filled(text, "").count("x") + 1


WITHOUT = Row(
    "digits-without-vat", "50", (ERROR, DRAWN), seeds=2, of="digits", changes={"epochs": 4}
)


def test_what_is_taken_away_has_a_table_of_its_own_below_the_whole():
    page = tables.results_page([Runs(ROW, of_errors(0.01)), Runs(WITHOUT, of_errors(0.03))])
    lines = page.splitlines()
    start = lines.index("## What each part of `digits` brings")
    assert "--rows=digits --ablations " in " ".join(lines[start : start + 5])
    assert lines[start + 7 : start + 9] == [
        "| nothing | 1.00 % | 99.00 % | 1 | 1.0 | 5 |",
        "| vat | 3.00 % | 97.00 % | 1 | 1.0 | 5 |",
    ]
    first = page[: page.index("\n## ")]
    assert "without" not in first and "| `digits-without-vat` | 0 | 3.00 %" in page
    assert "--run_dir=runs/digits-without-vat-seedS" in page
    unrun = tables.results_page([Runs(ROW, of_errors(0.01)), Runs(WITHOUT)])
    assert "without" not in unrun


def test_ablations_are_run_where_they_are_asked_for(tmp_path):
    rows = reproduce.ablations_of([row_of("mnist-100-plus")])
    assert {row.of for row in rows} == {"mnist-100-plus"} and len(rows) >= 9
    assert len(reproduce.ablations_of([])) == len(ABLATIONS)
    with pytest.raises(cli.Usage, match="--ablations has none of digits"):
        reproduce.ablations_of([row_of("digits")])
    jobs = plan.jobs_of([WITHOUT], None, tmp_path)
    assert [job.name for job in jobs] == ["digits-without-vat-seed0", "digits-without-vat-seed1"]
    assert jobs[0].config == preset("digits", epochs=4)


def test_the_plan_skips_resumes_evaluates_and_begins(tmp_path):
    jobs = plan.jobs_of([row_of("digits")], [0, 1], tmp_path)
    assert [job.name for job in jobs] == [
        "digits-seed0", "digits-labels-only-seed0", "digits-seed1", "digits-labels-only-seed1",
    ]  # fmt: skip
    make_run(jobs[0].folder, jobs[0].config)
    make_run(jobs[1].folder, jobs[1].config, scored=False)
    make_run(jobs[2].folder, jobs[2].config, trained=False, scored=False)
    (jobs[2].folder / "backup" / "epoch-000002").mkdir(parents=True)
    states = [job.state() for job in jobs]
    assert states == ["done", "evaluate", "resume", "begin"]
    calls = [job.commands(state) for job, state in zip(jobs, states, strict=True)]
    assert [[tool for tool, _ in call] for call in calls] == [
        [], ["evaluate"], ["train", "evaluate"], ["train", "evaluate"],
    ]  # fmt: skip
    assert "--resume" in calls[2][0][1] and "--resume" not in calls[3][0][1]
    assert calls[3][0][1] == [
        "--preset=digits", "--setting=labels-only", "--seed=1", f"--run_dir={jobs[3].folder}",
    ]  # fmt: skip


def test_photos_that_have_been_moved_are_scored_where_they_lie_now(tmp_path):
    jobs = plan.jobs_of([row_of("photos-1000")], [0], tmp_path, "data", "moved/photos")
    for job in jobs:
        ((tool, arguments),) = job.commands("evaluate")
        assert tool == "evaluate" and "--dataset=moved/photos" in arguments


def test_a_machine_without_git_has_no_commit_and_reproduces_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert measure.commit() == "unknown"


@pytest.mark.parametrize(
    "script, message",
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "nothing .killed by SIGILL"),
        ("raise ImportError('no such wheel')", "ImportError: no such wheel$"),
    ],
)
def test_a_tensorflow_that_does_not_start_is_one_message(monkeypatch, script, message):
    monkeypatch.setattr(running, "VERSIONS", script)
    with pytest.raises(UserError, match=f"^TensorFlow cannot be loaded: .*{message}"):
        running.machine()


def test_as_many_seeds_as_the_row_states():
    jobs = plan.jobs_of([row_of("digits"), row_of("mnist-style")], None, "runs", "tfds")
    assert len(jobs) == 2 * 10 + 2 and jobs[-1].config.data_dir == "tfds"
    assert jobs[0].config.data_dir == ""  # its data is in scikit-learn
    with pytest.raises(ValueError, match="`seed` must lie in"):
        plan.jobs_of([row_of("digits")], [-1], "runs")


def test_a_run_of_another_configuration_is_not_taken_for_the_rows(tmp_path):
    (job, _) = plan.jobs_of([row_of("digits")], [0], tmp_path)
    make_run(job.folder, preset("digits", epochs=3))
    with pytest.raises(runs.RunError, match="epochs is 3, not 30. Move it away"):
        job.state()
    failed, said = [], []
    failed = running.run_all([job], 1, None, lambda job, error: said.append(error))
    assert failed == ["digits-seed0"] and "epochs is 3, not 30" in said[0]


def test_commands_have_names_in_place_of_paths_and_make_the_configuration():
    row = row_of("mnist-100")
    assert plan.command_of(row, "S", labels_only=True) == (
        "python -m tools.train --preset=mnist-100 --setting=labels-only --data_dir=DATA_DIR "
        "--seed=S"
    )
    changes = {"hidden_units": (5, 6)}
    photos = dataclasses.replace(row_of("photos-1000"), name="mnist-2d-100", changes=changes)
    command = plan.command_of(photos, 3, labels_only=True)
    assert command == (
        "python -m tools.train --preset=mnist-2d-100 --setting=labels-only --dataset=PHOTOS_DIR "
        "--hidden_units=5,6 --seed=3"
    )
    script = (
        "import sys; from tools import cli; t = cli.Tool('t', ''); t.config_flags();"
        "t.flag(str, 'config', '', '');"
        "t.define(); cli.FLAGS(sys.argv); print(cli.config_from_flags().to_yaml())"
    )
    flags = command.split()[3:]
    done = subprocess.run([sys.executable, "-c", script, *flags], capture_output=True, text=True)
    expected = results.config_of(photos, 3, labels_only=True, photos_dir="PHOTOS_DIR")
    assert done.stdout.strip() == expected.to_yaml().strip(), done.stderr


def test_every_row_has_its_line_in_the_results_of_an_empty_folder(tmp_path, capsys):
    (tmp_path / "README.md").write_text("<!-- results -->\nas it is\n<!-- /results -->\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "results_notes.md").write_text("Tried.\n")
    reproduce.reproduce([], runs_dir=str(tmp_path / "runs"), documents=str(tmp_path))
    page = (tmp_path / "RESULTS.md").read_text()
    assert all(cells(page, row.name)[3] == "not run" for row in ROWS)
    assert page.endswith("## Notes\n\nTried.\n") and str(tmp_path) not in page
    assert "as it is" in (tmp_path / "README.md").read_text()
    assert capsys.readouterr().out == f"{tmp_path}/RESULTS.md\n"


def test_the_tables_are_of_all_runs_there_are(tmp_path, capsys):
    readme = tmp_path / "README.md"
    readme.write_text("<!-- results -->\nold\n<!-- /results -->\n")
    for seed in (0, 7):
        make_run(tmp_path / "runs" / f"digits-seed{seed}", preset("digits", seed=seed), 0.03)
    for _ in range(2):
        reproduce.reproduce([], runs_dir=str(tmp_path / "runs"), documents=str(tmp_path))
        page = (tmp_path / "RESULTS.md").read_text()
        assert cells(page, "digits")[3:5] == ["3.00 ± 0.00 %", "2 of 10"]
        assert readme.read_text().count("digits (8x8), 50 labels") == 1
        assert "old" not in readme.read_text()


def test_the_commit_is_that_of_the_code(tmp_path, monkeypatch):
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y.z"]
    monkeypatch.chdir(tmp_path)
    assert measure.commit() == "unknown"
    for name in ("aae_keras", "tools"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "code.py").touch()
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    (tmp_path / "RESULTS.md").touch()  # what the tool writes itself
    assert measure.commit() == head[:7]
    (tmp_path / "tools" / "new.py").touch()
    assert measure.commit() == f"{head[:7]}-dirty"


def test_a_run_that_another_process_makes_is_left_to_it(tmp_path, monkeypatch):
    (job, _) = plan.jobs_of([row_of("digits")], [0], tmp_path)
    monkeypatch.setattr(running, "machine", lambda: "a machine")
    said = []
    with open(tmp_path / "digits-seed0.log", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        failed = running.run_all([job], 1, None, lambda job, error: said.append(error))
    assert failed == ["digits-seed0"] and said == [
        "Another process works on it. Wait for its end, or stop it."
    ]


def test_a_run_that_the_disk_refuses_does_not_end_the_others(tmp_path):
    (tmp_path / "file").write_text("no folder")
    jobs = [
        plan.jobs_of([row_of("digits")], [0], str(tmp_path / name))[0] for name in ("file", "file")
    ]
    said = []
    failed = running.run_all(jobs, 1, None, lambda job, error: said.append(error))
    assert failed == ["digits-seed0"] * 2 and all("file" in error for error in said)


# The tool with a table of its own, its rows cut to what a test has time for.
SCRIPT = """
    import dataclasses
    from aae_keras.experiment.reproduction.rows import row_of
    from tools import cli, reproduce

    tool = cli.Tool("reproduce", "")
    other = dict(labels_only=False, changes={changes!r})
    rows = [dataclasses.replace(row_of(name), **other) for name in {names}]
    tool.main(lambda _: reproduce.reproduce(
        rows, [0], table=rows, data_dir="none", runs_dir={runs!r}, documents={documents!r},
        at_once=2,
    ))
    tool.run()
"""
CHANGES = {
    "hidden_units": (8,), "latent_dim": 2, "jit_compile": "off", "epochs": 60,
    "batch_size": 400, "steps_per_execution": 1,
}  # fmt: skip


def start(tmp_path, names):
    script = SCRIPT.format(
        names=names, runs=str(tmp_path / "runs"), documents=str(tmp_path), changes=CHANGES
    )
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.long
def test_an_interrupted_run_goes_on_and_a_failed_one_stops_no_other(tmp_path, capsys):
    folder = tmp_path / "runs" / "digits-seed0"
    process = start(tmp_path, ["digits"])
    deadline = time.monotonic() + 120
    while not list(folder.glob("backup/epoch-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, messages = process.communicate(timeout=120)
    assert process.returncode == 1 and "Traceback" not in messages and out == "", messages
    assert "The same command goes on with what was not finished." in messages
    assert list(folder.glob("backup/epoch-*")) and not (folder / "model.keras").exists()
    revision, before = runs.open_run(folder).revision, records.read(folder)
    assert 0 < before.seconds < 120
    dataclasses.replace(before, seconds=1000.0).write(folder)
    with open(f"{folder}.log") as log:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)  # no child is left

    process = start(tmp_path, ["mnist-style", "digits"])
    out, messages = process.communicate(timeout=240)
    assert process.returncode == 1 and "Traceback" not in messages, messages
    assert "mnist-style-seed0 failed: train: mnist is not prepared in none" in messages
    assert "reproduce: 1 of 2 runs failed: mnist-style-seed0" in messages
    assert "digits-seed0 goes on" in messages
    assert re.search(r"(?m)^digits-seed0: test error \d+\.\d+ %, \d+\.\d minutes$", out)
    assert runs.open_run(folder).revision == revision
    assert 1000 < records.read(folder).seconds < 1240
    assert json.loads((folder / "metrics.json").read_text())["revision"] == revision

    # All that could be done is done: nothing is started any more.
    row = dataclasses.replace(row_of("digits"), labels_only=False, changes=CHANGES)
    where = {"runs_dir": str(tmp_path / "runs"), "documents": str(tmp_path)}
    reproduce.reproduce([row], [0], table=[row], **where)
    assert capsys.readouterr().out == f"{tmp_path}/RESULTS.md\n"
    page = (tmp_path / "RESULTS.md").read_text()
    error = results.read_result(runs.open_trained(folder)).scores["error_rate"]
    assert cells(page, "digits")[3:5] == [f"{error:.2%}".replace("%", " %"), "1 of 10"]
    stages = CHANGES["epochs"] + preset("digits").pretrain_epochs
    assert cells(page, "digits")[-1] == str(stages) and str(tmp_path) not in page
