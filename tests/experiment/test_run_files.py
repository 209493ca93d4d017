"""What ties a run's files to it, and what is said of damaged ones."""

import dataclasses
import json
import shutil
import zipfile

import numpy as np
import pytest
import yaml

from aae_keras import models
from aae_keras.data import neighbours
from aae_keras.errors import UserError
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import lineage
from aae_keras.experiment.run_folder import checkpoints, outcomes, records, runs, seals
from tests import made

HISTORY = [{"epoch": epoch, "loss": 0.5 / epoch, "seconds": 1.0} for epoch in (1, 2, 3)]


def flip(path, place):
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << place % 8
    path.write_bytes(content)


@pytest.fixture
def run(tmp_path):
    """A run that has not ended, with a history."""
    tmp_path.joinpath("run").mkdir()
    run = runs.write_config(runs.Run(tmp_path / "run", Config(), "20260101T000000Z-aaaa", "f"))
    outcomes.write_csv(run.history_file, [row | {"revision": run.revision} for row in HISTORY])
    return run


def test_no_flipped_bit_of_a_configuration_changes_it(run):
    path = run.folder / "config.yaml"
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 7):
        flip(path, place)
        try:
            assert runs.open_run(run.folder) == run
        except runs.RunError as error:
            refused += "config.yaml cannot be used" in str(error)
        path.write_bytes(whole)
    assert refused > len(whole) // 7 - 20  # all but those in the comment's own words


def test_a_configuration_that_was_cut_or_edited_is_refused_unless_it_is_meant(run):
    path = run.folder / "config.yaml"
    text = path.read_text()
    for other in (text[: text.index("epochs")], text.replace("epochs: ", "epochs: 1")):
        path.write_text(other)
        with pytest.raises(runs.RunError, match="checksum does not fit.*delete the first line"):
            runs.open_run(run.folder)
    path.write_text(text.split("\n", 1)[1])
    assert runs.open_run(run.folder) == run
    assert yaml.safe_load(text)["revision"] == run.revision


def test_a_mistyped_folder_is_answered_with_those_that_are_there(run):
    """And not with a command that trains something else under the mistyped name."""
    folder = runs.free_folder(run.folder)
    assert folder.name == f"{run.folder.name}-2" and not folder.exists()
    with pytest.raises(runs.RunError, match=f"Runs of a like name are there: {run.folder.name}"):
        runs.open_run(folder)
    with pytest.raises(runs.RunError, match="and the --dataset or --preset that it is to have"):
        runs.open_run(run.folder.with_name("something else"))
    shutil.copytree(run.folder, folder)
    assert runs.free_folder(run.folder).name == f"{run.folder.name}-3"


def test_history_is_read_back(run):
    assert outcomes.read_history(run) == HISTORY


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "", "no rows"),
        (lambda text: text.splitlines()[0], "no rows"),
        (lambda text: text[: text.index(run_end(text))], "line 4 has another number of cells"),
        (lambda text: text.replace("0.25", "a quarter"), "line 3: .*a quarter"),
        (lambda text: text.replace("0.25", "0\r25"), "no table"),
        (lambda text: text.replace("\n2,", "\n7,"), "its epochs are not 1 to 3"),
        (lambda text: text.replace("-aaaa", "-bbbb"), "of another run.*Received: .*-bbbb"),
        (lambda text: text.replace("\n2,", "\n2,9,"), "line 3 has another number of cells"),
    ],
    ids=["empty", "header", "cut", "word", "return", "gap", "other", "cell"],
)
def test_a_damaged_history_says_what_is_wrong(run, change, message):
    run.history_file.write_text(change(run.history_file.read_text()))
    with pytest.raises(runs.RunError, match=f"history.csv.*{message}"):
        outcomes.read_history(run)


def run_end(text):
    """What follows the first cell of the last row."""
    return text.splitlines()[-1].split(",", 1)[1]


def test_history_of_another_encoding_is_refused(run):
    run.history_file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(runs.RunError, match=r"history\.csv is damaged: it is no text"):
        outcomes.read_history(run)


def test_a_trained_runs_history_is_what_training_wrote(trained):
    text = trained.history_file.read_text()
    outcomes.read_history(trained)
    for other in (text.rsplit("\n", 2)[0] + "\n", text.replace("0.", "1.", 1)):
        trained.history_file.write_text(other)
        with pytest.raises(runs.RunError, match="not what training wrote: it was cut or edited"):
            outcomes.read_history(trained)


@pytest.mark.parametrize(
    "text",
    [
        *("3", "[]", "{}", "null", "", '{"test": 3}', '{"test": {}, "validation": []}', "\xff"),
        *('{"test": {"ece": NaN}}', '{"test": {"ece": null}}', '{"test": {"ece": "0.1"}}'),
        *('{"test": {}, "minutes": Infinity}', '{"test": {}, "sha256": "0"}', "[" * 100_000),
    ],
)
def test_metrics_of_another_shape_are_refused(run, text):
    run.metrics_file.write_bytes(text.encode("latin-1"))
    with pytest.raises(runs.RunError, match="metrics.json is damaged.*tools.evaluate"):
        outcomes.read_metrics(run)


def test_a_flipped_bit_of_metrics_changes_no_score(run):
    values = {"test": {"error_rate": 0.0125}, "revision": run.revision, "minutes": 3.5}
    run.metrics_file.write_text(seals.seal(values, indent=2))
    content, refused = run.metrics_file.read_bytes(), 0
    for place in range(0, 8 * len(content), 9):  # another bit of each byte
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        run.metrics_file.write_bytes(changed)
        try:  # where the name of the checksum itself is hit, all else is as it was
            assert outcomes.read_metrics(run).items() >= values.items()
        except runs.RunError:
            refused += 1
    assert refused >= len(range(0, 8 * len(content), 9)) - len("sha256")


def test_metrics_of_another_run_are_refused(run):
    assert outcomes.read_metrics(run) is None
    run.metrics_file.write_text(json.dumps({"test": {}, "revision": "other"}))
    with pytest.raises(runs.RunError, match="of another run.*Received: other"):
        outcomes.read_metrics(run)


def test_an_emptied_or_cut_model_is_not_trained_to_its_end(trained):
    content = trained.model_file.read_bytes()
    for damaged in (b"", content[:-5], content[: len(content) // 2]):
        trained.model_file.write_bytes(damaged)
        with pytest.raises(runs.RunError, match=r"model\.keras is damaged.*Put a copy back"):
            runs.open_trained(trained.folder)


def test_a_model_of_another_run_is_refused(trained):
    other = trained.folder / "other"
    shutil.copy(trained.model_file, other)
    seals.sign_model(other, {"revision": "another"})
    other.replace(trained.model_file)
    with pytest.raises(runs.RunError, match=r"model\.keras is of another run.*Received: another"):
        runs.open_trained(trained.folder)


def test_a_model_of_earlier_versions_is_read(trained):
    with zipfile.ZipFile(trained.model_file, "a") as archive:
        archive.comment = b""
    assert runs.signature(trained) == {}
    factory.load_trained(trained.folder)


def test_no_flipped_bit_of_a_model_changes_its_weights(trained):
    path = trained.model_file
    whole, expected = path.read_bytes(), models.load_model(path).get_weights()
    refused = 0
    for place in np.linspace(0, len(whole) - 1, 12).astype(int):
        flip(path, int(place))
        try:
            for ours, theirs in zip(models.load_model(path).get_weights(), expected, strict=True):
                np.testing.assert_array_equal(ours, theirs)
        except UserError as error:
            refused += "not a readable model" in str(error)
        path.write_bytes(whole)
    assert refused > 9


def test_no_flipped_bit_changes_what_made_a_run_or_where_it_comes_from(run):
    """Of a digest of an image that taught it, say, which then might score it."""
    lineage.write(run, lineage.Lineage("", ("a", "b"), frozenset({"0" * 16, "1" * 16})))
    made.RECORD.write(run.folder)
    for read, name in (
        (lambda: lineage.read(run), lineage.FILE),
        (lambda: records.read(run.folder), records.FILE),
    ):
        path, expected = run.folder / name, read()
        whole = path.read_bytes()
        for place in range(len(whole)):
            flip(path, place)
            try:
                assert read() == expected, place
            except UserError as error:
                assert f"{name} is damaged" in str(error)
            path.write_bytes(whole)


def test_records_of_earlier_versions_are_read(run):
    made.RECORD.write(run.folder)
    path = run.folder / records.FILE
    path.write_text(json.dumps(seals.unseal(path.read_text())))
    assert records.read(run.folder) == made.RECORD


def test_a_model_with_nan_is_not_scored(trained):
    model = models.load_model(trained.model_file)
    model.encoder.weights[0].assign(model.encoder.weights[0] * np.nan)
    model.save(trained.model_file)
    with pytest.raises(runs.RunError, match="holds NaN or infinite weights, in .*lower rates"):
        factory.load_trained(trained.folder)


def test_no_flipped_bit_of_distances_changes_them(tmp_path):
    path, expected = tmp_path / "distances.npz", np.arange(20, dtype="float32")
    neighbours.write(path, expected, "f")
    whole = path.read_bytes()
    for place in range(len(whole)):
        flip(path, place)
        found = neighbours.read(path, "f")
        assert found is None or (found == expected).all(), place
        path.write_bytes(whole)


@pytest.fixture
def backup(tmp_path):
    """A backup of two checkpoints."""
    folder = tmp_path / "backup"
    folder.mkdir()
    for epochs in (1, 2):
        state = {"0000": np.arange(epochs, epochs + 30, dtype="float32")}
        checkpoints.write(folder / f"epoch-{epochs:06d}", epochs, HISTORY[:epochs], state, "mine")
    return folder


@pytest.mark.parametrize("name", ["progress.json", "state.npz"])
def test_whatever_bit_of_a_checkpoint_flips_the_one_before_it_is_taken(backup, name, caplog):
    path = backup / "epoch-000002" / name
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        flip(path, place)
        found = checkpoints.newest_whole(backup, "mine")
        assert found.epochs == 1 and found.history == HISTORY[:1], place
        assert found.arrays["0000"][0] == 1
        path.write_bytes(whole)
    assert "epoch-000002 is damaged" in caplog.text and "one before it" in caplog.text
    assert checkpoints.newest_whole(backup, "mine").epochs == 2


def test_a_backup_without_a_whole_checkpoint_says_so(backup):
    for path in checkpoints.found(backup):
        (path / "state.npz").write_bytes(b"")
    with pytest.raises(UserError, match="epoch-000002 is damaged.*no whole checkpoint is left"):
        checkpoints.newest_whole(backup, "mine")


def test_a_checkpoint_of_another_run_is_refused(backup):
    with pytest.raises(UserError, match="of another run.*Expected revision yours.*: mine"):
        checkpoints.newest_whole(backup, "yours")


def test_a_checkpoint_of_earlier_versions_is_read(backup):
    path = backup / "epoch-000002" / "progress.json"
    path.write_text(json.dumps({"epochs": 2, "history": HISTORY[:2]}))
    assert checkpoints.newest_whole(backup, "mine").epochs == 2


def test_other_data_is_refused_and_a_table_of_labels_is_data_too(run):
    runs.check_fingerprint(run, "f")
    with pytest.raises(runs.RunError, match="The training part of digits has changed since"):
        runs.check_fingerprint(run, "g")
    with pytest.raises(runs.RunError, match="mnist is not digits, of .*, or has changed"):
        runs.check_fingerprint(run, "g", "mnist")
    labelled = dataclasses.replace(run, config=dataclasses.replace(run.config, labels="l.csv"))
    with pytest.raises(runs.RunError, match="of digits, or its table of labels l.csv, has changed"):
        runs.check_fingerprint(labelled, "g")
