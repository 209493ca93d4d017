"""What people name as a data set: read, or refused by name with what to do."""

import pathlib
import re

import numpy as np
import pytest
import tensorflow_datasets as tfds

from aae_keras.data import kinds, sources
from aae_keras.data.source import DataError
from tests.folders import write_images


@pytest.mark.parametrize(
    "name, remedy",
    [
        ("x.npy", "np.load.*np.savez"),
        ("pixels.csv", "np.loadtxt.*np.savez"),
        ("train-00000-of-00001.parquet", "pandas.*np.savez"),
        ("shard-{000000..000010}.tar", "Unpack it.*cls files"),
        ("photos.zip", "Unpack it, and give the folder"),
        ("photos.tar.gz", "Unpack it"),
        ("train-images-idx3-ubyte.gz", "prepare_data --from"),
        ("mnist-train.tfrecord", "Name the tensorflow-datasets set"),
        ("digits.mat", "np.savez"),
        ("data.H5", "np.savez"),
        ("seven.jpeg", "Give the folder"),
    ],
)
def test_files_that_are_not_read_are_refused_with_the_remedy(name, remedy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in (name, f"./{name}", str(tmp_path / name)):  # there or not: the kind says it
        with pytest.raises(DataError, match=f"{re.escape(place)} is .*not read. .*{remedy}"):
            sources.read(place)
        pathlib.Path(name).touch()


def test_the_remedies_work(tmp_path, monkeypatch):
    """The line that the message of a .csv gives makes the .npz that is read."""
    monkeypatch.chdir(tmp_path)
    table = np.random.default_rng(0).integers(0, 255, (4, 785))
    table[:, 0] = [0, 1, 2, 1]
    np.savetxt("x.csv", table, "%d", delimiter=",", header="label,pixels", comments="")
    with pytest.raises(DataError) as error:
        sources.read("x.csv")
    line = re.search(r"(table = .*)\.$", str(error.value))[1]
    exec(line, {"np": np})
    source = sources.read("own.npz")
    assert source.labels.tolist() == [0, 1, 2, 1]
    np.testing.assert_array_equal(source.images.reshape(4, 784), table[:, 1:])


def test_another_file_and_no_name_are_refused(tmp_path):
    (tmp_path / "notes").write_text("no data")
    with pytest.raises(DataError, match=f"no kind that is read. Expected {kinds.READ}"):
        sources.read(str(tmp_path / "notes"))
    with pytest.raises(DataError, match="Received: an empty name"):
        sources.read("")


def test_an_npz_may_be_shouted(tmp_path, images, labels):
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels)
    (tmp_path / "a.npz").rename(tmp_path / "A.NPZ")
    assert len(sources.read(str(tmp_path / "A.NPZ")).images) == 60


def test_a_folder_named_with_data_dir_is_found_and_said(tmp_path, monkeypatch, npz):
    write_images(tmp_path / "photos", {"a": 2, "b": 2})
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    for place, name in ((tmp_path / "empty", "photos"), (tmp_path, "photos"), (tmp_path, npz.name)):
        monkeypatch.chdir(tmp_path if place != tmp_path else tmp_path / "empty")
        with pytest.raises(DataError, match="by their path: --dataset=.*, without --data_dir") as e:
            sources.read(name, data_dir=str(place))
        remedy = re.search("--dataset=([^,]*),", str(e.value))[1]
        assert len(sources.read(remedy).images) in (4, 60)
    monkeypatch.chdir(tmp_path)
    assert len(sources.read("./photos", data_dir="elsewhere").images) == 4
    with pytest.raises(DataError, match="Unknown data set 'nowhere'"):
        sources.read("nowhere", data_dir=str(tmp_path))


class NumberedSet(tfds.core.GeneratorBasedBuilder):
    """A set whose labels are whole numbers, with gaps; -1 is none."""

    VERSION = tfds.core.Version("1.0.0")
    LABELS = [4242, 97, -1, 1001]
    DTYPE = np.int32
    PIXELS = np.uint8

    def _info(self):
        image = tfds.features.Image(shape=(4, 3, 1), dtype=self.PIXELS)
        features = {"image": image, "label": self.DTYPE}
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features), supervised_keys=("image", "label")
        )

    def _split_generators(self, dl_manager):
        return {
            "train": self._generate_examples(self.LABELS),
            "test": self._generate_examples([97]),
        }

    def _generate_examples(self, labels):
        for number, label in enumerate(labels):
            yield number, {"image": np.full((4, 3, 1), number, self.PIXELS), "label": label}


class DeepSet(NumberedSet):
    """Pixels of 16 bits."""

    VERSION = tfds.core.Version("1.0.0")
    PIXELS = np.uint16


class MeasuredSet(NumberedSet):
    """Labels that are measurements, not classes."""

    VERSION = tfds.core.Version("1.0.0")
    LABELS = [0.5, 1.5]
    DTYPE = np.float32


def test_a_prepared_set_may_have_numbers_for_labels(tmp_path):
    NumberedSet(data_dir=tmp_path).download_and_prepare()
    source = sources.read("numbered_set", data_dir=str(tmp_path))
    assert source.class_names == ("97", "1001", "4242")
    order = source.images.max(axis=(1, 2, 3)).argsort()  # image n is the value n
    assert source.labels[order].tolist() == [2, 0, -1, 1]
    assert source.test_labels.tolist() == [0]


def test_a_prepared_set_whose_labels_are_no_classes_is_refused(tmp_path):
    MeasuredSet(data_dir=tmp_path).download_and_prepare()
    with pytest.raises(DataError, match="one class for each image. Received: .*float32"):
        sources.read("measured_set", data_dir=str(tmp_path))


def test_a_prepared_set_of_deep_pixels_is_refused(tmp_path):
    DeepSet(data_dir=tmp_path).download_and_prepare()
    with pytest.raises(DataError, match="must be uint8, of 1, 3 or 4.*Received: uint16"):
        sources.read("deep_set", data_dir=str(tmp_path))
