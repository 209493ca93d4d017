"""A long prediction: the rows of a short one, each once, however often it is killed."""

import csv
import itertools
import json
import pathlib
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from aae_keras import files
from aae_keras.deployment import contract, prediction
from aae_keras.deployment.prediction import bulk, listing, tables
from aae_keras.errors import DataError, UserError
from tests import forked
from tools.bulk import progress_line

BAD = (0, 64, 130, 199)  # the first, the last, and one at the beginning of a batch
MODELS = {"saved_model": "", "litert": contract.LITERT_FILE}
# Works until a moment, and is then as dead as after a power switch: nothing is flushed or closed.
KILLED = """
import os, signal, sys
from aae_keras.deployment import prediction
from aae_keras.deployment.prediction import bulk, listing, tables

model, images, output, moment = sys.argv[1:]

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

def die_within_a_line(spool, moment=[int(moment) if moment.isdigit() else 0]):
    moment[0] -= 1
    if not moment[0]:
        os.truncate(spool, os.path.getsize(spool) - 20)
        die()

if moment == "listing":
    bulk.whole_files.write_atomically = die
if moment == "finish":
    tables.WRITERS[".jsonl"] = die
if moment == "end":
    bulk.shutil.rmtree = die
for progress in bulk.predict_all(prediction.open_predictor(model), images, output):
    if progress.done and moment.isdigit():
        die_within_a_line(output + ".part/rows.jsonl")
"""


@pytest.fixture
def photos(tmp_path):
    """200 files, four of them no images, in folders; and what no one wants read."""
    folder = tmp_path / "photos"
    random = np.random.default_rng(0)
    for number in range(200):
        file = folder / f"{number % 3}" / f"{number:03d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        if number in BAD:
            file.write_text("no image")
        else:
            Image.fromarray(random.integers(0, 256, (7, 9), dtype="uint8")).save(file)
    (folder / "0" / ".hidden.png").write_text("no image")
    (folder / "0" / "notes.txt").write_text("no image")
    return folder


def rows_in(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def expected_rows(model, photos):
    """What single files give, those that can be read and those that cannot."""
    files = sorted(map(str, photos.rglob("[0-9]*.png")))
    rows = list(prediction.predict_files(prediction.open_predictor(model), files))
    return [r for r in rows if "error" not in r], [r for r in rows if "error" in r]


def all_of(steps):
    """The last `Progress`."""
    *_, last = steps
    return last


@pytest.mark.parametrize("name", MODELS)
def test_the_rows_are_those_of_single_files(exported, photos, tmp_path, name):
    model = exported.path / MODELS[name]
    output = tmp_path / "labels.jsonl"
    predictor = prediction.open_predictor(model)
    # One reader is two batches ahead of four.
    progress = all_of(bulk.predict_all(predictor, str(photos), output, readers=1))
    assert (progress.done, progress.failed, progress.total) == (200, 4, 200)
    good, bad = expected_rows(model, photos)
    assert len(good) == 196 and len(bad) == 4
    assert rows_in(output) == good and rows_in(tmp_path / "labels.failed.jsonl") == bad
    assert {path.name for path in tmp_path.iterdir()} == {
        "photos", "labels.jsonl", "labels.failed.jsonl",
    }  # fmt: skip


def test_killed_again_and_again_it_leaves_none_out_and_none_twice(exported, photos, tmp_path):
    model, output = exported.path / contract.LITERT_FILE, tmp_path / "labels.jsonl"
    for moment in ("listing", "1", "1", "2", "finish", "end"):
        command = [sys.executable, "-c", KILLED, model, photos, output, moment]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert output.exists() == (moment == "end")
        (photos / f"later-{moment}.png").write_text("no image")
    good, bad = expected_rows(model, photos)
    assert brief(rows_in(output)) == brief(good)
    # The first kill came before the listing was whole: what came then was listed, and no more.
    failed = [row["image"] for row in rows_in(tmp_path / "labels.failed.jsonl")]
    assert failed == [*(row["image"] for row in bad), str(photos / "later-listing.png")]
    with pytest.raises(bulk.BulkError, match="labels.jsonl exists already"):
        next(bulk.predict_all(prediction.open_predictor(model), str(photos), output))


def brief(rows):
    """Without the probabilities, whose last bit may differ from batch to batch."""
    return [(row["image"], row["label"], row["class_name"]) for row in rows]


def test_two_outputs_of_one_list_of_failures_are_made_one_after_the_other(
    exported, photos, tmp_path
):
    predictor = prediction.open_predictor(exported.path / contract.LITERT_FILE)
    begun = bulk.predict_all(predictor, f"{photos}/1/*", tmp_path / "out.csv")
    next(begun)
    begun.close()
    with pytest.raises(bulk.BulkError, match=r"out.csv is begun and not done, .* out.failed.jsonl"):
        next(bulk.predict_all(predictor, f"{photos}/1/*", tmp_path / "out.jsonl"))
    assert not (tmp_path / "out.jsonl.part").exists()
    all_of(bulk.predict_all(predictor, f"{photos}/1/*", tmp_path / "out.csv"))


def test_every_format_holds_the_same(exported, photos, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    predictor = prediction.open_predictor(exported.path / contract.LITERT_FILE)
    for suffix in ("jsonl", "csv", "parquet"):
        all_of(bulk.predict_all(predictor, f"{photos}/1/*", tmp_path / f"{suffix}.{suffix}"))
    rows = rows_in(tmp_path / "jsonl.jsonl")
    assert len(rows) == 67 - 3  # of 1, 4, ..., 199; among them 64, 130 and 199
    with open(tmp_path / "csv.csv", newline="") as file:
        table = list(csv.DictReader(file))
    for row, cells in zip(rows, table, strict=True):
        assert list(cells) == list(tables.COLUMNS) == list(row)
        read = {name: json.loads(cells[name]) for name in ("label", "confidence", "probabilities")}
        assert {**cells, **read} == row
    assert pq.read_table(tmp_path / "parquet.parquet").to_pylist() == rows  # float32 as they were


def test_records_are_read_where_they_lie(exported, photos, tmp_path):
    """As from files, whatever their order; a record without an image is one bad image."""
    files = sorted(photos.rglob("[0-9]*.png"))[:70]
    features = [{"image/encoded": file.read_bytes()} for file in files]
    features.insert(3, {"label": b"7"})
    with tf.io.TFRecordWriter(str(tmp_path / "some.tfrecord-00000-of-00002")) as records:
        for feature in features:
            records.write(example(feature))
    with tf.io.TFRecordWriter(str(tmp_path / "some.tfrecord-00001-of-00002")) as records:
        records.write(b"\xff\xff")
    predictor = prediction.open_predictor(exported.path / contract.LITERT_FILE)
    output = tmp_path / "labels.jsonl"
    all_of(bulk.predict_all(predictor, f"{tmp_path}/some.tfrecord-*", output))
    good = [row for row in prediction.predict_files(predictor, files) if "error" not in row]
    found = rows_in(output)
    np.testing.assert_allclose(*([row["probabilities"] for row in r] for r in (found, good)), 1e-5)
    assert found[-1]["image"].endswith("some.tfrecord-00000-of-00002#70")
    errors = [row["error"] for row in rows_in(bulk.failures(output))]
    assert "#3: expected an image file in image/encoded or image. Received: label" in errors[1]
    assert "of-00002#0: not a readable image" in errors[0]  # the first of BAD
    assert "#0: not a tf.Example" in errors[-1]


def example(features):
    return tf.train.Example(
        features=tf.train.Features(
            feature={
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
                for name, value in features.items()
            }
        )
    ).SerializeToString()


def test_what_an_argument_names_is_found_in_order(photos, tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_bytes(b"b c.png\r\n\na.png\n\xff.png\n")
    assert [str(item) for item in listing.find(str(listed))] == ["b c.png", "a.png", "\udcff.png"]
    assert len(list(listing.find(str(photos)))) == 200  # none that is hidden, none that is text
    assert [str(item) for item in listing.find(f"{photos}/**/00[1-2].png")] == [
        f"{photos}/1/001.png", f"{photos}/2/002.png",
    ]  # fmt: skip
    (tmp_path / "cut.tfrecord").write_bytes(b"\x05" + bytes(11))
    with pytest.raises(DataError, match="record 0 ends 9 bytes behind the file"):
        list(listing.find(str(tmp_path / "cut.tfrecord")))
    with pytest.raises(DataError, match="Received: no image"):
        listing.write(str(tmp_path / "none"), tmp_path / "images.jsonl")


def test_links_and_what_is_left_out_are_as_in_training(photos, tmp_path, caplog):
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (photos / "1").rename(tmp_path / "elsewhere" / "1")
    (photos / "1").symlink_to(tmp_path / "elsewhere" / "1")  # a class folder on another disk
    (photos / "2" / "back").symlink_to(photos)
    assert len(list(listing.find(str(photos)))) == 200
    assert "Left out links to folders: 1, such as 2/back" in caplog.text
    assert "Left out files that are no images: " in caplog.text
    listed = tmp_path / "LIST.TXT"
    listed.write_text("a.png\n")
    assert [item.path for item in listing.find(str(listed))] == ["a.png"]


def test_the_work_is_gone_on_with_by_the_model_it_was_begun_with(exported, photos, tmp_path):
    model, output = tmp_path / "7", tmp_path / "labels.jsonl"
    shutil.copytree(exported.path, model)

    def progress_of(path):
        predictor = prediction.open_predictor(path)
        return next(iter(bulk.predict_all(predictor, str(photos), output)))

    assert progress_of(model).total == 200
    (model / "README.md").write_text("Of an editor.")
    shutil.rmtree(model / "litert")
    assert progress_of(model).total == 200  # nothing that is read has changed
    with pytest.raises(
        bulk.BulkError, match=f"another model, {model}, than .*{contract.LITERT_FILE}"
    ):
        progress_of(exported.path / contract.LITERT_FILE)


@pytest.mark.parametrize("change", [lambda lines: lines[:-2], lambda lines: [*lines, lines[0]]])
def test_a_list_of_images_that_is_not_whole_ends_in_no_output(exported, photos, tmp_path, change):
    """As a power cut may leave it, though what vouches for it stands."""
    output = tmp_path / "rows.jsonl"
    predictor = prediction.open_predictor(exported.path)
    next(bulk.predict_all(predictor, str(photos), output))
    listed = output.with_name("rows.jsonl.part") / "images.jsonl"
    lines = listed.read_text().splitlines(keepends=True)
    listed.write_text("".join(change(lines)))
    with pytest.raises(bulk.BulkError, match=rf"rows for {len(lines)} images. .* begin again"):
        all_of(bulk.predict_all(predictor, str(photos), output))
    assert not output.exists()


def test_nothing_is_removed_before_what_it_stands_for_is_on_the_disk(
    exported, photos, tmp_path, monkeypatch
):
    kept = []  # what was made sure of, and whether the rows still stood then

    def flush(path):
        kept.append((pathlib.Path(path).name.rpartition(".")[2], (part / "begun.json").exists()))

    output, part = tmp_path / "rows.jsonl", tmp_path / "rows.jsonl.part"
    monkeypatch.setattr(files, "flush", flush)
    all_of(bulk.predict_all(prediction.open_predictor(exported.path), str(photos), output))
    assert kept[0] == ("jsonl", False)  # the list of images, before what vouches for it
    assert kept[-1] == (tmp_path.name, True) and kept[-2] == ("jsonl", True)


def test_no_more_is_read_ahead_than_is_said(exported, monkeypatch):
    """So the memory does not grow with the number of images."""
    predictor = prediction.open_predictor(exported.path / contract.LITERT_FILE)
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield listing.Item(f"{number}.png")

    rows = bulk._answered(predictor, endless(), readers=3)
    for step in range(1, 5):
        assert len(next(rows)) == bulk.BATCH
        assert len(taken) == bulk.BATCH * (step + 3 * bulk.AHEAD)
    rows.close()


def test_work_is_not_gone_on_with_otherwise(exported, photos, tmp_path):
    output = tmp_path / "labels.jsonl"
    ours, other = (
        prediction.open_predictor(exported.path / contract.LITERT_FILES[kind])
        for kind in ("none", "float16")
    )
    steps = bulk.predict_all(ours, str(photos), output)
    next(steps), next(steps)
    with pytest.raises(bulk.BulkError, match="another process is at work"):
        next(bulk.predict_all(ours, str(photos), output))
    steps.close()
    with pytest.raises(bulk.BulkError, match="begun with another model"):
        next(bulk.predict_all(other, str(photos), output))
    with pytest.raises(bulk.BulkError, match="begun with another images"):
        next(bulk.predict_all(ours, f"{photos}/*.png", output))
    assert next(bulk.predict_all(ours, str(photos), output)).done == bulk.BATCH
    with pytest.raises(UserError, match="must end in .jsonl or .csv or .parquet"):
        next(bulk.predict_all(ours, str(photos), tmp_path / "labels.txt"))


def test_the_tool_says_how_far_it_is(exported, photos, tmp_path):
    model = exported.path / contract.LITERT_FILE
    output = tmp_path / "labels.csv"
    done = forked.run(
        "tools.predict", f"--model={model}", f"--images={photos}", f"--output={output}"
    )
    assert done.returncode == 1 and done.stdout == f"{output}\n"  # four could not be read
    assert "200 of 200 images, " in done.stderr and "labels.failed.jsonl" in done.stderr
    assert len(output.read_text().splitlines()) == 1 + 196
    progress = bulk.Progress(done=3000, failed=0, total=10_000)
    assert progress_line(progress, 2000, 20.0) == (  # 7000 more at 100 a second
        "3,000 of 10,000 images, 100 a second, 1 min 10 s left"
    )
    progress = bulk.Progress(done=10, failed=2, total=1_000_000)
    assert progress_line(progress, 10, 1.0).endswith("27 h 46 min left, 2 failed")  # 99 999 s
