"""Images that stay on disk: the same as in memory, in an order of (seed, epoch) alone."""

import collections
import dataclasses
import hashlib
import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from aae_keras import data as data_module
from aae_keras import models
from aae_keras.data import pipeline, prepared, streaming
from aae_keras.data.source import DataError, Source
from aae_keras.data.splits import split_source
from aae_keras.data.streaming import StreamedImages
from aae_keras.experiment.learning import training
from aae_keras.images import is_bare_png, read_image
from aae_keras.reading import Reading
from tests.data import kinds
from tests.data.numbered import numbered_images, rows_of, streamed_images
from tests.data.prepared_sets import make_set


@pytest.fixture
def images():
    return numbered_images()


@pytest.fixture
def streamed(tmp_path):
    return streamed_images(tmp_path)


def rows_in_batches(streamed, rows, seed, batch_size=7, steps=8):
    batches = list(streamed.batches(rows, batch_size, steps, seed).as_numpy_iterator())
    assert len(batches) == steps
    for places, images in batches:
        assert images.shape == (batch_size, 2, 3, 1) and images.dtype == "uint8"
        np.testing.assert_array_equal(rows_of(images), rows[places])
    return np.concatenate([rows[places] for places, _ in batches])


def test_rows_are_those_of_the_array(images, streamed):
    assert streamed.shape == images.shape and len(streamed) == 120
    for rows in ([3], [119, 0, 51, 50, 49], [7, 7, 90, 7], np.arange(120)):
        np.testing.assert_array_equal(streamed[np.asarray(rows)], images[rows])
    some = np.array([5, 60, 61, 100, 119])
    subset = streamed.subset(some)
    np.testing.assert_array_equal(subset[np.array([4, 1])], images[[119, 60]])
    np.testing.assert_array_equal(subset.subset(np.array([0, 3]))[np.array([1])], images[[100]])
    ((places, batch),) = subset.batches(np.arange(5), 5, 1, [0, 0]).as_numpy_iterator()
    assert sorted(places) == list(range(5))
    np.testing.assert_array_equal(batch, images[some][places])


@pytest.mark.parametrize("block", [1, 16, 1000])
def test_a_pass_gives_every_row_once_and_passes_follow_each_other(streamed, monkeypatch, block):
    monkeypatch.setattr(streaming, "READ_BATCH", block)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 1)
    rows = np.setdiff1d(np.arange(120), np.arange(10, 70))
    assert sorted(rows_in_batches(streamed, rows, [3, 1], 10, 6)) == rows.tolist()
    twice = collections.Counter(rows_in_batches(streamed, rows, [3, 1], 10, 12).tolist())
    assert twice == dict.fromkeys(rows.tolist(), 2)


def test_the_order_is_a_function_of_the_seed_alone(streamed):
    rows = np.arange(100)
    first = rows_in_batches(streamed, rows, [0, 4])
    tf.random.set_seed(99)  # as `keras.utils.set_random_seed` does
    np.testing.assert_array_equal(rows_in_batches(streamed, rows, [0, 4]), first)
    for other in ([0, 6], [1, 4]):
        assert np.mean(rows_in_batches(streamed, rows, other) == first) < 0.2
    # a shuffle worth its name: neighbours in the files are not neighbours in the order
    assert np.mean(np.abs(np.diff(first)) == 1) < 0.1


def test_files_too_are_taken_in_random_order(streamed, monkeypatch):
    monkeypatch.setattr(streaming, "READ_BATCH", 1)  # blocks too small to hide the files' order
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 1)
    firsts = [rows_in_batches(streamed, np.arange(120), [0, n], 1, 1)[0] for n in range(12)]
    assert {int(np.searchsorted([50, 80], first, "right")) for first in firsts} == {0, 1, 2}


@pytest.mark.parametrize("held", [True, False])
def test_training_batches_come_from_disk_with_their_labels(streamed, monkeypatch, held):
    monkeypatch.setattr(pipeline, "HELD_BYTES", 10**6 if held else 0)

    def make():
        labels = np.arange(120)
        return pipeline.training_set(
            streamed, labels, np.arange(100), np.arange(100, 120), 10, 8, seed=5
        )

    dataset, next_epoch = make()
    epochs = [list(dataset.as_numpy_iterator()) for _ in range(2)]
    for elements in epochs:
        assert len(elements) == len(dataset) == 10
        unlabeled = np.concatenate([rows_of(inputs["unlabeled"]) for inputs, _ in elements])
        assert sorted(unlabeled) == list(range(100))
        for inputs, labels in elements:
            np.testing.assert_array_equal(rows_of(inputs["labeled"]), labels)
    assert int(next_epoch) == 2
    resumed, position = make()
    position.assign(1)
    for (ours, labels), (theirs, other) in zip(resumed.as_numpy_iterator(), epochs[1], strict=True):
        np.testing.assert_array_equal(ours["unlabeled"], theirs["unlabeled"])
        np.testing.assert_array_equal(labels, other)


def test_the_fingerprint_changes_with_content_and_rows(streamed, tmp_path):
    whole = streamed.content()
    assert streamed.subset(np.arange(119)).content() != whole
    path = tmp_path / "1.tfrecord"
    path.write_bytes((tmp_path / "2.tfrecord").read_bytes())
    assert streamed.content() != whole


def test_files_that_are_damaged_or_cut_short_are_refused(streamed, tmp_path):
    path = tmp_path / "1.tfrecord"
    whole = path.read_bytes()
    record = len(whole) // 30
    path.write_bytes(whole[: 20 * record])
    with pytest.raises(DataError, match="10 images are missing; a file has been cut short"):
        streamed[np.arange(120)]
    path.write_bytes(whole[:-5])
    for read in (lambda: streamed[np.arange(120)], streamed.content):
        with pytest.raises(DataError, match="a file is damaged"):
            read()


def streamed_from(folder, contents, **options):
    """Encoded images, each a record of one file."""
    path = str(folder / "images.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for content in contents:
            writer.write(content)
    return StreamedImages([path], [len(contents)], lambda records: records, **options)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_read_as_files_of_the_same_content_are(tmp_path, channels):
    contents = {name: make() for name, make in kinds.READABLE.items()}
    bare = [name for name in contents if is_bare_png(contents[name], channels)]
    assert bare == [{1: "png-grey", 3: "png-colour"}[channels]]
    large = np.random.default_rng(0).integers(0, 256, (400, 300, channels), dtype="uint8")
    large = kinds.encoded(Image.fromarray(large.squeeze()), "PNG")
    assert large.count(b"IDAT") > 1 and is_bare_png(large, channels)
    assert not any(is_bare_png(large[:end], channels) for end in (0, 20, 60, -12, -1))
    others = ("png-ink", "png-transparent-grey", "png-turned-at-its-end", "jpeg-turned-6", "gif")
    for name in (*bare, *others, "jpeg-colour", "png-16-bits-colour"):
        (image,) = streamed_from(tmp_path, [contents[name]], channels=channels)[:]
        np.testing.assert_array_equal(image, read_image(io.BytesIO(contents[name]), channels), name)


def test_images_follow_their_flags_one_by_one(tmp_path):
    contents = [kinds.READABLE[name]() for name in ("png-ink", "png-grey", "jpeg-turned-6")]
    reading = Reading(fit="pad", background="red")
    images = streamed_from(tmp_path, contents, channels=3, size=(9, 7), reading=reading)[:]
    for image, content in zip(images, contents, strict=True):
        expected = read_image(io.BytesIO(content), 3, (9, 7), reading)
        np.testing.assert_array_equal(image, expected)


def test_the_first_image_says_what_the_set_does_not(tmp_path):
    turned = kinds.READABLE["jpeg-turned-6"]()
    assert streamed_from(tmp_path, [turned]).shape == (1, 37, 23, 3)  # it lies as 23x37
    grey = kinds.READABLE["png-grey"]()
    assert streamed_from(tmp_path, [grey]).shape[3] == 1
    assert streamed_from(tmp_path, [grey], shape=(None, None, 3)).shape[3] == 3
    assert streamed_from(tmp_path, [grey], shape=(None, None, 4), size=(5, 6)).shape == (1, 5, 6, 3)


@pytest.mark.parametrize("first", [True, False])
def test_an_unreadable_image_is_refused_with_its_reason(tmp_path, first):
    good, bad = kinds.READABLE["png-grey"](), b"no image"
    contents = [bad, good] if first else [good, bad]
    with pytest.raises(DataError, match=r"^small: not a readable image \(of no known format\)\.$"):
        streamed_from(tmp_path, contents, name="small")[:]


def load(folder, **changes):
    return data_module.load(
        "generated", data_dir=str(folder), num_labeled=9, validation_size=5, batch_size=6, **changes
    )


def test_a_part_that_is_not_read_is_said(tmp_path, caplog):
    make_set(tmp_path, validation=7)
    assert len(load(tmp_path).split.labels) == 40
    assert "generated: left out validation (7 images). Validation is held out" in caplog.text


def test_a_set_without_a_part_to_learn_from_is_refused(tmp_path):
    make_set(tmp_path, train="training")
    with pytest.raises(DataError, match="there is no part train in it. Received: training, test"):
        load(tmp_path)


@pytest.mark.parametrize("test", [10, 0])
@pytest.mark.parametrize("image_size", [0, 3])
def test_a_prepared_set_is_the_same_on_disk_and_in_memory(tmp_path, test, image_size):
    make_set(tmp_path, test=test)
    memory = load(tmp_path, streaming="no", image_size=image_size)
    disk = load(tmp_path, streaming="yes", image_size=image_size)
    assert "streamed from disk" in disk.describe() and "disk" not in memory.describe()
    for name in ("labels", "labeled_rows", "unlabeled_rows", "validation_rows", "test_images"):
        np.testing.assert_array_equal(getattr(memory.split, name), getattr(disk.split, name))
    rows = np.arange(len(memory.split.labels))
    np.testing.assert_array_equal(memory.split.images[rows], disk.split.images[rows])
    assert disk.image_shape == memory.image_shape
    assert (
        disk.split.fingerprint()
        == load(tmp_path, streaming="yes", image_size=image_size).split.fingerprint()
    )


@pytest.mark.parametrize("streaming_", ["yes", "no"])
def test_a_prepared_set_follows_the_flags_of_images(tmp_path, streaming_):
    make_set(tmp_path)
    whole = load(tmp_path, streaming=streaming_).split.test_images
    colour = load(tmp_path, streaming=streaming_, channels=3)
    assert colour.image_shape == (*whole.shape[1:3], 3)
    np.testing.assert_array_equal(colour.split.test_images, np.repeat(whole, 3, axis=3))
    height = whole.shape[1]
    flags = {"image_size": (height, 3), "fit": "crop"}  # scaled by 1: a cut of the middle
    crop = load(tmp_path, streaming=streaming_, **flags).split.test_images
    np.testing.assert_array_equal(crop, whole[:, :, 1:4])


@pytest.mark.parametrize("streaming_", ["yes", "no"])
def test_the_fourth_channel_of_a_prepared_set_is_opacity(tmp_path, streaming_, caplog):
    make_set(tmp_path, channels=4)
    black = load(tmp_path, streaming=streaming_, background="black")
    assert "generated has four channels. Transparent, laid over the background" in caplog.text
    random = np.random.default_rng(1)  # that of the test part
    raw = np.stack([random.integers(0, 256, (6, 5, 4), dtype=np.uint8) for _ in range(10)])
    assert black.image_shape == (6, 5, 3)
    wanted = raw[..., :3] * (raw[..., 3:] / 255)  # over black
    for image in black.split.test_images.astype(float):  # in the files' order
        assert np.abs(wanted - image).max(axis=(1, 2, 3)).min() <= 1
    white = load(tmp_path, streaming=streaming_, channels=1)
    assert white.image_shape == (6, 5, 1)
    assert white.split.test_images.mean() > black.split.test_images.mean() + 100


def test_streaming_is_chosen_by_size(tmp_path, monkeypatch):
    make_set(tmp_path)
    assert isinstance(prepared.read("generated", tmp_path).images, np.ndarray)
    monkeypatch.setattr(prepared, "MEMORY_BYTES", 40 * 30 - 1)
    assert isinstance(prepared.read("generated", tmp_path).images, StreamedImages)


@pytest.mark.parametrize("streaming_", ["yes", "no"])
def test_images_of_several_sizes_need_one(tmp_path, streaming_):
    make_set(tmp_path, sizes=((6, 5), (5, 6)))
    with pytest.raises(DataError, match="several sizes.*--image_size=H,W"):
        load(tmp_path, streaming=streaming_)
    assert load(tmp_path, streaming=streaming_, image_size=4).image_shape == (4, 4, 1)


def test_a_set_cut_short_is_refused(tmp_path):
    make_set(tmp_path)
    (path,) = tmp_path.glob("generated/1.0.0/*train*")
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records[:-3]:
            writer.write(record)
    with pytest.raises(DataError, match="37 images in the files of train, but 40 were prepared"):
        load(tmp_path)


def test_a_streamed_run_resumes_to_the_same_weights(small, tmp_path):
    make_set(tmp_path)
    config = dataclasses.replace(
        small, dataset="generated", data_dir=str(tmp_path), streaming="yes", num_labeled=9
    )
    alone = training.train(config, tmp_path / "alone", verbose=0)

    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(config, tmp_path / "cut", callbacks=[Kill()], verbose=0)
    resumed = training.train(config, tmp_path / "cut", resume=True, verbose=0)
    ours, theirs = (models.load_model(run.model_file).get_weights() for run in (alone, resumed))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_splits_of_streamed_images_are_those_of_published_results(tmp_path, monkeypatch):
    """A split's fingerprint stands in run folders, and a resumed run needs the order it had."""
    streamed = streamed_images(tmp_path, np.ndarray.tobytes, shape=(2, 3, 1))  # no image files
    pixels = staticmethod(lambda record: np.frombuffer(record, "uint8").reshape(2, 3, 1))
    monkeypatch.setattr(StreamedImages, "_read", pixels)
    source = Source(streamed, np.arange(120) % 3, ("a", "b", "c"))
    split = split_source(source, num_labeled=9, validation_size=10)
    assert split.fingerprint() == "08a3e10b86e80957"
    dataset, _ = pipeline.training_set(
        split.images, split.labels, split.unlabeled_rows, split.labeled_rows, 10, 5, seed=0
    )
    elements = dataset.as_numpy_iterator()
    batches = [(rows_of(inputs["unlabeled"]), labels) for inputs, labels in elements]
    digest = hashlib.sha256(np.concatenate([np.concatenate(batch) for batch in batches]))
    assert digest.hexdigest()[:16] == "e51a4238666d7fec"
