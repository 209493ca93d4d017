import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from aae_keras.data import sources
from aae_keras.data.source import DataError
from tests.folders import write_images


def test_digits_fill_the_pixel_range():
    source = sources.read("digits")
    assert source.images.shape == (1797, 8, 8, 1) and source.images.dtype == "uint8"
    assert (source.images.min(), source.images.max()) == (0, 255)
    assert len(np.unique(source.images)) == 17
    assert source.test_images is None and source.class_names == tuple("0123456789")


def test_a_folder_called_as_the_digits_is_not_passed_over_in_silence(tmp_path, monkeypatch, caplog):
    write_images(tmp_path / "digits", {"a": 2, "b": 2})
    monkeypatch.chdir(tmp_path)
    assert len(sources.read("digits").class_names) == 10
    assert "The folder of that name is --dataset=./digits" in caplog.text
    assert sources.read("./digits").class_names == ("a", "b")


def test_npz_of_either_rank_and_type(tmp_path, images, labels):
    path = tmp_path / "a.npz"
    np.savez(path, x_train=images[..., 0] / 255.0, y_train=labels)
    source = sources.read(str(path))
    np.testing.assert_array_equal(source.images, images)
    assert source.class_names == ("0", "1", "2") and source.labels.dtype == "int64"


IMAGES = np.zeros((4, 5, 5), "uint8")


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"x": IMAGES}, "expected the arrays x_train and y_train.*Received: x"),
        (
            {"x_train": IMAGES, "y_train": [0, 1, 0]},
            "y_train must hold one class number per image, 4 of them.*Received: 3",
        ),
        ({"x_train": IMAGES, "y_train": [0.0, 1, 0, 1]}, "whole numbers.*float64"),
        ({"x_train": IMAGES, "y_train": [0, 1, 0, -2]}, "or -1 for no label. Received: -2"),
        ({"x_train": IMAGES[0], "y_train": [0]}, r"shape \[N, H, W\].*Received: shape \(5, 5\)"),
        ({"x_train": IMAGES[:0], "y_train": np.zeros(0, int)}, "with images in it"),
        ({"x_train": IMAGES.astype(int), "y_train": [0, 1, 0, 1]}, "must be uint8, or float"),
        ({"x_train": IMAGES + 2.0, "y_train": [0, 1, 0, 1]}, r"in \[0, 1\].*from 2.0 to 2.0"),
        ({"x_train": IMAGES * np.nan, "y_train": [0, 1, 0, 1]}, "must be finite.*NaN"),
        ({"x_train": IMAGES[:, None], "y_train": [0, 1, 0, 1]}, r"1 channel .*\(4, 1, 5, 5\)"),
        ({"x_train": IMAGES, "y_train": [0, 1, 0, 1], "x_test": IMAGES}, "must come together"),
        (
            {"x_train": IMAGES, "y_train": [0] * 4, "x_test": IMAGES[:, 1:], "y_test": [0] * 4},
            r"one shape.*\(5, 5, 1\) and \(4, 5, 1\)",
        ),
        (
            {"x_train": IMAGES, "y_train": [0] * 4, "x_test": IMAGES, "y_test": [0, 1, 2, 3]},
            "classes that y_train holds, 0 to 0. Received: 3",
        ),
    ],
)
def test_unusable_npz_is_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        sources.read(str(tmp_path / "a.npz"))


def test_damaged_missing_and_pickled_npz_are_refused(tmp_path):
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 no more")
    np.savez(tmp_path / "pickle.npz", x_train=np.array([{}]), y_train=[0])
    with open(tmp_path / "npy.npz", "wb") as file:
        np.save(file, IMAGES)
    for name, message in (
        ("cut", "not a readable .npz"),
        ("pickle", "not a readable .npz of plain arrays"),
        ("npy", "not a readable .npz"),
        ("none", "no such file"),
    ):
        with pytest.raises(DataError, match=message):
            sources.read(str(tmp_path / f"{name}.npz"))


def test_a_test_folder_counts_beside_class_folders_too(tmp_path):
    write_images(tmp_path, {"a": 4, "b": 4})
    write_images(tmp_path / "test", {"a": 1, "b": 2})
    source = sources.read(str(tmp_path))
    assert source.class_names == ("a", "b") and source.test_labels.tolist() == [0, 1, 1]


def test_the_order_of_files_is_the_same_in_every_process(tmp_path):
    write_images(tmp_path / "train", {"a": 3, "unlabeled": 3})
    write_images(tmp_path, {"unlabeled": 3})
    script = (
        "import sys; from aae_keras.data import sources;"
        f"print(sources.read({str(tmp_path)!r}).images.sum(axis=(1, 2, 3)).tolist())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(3)
    }
    assert len(outputs) == 1 and outputs.pop().startswith("[")


def test_folder_of_class_folders_with_unlabelled_images(tmp_path):
    write_images(tmp_path, {"cat": 3, "dog": 2, "unlabeled": 4})
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / ".cache").mkdir()
    source = sources.read(str(tmp_path))
    assert source.class_names == ("cat", "dog")
    assert source.labels.tolist() == [0, 0, 0, 1, 1, -1, -1, -1, -1]
    assert source.images.shape == (9, 6, 5, 1) and source.test_images is None


def test_folder_with_train_and_test(tmp_path):
    write_images(tmp_path / "train", {"cat": 3, "dog": 2, "unlabeled": 1})
    write_images(tmp_path / "test", {"cat": 1, "dog": 1})
    write_images(tmp_path, {"unlabeled": 2})
    source = sources.read(str(tmp_path))
    assert sorted(source.labels.tolist()) == [-1, -1, -1, 0, 0, 0, 1, 1]
    assert source.test_labels.tolist() == [0, 1]


def test_colour_images_keep_their_channels(tmp_path):
    write_images(tmp_path, {"a": 2, "b": 2}, mode="RGB")
    assert sources.read(str(tmp_path)).images.shape == (4, 6, 5, 3)


def test_other_sizes_are_refused_or_resized(tmp_path):
    write_images(tmp_path, {"a": 2, "b": 2})
    Image.new("L", (9, 9)).save(tmp_path / "b" / "large.png")
    with pytest.raises(DataError, match="1 of 5 images are not 6x5.*--image_size=H,W.*\n.*9x9"):
        sources.read(str(tmp_path))
    with pytest.raises(DataError, match="but 9 high and 9 wide.*example --image_size=6,5;"):
        sources.read(str(tmp_path))
    assert sources.read(str(tmp_path), image_size=4).images.shape == (5, 4, 4, 1)


def test_grey_among_colour_is_read_as_colour(tmp_path, caplog):
    write_images(tmp_path, {"a": 2, "b": 2})
    grey = sources.read(str(tmp_path)).images
    Image.new("RGB", (5, 6), (9, 8, 7)).save(tmp_path / "b" / "zz.png")
    source = sources.read(str(tmp_path))
    np.testing.assert_array_equal(source.images[:4], np.repeat(grey, 3, axis=3))
    assert source.images[4, 0, 0].tolist() == [9, 8, 7]
    assert (
        "Grey among colour, read as colour (--channels=1 reads all as grey): 4 of 5" in caplog.text
    )
    assert sources.read(str(tmp_path), channels=1).images.shape == (5, 6, 5, 1)
    assert "Coloured, read as grey (in training: --channels): 1 image, such as" in caplog.text


def test_unreadable_images_are_refused_or_skipped_by_request(tmp_path, caplog):
    write_images(tmp_path, {"a": 2, "b": 2})
    (tmp_path / "a" / "bad.png").write_text("no image")
    with pytest.raises(DataError, match="1 of 5 image files cannot be read.*\n.*bad.png"):
        sources.read(str(tmp_path))
    assert len(sources.read(str(tmp_path), skip_unreadable=True).images) == 4
    assert "Left out 1 of 5 image files" in caplog.text and "bad.png" in caplog.text


@pytest.mark.parametrize(
    "folders, message",
    [
        ({}, "expected folders of images"),
        ({"a": 0}, "no image files"),
    ],
)
def test_empty_folders_are_refused(tmp_path, folders, message):
    write_images(tmp_path, folders)
    with pytest.raises(DataError, match=message):
        sources.read(str(tmp_path))


def test_test_classes_must_be_known(tmp_path):
    write_images(tmp_path / "train", {"a": 2})
    write_images(tmp_path / "test", {"a": 1, "b": 1})
    with pytest.raises(DataError, match="classes that .*train does not have: b"):
        sources.read(str(tmp_path))


def test_missing_folder_and_unknown_name_are_refused(tmp_path):
    with pytest.raises(DataError, match="there is no such folder"):
        sources.read(str(tmp_path / "none" / "here"))
    with pytest.raises(DataError, match="Unknown data set 'no_such_set'"):
        sources.read("no_such_set")


def test_no_home_is_a_line(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="nobody-here/x: there is no such folder"):
        sources.read("~nobody-here/x")
    monkeypatch.setenv("HOME", str(tmp_path))
    write_images(tmp_path / "mine", {"a": 2, "b": 2})
    assert sources.read("~/mine").class_names == ("a", "b")


def test_unprepared_tensorflow_dataset_says_how_to_get_it_at_once(tmp_path):
    with pytest.raises(DataError, match="mnist is not prepared in .*tools.prepare_data"):
        sources.read("mnist", data_dir=str(tmp_path))


def test_mnist_from_a_prepared_folder(mnist_dir):
    source = sources.read("mnist", data_dir=mnist_dir)
    assert source.images.shape == (60_000, 28, 28, 1)
    assert source.test_images.shape == (10_000, 28, 28, 1)
    assert np.bincount(source.test_labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


def test_a_folder_of_images_alone_is_enough_without_labels(tmp_path):
    for part, count in (("train", 5), ("test", 3)):
        (tmp_path / part).mkdir()
        for n in range(count):
            Image.fromarray(np.full((4, 4), n, "uint8")).save(tmp_path / part / f"{n}.png")
    source = sources.read(str(tmp_path))
    assert len(source.images) == 5 and len(source.test_images) == 3
    assert source.class_names == () and set(source.labels) == {-1} == set(source.test_labels)
    loose = sources.read(str(tmp_path / "train"))
    assert len(loose.images) == 5 and loose.test_images is None


def test_labels_of_the_test_part_alone_name_the_classes(tmp_path, images, labels):
    np.savez(
        tmp_path / "own.npz", x_train=images, y_train=labels * 0 - 1, x_test=images, y_test=labels
    )
    source = sources.read(str(tmp_path / "own.npz"))
    assert source.class_names == ("0", "1", "2") and (source.labels == -1).all()


def test_images_alone_may_be_scored_by_a_test_part_with_classes(tmp_path):
    write_images(tmp_path, {"unlabeled": 4})
    write_images(tmp_path / "test", {"cat": 2, "dog": 1})
    source = sources.read(str(tmp_path))
    assert source.class_names == ("cat", "dog") and source.labels.tolist() == [-1] * 4
    assert source.test_labels.tolist() == [0, 0, 1]
