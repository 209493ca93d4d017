"""Prediction as a pipeline: the rows of single files, whoever shares the work out."""

import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from aae_keras.deployment import contract, prediction
from aae_keras.deployment.prediction import bulk
from aae_keras.deployment.prediction.listing import Item
from aae_keras.errors import DataError

pytest.importorskip("apache_beam", reason="an extra: requirements-beam.txt")

from apache_beam.options.pipeline_options import PipelineOptions

from aae_keras.deployment.prediction import beam

BAD = (0, 64, 130)
NUMBERS = {"confidence", "probabilities"}
# What DirectRunner falls back to; that first looks for a program to download.
RUNNER = "--runner=FnApiRunner"


@pytest.fixture
def photos(tmp_path):
    """140 files: three no images, one transparent, one of a name that is no UTF-8."""
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(140):
        file = folder / f"{number:03d}.png"
        if number in BAD:
            file.write_text("no image")
        else:
            shape = (7, 9, 2) if number == 7 else (7, 9)
            Image.fromarray(random.integers(0, 256, shape, dtype="uint8")).save(file)
    os.rename(os.fsencode(folder / "008.png"), os.fsencode(folder / "008") + b"\xff.png")
    return folder


def rows_in(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def by_name(rows):
    return sorted(rows, key=lambda row: row["image"])


def same(found, expected):
    """Whether rows are equal, in any order; batches of other images may differ in the last bit."""
    found, expected = by_name(found), by_name(expected)
    assert [list(row) for row in found] == [list(row) for row in expected]  # keys, in order
    for row, other in zip(found, expected, strict=True):
        near = {k: pytest.approx(other[k], abs=1e-6) for k in NUMBERS & other.keys()}
        assert row == other | near


def messages(caplog):
    """What our own loggers said."""
    return [r.getMessage() for r in caplog.records if r.name.startswith("aae_keras")]


@pytest.mark.parametrize("file", ["", contract.LITERT_FILE], ids=["saved_model", "litert"])
def test_the_rows_are_those_of_single_files(exported, photos, tmp_path, caplog, file):
    model, output = exported.path / file, tmp_path / "labels.jsonl"
    beam.predict_all(model, str(photos), output, PipelineOptions([RUNNER]))
    said = messages(caplog)
    caplog.clear()
    files = [str(item) for item in bulk.listing.find(str(photos))]
    expected = list(prediction.predict_files(prediction.open_predictor(model), files))
    assert said == messages(caplog) and len(said) == 2  # one is transparent, all are stretched
    same(rows_in(output), [row for row in expected if "error" not in row])
    same(rows_in(tmp_path / "labels.failed.jsonl"), [row for row in expected if "error" in row])
    left = {"photos", "labels.jsonl", "labels.failed.jsonl"}
    assert {path.name for path in tmp_path.iterdir()} == left


def test_the_tool_takes_options_of_beams(exported, photos, tmp_path):
    """In processes of their own, which have to find the handler and the model by themselves."""
    output = tmp_path / "labels.csv"
    command = [sys.executable, "-m", "tools.predict_beam", f"--images={photos}", RUNNER]
    command += [f"--model={exported.path / contract.LITERT_FILE}", f"--output={output}"]
    options = ["--", "--direct_running_mode=multi_processing", "--direct_num_workers=2", "--no=1"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == f"{output}\n", done.stderr
    assert "labels.failed.jsonl" in done.stderr
    assert "--no is none of Beam's options; it is left to the runner.\n" in done.stderr
    assert len(output.read_bytes().splitlines()) == 1 + 137
    again = subprocess.run([*command, "photo.png"], capture_output=True, text=True)
    assert again.returncode == 2 and "'photo.png': only Beam's options" in again.stderr


def test_work_that_cannot_be_done_is_refused_before_it_is_begun(exported, photos, tmp_path):
    model, options = exported.path / contract.LITERT_FILE, PipelineOptions([RUNNER])
    with pytest.raises(DataError, match="Received: no image"):
        beam.predict_all(model, str(tmp_path / "none"), tmp_path / "labels.jsonl", options)
    with pytest.raises(bulk.BulkError, match="Beam does not take .* runner: FlunkRunner"):
        none = PipelineOptions(["--runner=FlunkRunner"])
        beam.predict_all(model, str(photos), tmp_path / "labels.jsonl", none)
    (tmp_path / "labels.failed.jsonl").write_text("")
    with pytest.raises(bulk.BulkError, match=r"labels.failed.jsonl exists already"):
        beam.predict_all(model, str(photos), tmp_path / "labels.jsonl", options)
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "labels.failed.jsonl"}


def test_threads_take_turns_at_a_model(exported, photos):
    """An interpreter that two threads ask at once answers one with the other's images."""
    handler = beam.PictureHandler(exported.path / contract.LITERT_FILE)
    model = handler.load_model()
    inside, most, started = [], [], threading.Barrier(4)
    ask = model.predictor.predict

    def watched(images):
        inside.append(1)
        most.append(len(inside))
        answers = ask(images)
        inside.pop()
        return answers

    model.predictor.predict = watched
    items = [Item(str(photos / f"{number:03d}.png")) for number in range(10, 30)]

    def work():
        started.wait()
        for _ in range(20):
            assert len(handler.run_inference(items, model)) == 20

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 80 and set(most) == {1}
