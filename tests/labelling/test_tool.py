"""The tool from its flags on: which data, which images, which file, and what to do next."""

import dataclasses
import pathlib
import shlex
import shutil

import pytest
from absl import flags

from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.run_folder import runs
from aae_keras.labelling import collection, session
from tests.labelling import made
from tools import cli, label


@pytest.fixture
def given(monkeypatch):
    """Gives the tool flags, as a command line would."""

    def give(*arguments):
        values = flags.FlagValues()
        monkeypatch.setattr(cli, "FLAGS", values)
        for kind, *definition in label.TOOL._flags:
            cli._DEFINERS[kind](*definition, flag_values=values)
        values(["label", *map(str, arguments)])

    return give


@pytest.fixture
def run(tmp_path):
    """A run folder of a folder of photos, with a table of labels; nobody trained it."""
    root = made.folder(tmp_path / "photos")
    table = tmp_path / "labels.csv"
    table.write_text(f"image,label\n{made.name(5)},b\n")
    config = Config(
        preset="own", dataset=str(root), labels=str(table), num_labeled=2, image_size=(32, 32)
    )
    (tmp_path / "run").mkdir()
    return runs.write_config(runs.Run(tmp_path / "run", config, "20260101T000000Z-00000000", "f"))


def test_a_run_keeps_its_table_and_answers_go_to_a_copy(given, run, tmp_path, capsys):
    given(f"--run_dir={run.folder}")
    path = label.labels_file(cli.config_of_run(cli.FLAGS.run_dir))
    assert path == tmp_path / "labels-2.csv"
    assert path.read_text() == f'image,label,labelled_at\n"{made.name(5)}","b",""\n'
    assert (
        f"A run keeps its table, {run.config.labels}; answers go to a copy"
        in capsys.readouterr().err
    )
    path.write_text(path.read_text() + '"unlabeled/000.png","a",""\n')
    assert label.labels_file(run.config).read_text().count("\n") == 3  # gone on with
    given(f"--run_dir={run.folder}", f"--labels={run.config.labels}")
    label.labels_file(run.config)
    assert "is the table of the run itself" in capsys.readouterr().err


def test_another_table_does_not_lose_those_of_the_run_unsaid(given, run, tmp_path, capsys):
    other = tmp_path / "new" / "answers.csv"
    given(f"--run_dir={run.folder}", f"--labels={other}")
    label.labels_file(run.config)
    assert other.read_text() == f'image,label,labelled_at\n"{made.name(5)}","b",""\n'
    assert f"answers go to a copy of it, {other}" in capsys.readouterr().err
    other.write_text("image,label\nunlabeled/000.png,a\n")
    label.labels_file(run.config)
    assert f"{other} lacks 1 label that {run.config.labels} has" in capsys.readouterr().err


def test_the_table_of_a_run_is_known_under_another_name_and_may_be_gone(
    given, run, tmp_path, capsys
):
    table, other = pathlib.Path(run.config.labels), tmp_path / "same.csv"
    other.hardlink_to(table)
    given(f"--run_dir={run.folder}", f"--labels={other}")
    label.labels_file(run.config)
    assert f"{other} is the table of the run itself" in capsys.readouterr().err
    table.unlink()
    label.labels_file(run.config)
    assert f"There is no {table}, the table of the run, any more" in capsys.readouterr().err


def test_the_table_of_a_run_beside_is_left_alone_too(given, run, tmp_path, capsys):
    given(f"--run_dir={run.folder}")
    second = label.labels_file(run.config)
    second.write_text(second.read_text() + '"unlabeled/000.png","a",""\n')
    labelled = tmp_path / "run-labelled"
    labelled.mkdir()
    runs.write_config(
        dataclasses.replace(
            run, folder=labelled, config=dataclasses.replace(run.config, labels=str(second))
        )
    )
    third = label.labels_file(run.config)
    assert third == tmp_path / "labels-3.csv" and third.read_text() == second.read_text()
    shutil.copytree(run.folder, run.folder.with_name(runs.default_folder(run.config).name))
    words = shlex.split(label.train_command(run.config, str(third)))
    assert f"--run_dir={run.folder}-labelled-2" in words


def test_answers_that_a_run_learned_from_are_left_alone_without_a_table_of_ours(
    given, run, tmp_path, monkeypatch, capsys
):
    """Else the run that was trained with them could not be evaluated any more."""
    monkeypatch.chdir(tmp_path)
    table = pathlib.Path("labels.csv")  # what the tool writes by default, and `run` learned from
    config = dataclasses.replace(run.config, labels="")
    given(f"--run_dir={tmp_path / 'other'}")
    second = label.labels_file(config)
    assert second == pathlib.Path("labels-2.csv") and "unlabeled/005.png" in second.read_text()
    assert "A run keeps its table, labels.csv" in capsys.readouterr().err
    given(f"--run_dir={tmp_path / 'other'}", "--labels=labels.csv")
    assert label.labels_file(config) == table  # as asked for, and said
    assert f"labels.csv is the table of {run.folder}: once it has" in capsys.readouterr().err
    (tmp_path / "runs").mkdir()
    run.folder.rename(tmp_path / "runs" / "run")  # where runs lie of which none is named
    given(f"--dataset={run.config.dataset}")
    assert label.labels_file(None) == pathlib.Path("labels-2.csv")


def test_a_run_may_be_named_from_within(given, run, monkeypatch):
    monkeypatch.chdir(run.folder)
    given("--run_dir=.")
    label.labels_file(run.config)
    words = shlex.split(label.train_command(run.config, "labels-2.csv"))
    assert f"--run_dir={run.folder.parent / 'photos-seed0'}" in words


def test_a_run_brings_its_suggestions(given, run, capsys):
    images = collection.open_collection(run.config.dataset)
    given(f"--run_dir={run.folder}")
    assert len(label.questions_of(images, session)) == 6
    assert "There is no " in capsys.readouterr().err
    text = f"image,predicted,confidence,why\n{made.name(3)},a,0.5,unsure\n"
    (run.folder / "suggestions.csv").write_text(text)
    (question,) = label.questions_of(images, session)
    assert (question.row, question.predicted, question.confidence) == (5, "a", 0.5)


def test_data_of_a_run_may_have_moved(given, tmp_path, monkeypatch):
    from aae_keras.labelling import collection

    config = Config(preset="own", dataset="mnist", data_dir="/old")
    (tmp_path / "run").mkdir()
    run = runs.write_config(runs.Run(tmp_path / "run", config, "20260101T000000Z-00000000", "f"))
    asked = []

    def opened(dataset, data_dir, reading):
        asked.append((dataset, data_dir))
        raise KeyboardInterrupt

    monkeypatch.setattr(collection, "open_collection", opened)
    monkeypatch.setattr(cli, "load_tensorflow", lambda: None)
    given(f"--run_dir={run.folder}", "--data_dir=/new", f"--labels={tmp_path / 'labels.csv'}")
    with pytest.raises(KeyboardInterrupt):
        label.main([])
    assert asked == [("mnist", "/new")]


def test_the_next_command_trains_such_a_run_with_all_labels(given, run):
    given(f"--run_dir={run.folder}/")
    words = shlex.split(label.train_command(run.config, "new labels.csv"))
    assert words[:3] == ["python", "-m", "tools.train"]
    assert {"--labels=new labels.csv", "--image_size=32,32"} <= set(words)
    folder = run.folder.with_name(runs.default_folder(run.config).name)
    assert f"--run_dir={folder}" in words
    folder.mkdir()
    shutil.copy(run.folder / "config.yaml", folder)
    words = shlex.split(label.train_command(run.config, "new labels.csv"))
    assert f"--run_dir={run.folder}-labelled" in words
    assert not any(word.startswith("--num_labeled=2") for word in words)
    groups = dataclasses.replace(
        run.config, preset="own-clusters", setting="clustering", num_clusters=6, num_labeled=0
    )
    words = shlex.split(label.train_command(groups, "x.csv"))
    assert {"--preset=own", "--labels=x.csv", "--image_size=32,32"} <= set(words)
    assert not any("clusters" in word for word in words)


def test_the_next_command_asks_for_no_run_that_this_one_came_from(given, run):
    given(f"--run_dir={run.folder}")
    child = dataclasses.replace(run.config, resume_from="runs/gone")
    assert "resume_from" not in label.train_command(child, "labels.csv")
