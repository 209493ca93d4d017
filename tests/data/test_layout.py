"""What people's folders mean: parts, classes, and what is left out of them."""

import contextlib
import os
import re
import shutil
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from aae_keras.data import sources
from aae_keras.data.source import DataError
from aae_keras.data.splits import split_source
from aae_keras.reading import Reading
from tests.data import kinds
from tests.folders import put, write_images


def read(folder, **options):
    return sources.read(str(folder), **options)


@pytest.fixture(autouse=True)
def logged(caplog):
    caplog.set_level("INFO")
    return caplog


@pytest.mark.parametrize(
    "train, validation, test, unlabeled",
    [
        ("train", "val", "test", "unlabeled"),
        ("training", "valid", "testing", "unlabelled"),
        ("Train", "Validation", "Test", "Unlabeled"),
        ("TRAIN", "VAL", "TEST", "UNLABELLED"),
    ],
)
def test_parts_under_their_usual_names(tmp_path, train, validation, test, unlabeled):
    for part, counts in (
        (train, {"cat": 5, "dog": 4}),
        (validation, {"cat": 2, "dog": 3}),
        (test, {"cat": 1, "dog": 2}),
    ):
        write_images(tmp_path / part, counts)
    write_images(tmp_path, {unlabeled: 6})
    source = read(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert source.labels.tolist() == [0] * 5 + [1] * 4 + [-1] * 6 + [0] * 2 + [1] * 3
    assert source.validation_rows.tolist() == [15, 16, 17, 18, 19]
    assert source.test_labels.tolist() == [0, 1, 1]


@pytest.mark.parametrize("use_labels", [True, False])
@pytest.mark.parametrize("test", [True, False])
def test_a_validation_part_validates_and_nothing_else_does(tmp_path, test, use_labels):
    write_images(tmp_path / "train", {"cat": 10, "dog": 10})
    write_images(tmp_path / "val", {"cat": 3, "dog": 3})
    if test:
        write_images(tmp_path / "test", {"cat": 2, "dog": 2})
    source = read(tmp_path)
    validating = source.images[source.validation_rows]
    split = split_source(source, validation_size=1, use_labels=use_labels)
    np.testing.assert_array_equal(split.images[split.validation_rows], validating)
    assert split.labels[split.validation_rows].tolist() == [0, 0, 0, 1, 1, 1]
    rest = np.union1d(split.labeled_rows, split.unlabeled_rows)
    assert len(rest) == (20 if test else 16) and len(split.test_labels) == 4
    assert not set(rest) & set(split.validation_rows)
    assert len(split.labeled_rows) == (len(rest) if use_labels else 0)


def test_what_was_found_is_said(tmp_path, logged):
    write_images(tmp_path / "train", {"cat": 5, "dog": 4, "unlabeled": 3})
    write_images(tmp_path / "test", {"cat": 1, "dog": 2})
    read(tmp_path)
    assert "train: 12 images of cat 5, dog 4; 3 without a label" in logged.text
    assert "test: 3 images of cat 1, dog 2" in logged.text
    many = tmp_path / "many"
    write_images(many, {f"{number:02d}": 1 + number % 3 for number in range(20)})
    read(many)
    assert "train: 39 images of 20 classes, 1 to 3 of each" in logged.text


@pytest.mark.parametrize(
    "folders, message",
    [
        (["fold1/a", "fold1/b", "fold2/a"], "fold1/, fold2/ look like parts"),
        (["train_images/a", "test_images/a"], "test_images/, train_images/ look like parts"),
        (["trainset", "testset"], "testset/, trainset/ look like parts"),
        (["train/a", "holdout/a"], "holdout/ beside train/"),
        (["train/a", "extra"], "extra/ beside train/.*If they are classes"),
        (["train", "bus", "car"], "bus/, car/ beside train/.*give that another name"),
        (["train/a", "training/a"], "train/ and training/ are the same part"),
        (["one/a", "one/b", "two/a", "two/b"], "one/, two/ hold folders of equal names, a/, b/"),
        (["cat/train", "cat/test", "dog/train"], r"cat holds test/, train/.*test/cat/"),
        (["data/cat", "data/dog"], r"one folder of folders, data/.*--dataset=\S+data"),
        (["data/train/cat", "data/test/cat"], "holds test/, train/|one folder of folders"),
        (["train/a", "test/b"], "classes that .*train does not have: b"),
        (["train/a", "val/b"], "val: classes that .*train does not have: b"),
    ],
)
def test_what_looks_like_parts_and_is_not_understood_is_refused(tmp_path, folders, message):
    for number, folder in enumerate(folders):
        put(tmp_path / folder / "0.png", value=number)
    with pytest.raises(DataError, match=message):
        read(tmp_path)


@pytest.mark.parametrize("folders", [["cat/2020", "cat/2021", "dog/2021"], ["trains", "cars"]])
def test_what_only_reminds_of_parts_is_taken_as_classes(tmp_path, folders):
    for number, folder in enumerate(folders):
        put(tmp_path / folder / "0.png", value=number)
    assert read(tmp_path).class_names == tuple(sorted({name.split("/")[0] for name in folders}))


TOOL_FOLDERS = (".ipynb_checkpoints", "@eaDir", "__MACOSX", ".thumbnails", "#recycle", ".git")


def test_folders_of_tools_hold_no_images_of_ours(tmp_path, logged):
    write_images(tmp_path, {"cat": 3, "dog": 3})
    for name in TOOL_FOLDERS:
        put(tmp_path / "cat" / name / "deeper" / "copy.png")
        put(tmp_path / name / "copy.png")  # at the top, where it would be a class
    put(tmp_path / "dog" / "._001.png", b"AppleDouble")
    put(tmp_path / "dog" / "Thumbs.db", b"")
    source = read(tmp_path)
    assert source.class_names == ("cat", "dog") and len(source.images) == 6
    assert "Left out hidden folders with images, and those of tools: 6, such as #r" in logged.text
    assert (
        "Left out hidden images, and those of tools: 7, such as cat/#recycle/deeper/copy"
        in logged.text
    )
    assert "Thumbs" not in logged.text


def test_copies_between_parts_are_counted(tmp_path, logged):
    write_images(tmp_path / "train", {"cat": 3, "dog": 3})
    write_images(tmp_path / "test", {"cat": 1, "dog": 1})  # drawn alike, but for the order
    for number in range(2):
        copy = tmp_path / "test" / "cat" / f"copy{number}.bmp"  # another format, equal pixels
        Image.open(tmp_path / "train" / "cat" / "001.png").save(copy)
    wrong = tmp_path / "test" / "dog" / "wrong.png"
    wrong.write_bytes((tmp_path / "train" / "cat" / "002.png").read_bytes())
    (tmp_path / "train" / "dog" / "more").mkdir()
    again = tmp_path / "train" / "dog" / "more" / "again.png"
    again.write_bytes((tmp_path / "train" / "dog" / "000.png").read_bytes())
    read(tmp_path)
    assert "Images for scoring that were seen before, which flatters scores: 4" in logged.text
    assert "Images for training that are exact copies of others: 1" in logged.text
    assert "dog/more/again.png, which is train/dog/000.png" in logged.text
    assert "Exact copies of images of another class: 1, such as test/dog/wrong" in logged.text


def test_data_without_copies_says_nothing_of_them(tmp_path, logged):
    write_images(tmp_path, {"cat": 4, "dog": 4})
    read(tmp_path)
    assert "copies" not in logged.text and "Left out" not in logged.text


def test_a_flat_test_part_scores_nothing_and_is_said(tmp_path, logged):
    write_images(tmp_path / "train", {"cat": 5, "dog": 5})
    for number in range(3):
        put(tmp_path / "test" / f"{number}.png", value=number)
    source = read(tmp_path)
    assert source.test_images is None and len(source.images) == 10
    assert "Left out images of test/ in no class folder, which score nothing: 3" in logged.text


def test_images_beside_class_folders_are_said(tmp_path, logged):
    write_images(tmp_path, {"cat": 2, "dog": 2})
    put(tmp_path / "stray.png")
    put(tmp_path / "notes.txt", b"no image")
    assert len(read(tmp_path).images) == 4
    assert "Left out images beside the class folders: 1, such as stray.png" in logged.text


def test_an_empty_folder_is_no_class(tmp_path, logged):
    write_images(tmp_path, {"cat": 2, "dog": 0, "owl": 2})
    (tmp_path / "dog" / "notes.txt").write_text("none yet")
    assert read(tmp_path).class_names == ("cat", "owl")
    assert "Left out folders without an image, which are no classes: 1, such as dog" in logged.text
    assert "Left out files that are no images: 1, such as dog/notes.txt" in logged.text


def test_a_class_alone_is_said(tmp_path, logged):
    """As of the folders of detectors: images/ and labels/, where the second holds text."""
    write_images(tmp_path / "train", {"images": 3, "labels": 0})
    assert read(tmp_path).class_names == ("images",)
    assert "There is one class alone, images" in logged.text


def test_a_class_without_a_readable_image_is_refused(tmp_path):
    write_images(tmp_path, {"cat": 2, "dog": 0})
    put(tmp_path / "dog" / "bad.png", b"no image")
    with pytest.raises(DataError, match="no image of class 'dog' can be read"):
        read(tmp_path, skip_unreadable=True)


def test_every_damaged_file_is_counted_and_may_be_left_out(tmp_path, logged):
    write_images(tmp_path, {"cat": 2, "dog": 2})
    for name, make in kinds.DAMAGED.items():
        put(tmp_path / "cat" / f"{name}.png", make())
    count = len(kinds.DAMAGED)
    with pytest.raises(DataError, match=f"{count} of {count + 4} image files cannot be read"):
        read(tmp_path)
    assert len(read(tmp_path, skip_unreadable=True).images) == 4
    assert f"Left out {count} of {count + 4} image files" in logged.text


@pytest.mark.parametrize("method", ["open", "load", "convert"])
@pytest.mark.parametrize(
    "error",
    [
        ValueError("two\nlines"),
        MemoryError(),
        OverflowError("too large"),
        SyntaxError("not a TIFF file"),
        struct.error("unpack requires 4 bytes"),
        zlib.error("incorrect header check"),
        EOFError(),
        RecursionError("maximum depth"),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "ordinal not in range"),
        PermissionError(13, "Permission denied"),
        Image.DecompressionBombError("200 million pixels"),
        SystemError("tile cannot extend outside image"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_reader_raises_spoils_one_file(tmp_path, monkeypatch, logged, error, method):
    """In reading its head, its pixels, or in bringing them to one mode."""
    write_images(tmp_path, {"a": 2, "b": 2})
    (tmp_path / "b" / "bad.png").write_bytes((tmp_path / "b" / "000.png").read_bytes())
    owner = Image if method == "open" else PngImagePlugin.PngImageFile
    work = getattr(owner, method)
    bad = str(tmp_path / "b" / "bad.png")

    def read(subject, *arguments, **options):
        name = subject if method == "open" else subject.filename
        if str(name) == bad:
            raise error
        return work(subject, *arguments, **options)

    monkeypatch.setattr(owner, method, read)
    with pytest.raises(DataError, match="1 of 5 image files cannot be read") as caught:
        sources.read(str(tmp_path))
    told = [line for line in str(caught.value).splitlines() if "bad.png" in line]
    assert len(told) == 1 and "not a readable image (" in told[0]
    assert len(sources.read(str(tmp_path), skip_unreadable=True).images) == 4
    assert "Left out 1 of 5 image files" in logged.text


def test_names_that_are_no_text_are_refused_at_once(tmp_path):
    write_images(tmp_path, {"cat": 2})
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    put(tmp_path / os.fsdecode(b"caf\xe9") / "0.png")
    with pytest.raises(
        DataError, match=r"class 'caf\\udce9' has .* a lone surrogate in it. Rename"
    ):
        read(tmp_path)


def test_an_accent_may_be_written_in_two_ways(tmp_path):
    """A Mac writes the letter and its accent apart, and so do its archives."""
    write_images(tmp_path / "train", {"caf\u00e9": 2, "tea": 2})
    write_images(tmp_path / "test", {"cafe\u0301": 1, "tea": 1})
    source = read(tmp_path)
    assert source.class_names == ("caf\u00e9", "tea") and sorted(source.test_labels) == [0, 1]
    put(tmp_path / "train" / "cafe\u0301" / "0.png")
    with pytest.raises(DataError, match="Two classes have the same name"):
        read(tmp_path)


@pytest.mark.parametrize("part", ["test", "val"])
def test_images_without_a_label_in_a_part_that_scores_are_said(tmp_path, logged, part):
    write_images(tmp_path / "train", {"a": 2, "b": 2})
    write_images(tmp_path / part, {"a": 1, "b": 1, "unlabeled": 3})
    put(tmp_path / "train" / "unlabeled" / "x.png", value=9)
    source = read(tmp_path)
    assert len(source.labels) == (5 if part == "test" else 7)
    assert f"Left out parts within a part: 1, such as {part}/unlabeled" in logged.text


@pytest.mark.parametrize("name", ["1.PNG", "2.JFIF", "3", "4.Tif", "5.pgm", "6.jp2", "7.avif"])
def test_extensions_of_any_case_and_none(tmp_path, name):
    write_images(tmp_path, {"a": 2, "b": 2})
    put(tmp_path / "a" / name, kinds.encoded(kinds.smooth("L", (5, 6)), "PNG"))
    put(tmp_path / "b" / "README", b"no image, and no extension")
    assert len(read(tmp_path).images) == 5  # the content decides


def test_links_pipes_and_folders_named_like_images(tmp_path, logged):
    write_images(tmp_path, {"a": 2, "b": 2})
    (tmp_path / "a" / "round").symlink_to(tmp_path)  # would lead back here for ever
    os.mkfifo(tmp_path / "a" / "pipe.png")  # would wait for ever
    put(tmp_path / "b" / "folder.png" / "0.png", value=9)
    assert len(read(tmp_path).images) == 5
    assert "Left out links to folders: 1, such as a/round" in logged.text
    assert "Left out files that are no images: 1, such as a/pipe.png" in logged.text
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match="gone.png: there is no such file"):
        read(tmp_path)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    write_images(tmp_path, {"a": 2, "b": 2})
    listed = os.scandir

    def refuse(folder):
        if str(folder).endswith("b"):
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="b: cannot be listed: Permission denied"):
        read(tmp_path)


class Denied:
    """An entry of a folder that may be listed and not searched, behind a link."""

    def __init__(self, entry, *methods):
        self.name, self.path = entry.name, entry.path
        for method in ("is_dir", "is_file", "is_symlink"):
            setattr(self, method, self.deny if method in methods else getattr(entry, method))

    def deny(self):
        raise PermissionError(13, "Permission denied", self.path)


def test_a_folder_that_cannot_be_searched_is_no_empty_class(tmp_path, monkeypatch):
    write_images(tmp_path, {"a": 2, "b": 2})
    listed = os.scandir

    @contextlib.contextmanager
    def scan(folder, methods):
        with listed(folder) as entries:
            denied = str(folder).endswith("b")
            yield (Denied(entry, *methods) if denied else entry for entry in entries)

    monkeypatch.setattr(os, "scandir", lambda folder: scan(folder, ["is_dir"]))
    with pytest.raises(DataError, match="b: cannot be listed: Permission denied"):
        read(tmp_path)
    monkeypatch.setattr(os, "scandir", lambda folder: scan(folder, ["is_file"]))
    assert read(tmp_path).labels.tolist() == [0, 0, 1, 1]


def test_a_folder_whose_list_ends_early_is_named(tmp_path, monkeypatch):
    """A disk or a network that fails: half a class would be trained on."""
    write_images(tmp_path, {"a": 2, "b": 2})
    listed = os.scandir

    @contextlib.contextmanager
    def scan(folder):
        def cut(entries):
            for number, entry in enumerate(entries):
                if number and str(folder).endswith("b"):
                    raise OSError(5, "Input/output error")
                yield entry

        with listed(folder) as entries:
            yield cut(entries)

    monkeypatch.setattr(os, "scandir", scan)
    with pytest.raises(DataError, match="b: cannot be listed: Input/output error"):
        read(tmp_path)


def test_images_of_several_sizes_name_the_flags(tmp_path, logged):
    write_images(tmp_path, {"a": 2, "b": 2})
    Image.new("L", (9, 90), 7).save(tmp_path / "b" / "tall.png")
    with pytest.raises(DataError, match="90 high and 9 wide.*H,W.*6,5; --fit=.*\n.*90x9"):
        read(tmp_path)
    assert read(tmp_path, image_size=(4, 8)).images.shape == (5, 4, 8, 1)
    assert "--fit=crop or --fit=pad keeps them): 5 images" in logged.text


def test_images_beyond_the_memory_are_refused_before_they_fill_it(tmp_path, monkeypatch):
    write_images(tmp_path, {"a": 2, "b": 2})

    def refused_in(memory):
        monkeypatch.setattr("aae_keras.data.capacity.memory", lambda: memory)
        try:
            return read(tmp_path) is None
        except DataError as error:
            assert re.search("4 images of 6x5 pixels take .*--image_size=64,64", str(error))
            return True

    # 30 pixels each; held twice while a test part is held out.
    assert refused_in(2 * 4 * 30 - 1) and not refused_in(2 * 4 * 30)
    Image.new("RGB", (5, 6), (1, 2, 3)).save(tmp_path / "b" / "001.png")  # read last
    assert refused_in(3 * 2 * 4 * 30 - 1) and not refused_in(3 * 2 * 4 * 30)
    for name in ("a", "b"):
        (tmp_path / "test" / name).mkdir(parents=True)
        shutil.move(tmp_path / name / "000.png", tmp_path / "test" / name)
    assert refused_in(3 * 4 * 30 - 1) and not refused_in(3 * 4 * 30)


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    write_images(tmp_path, {"a": 2, "b": 2})
    loop = tmp_path / "a" / "loop.png"
    loop.symlink_to(loop)
    with pytest.raises(DataError, match="1 of 5 image files cannot be read.*skip_unre.*\n.*loop"):
        read(tmp_path)
    assert len(read(tmp_path, skip_unreadable=True).images) == 4
    loop.rename(tmp_path / "a" / "loop")
    (tmp_path / "a" / "loop").unlink()
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a" / "loop")
    with pytest.raises(DataError, match="a/loop: Too many levels of symbolic links. Remove"):
        read(tmp_path)


def test_every_kind_in_one_folder(tmp_path, logged):
    """All that a person's mixed folder holds, in one size: as one by one."""
    for number, (name, make) in enumerate(kinds.READABLE.items()):
        put(tmp_path / f"class{number % 2}" / name, make())
    source = read(tmp_path, image_size=(12, 16))
    assert source.images.shape == (len(kinds.READABLE), 12, 16, 3)
    for line in ("Of several pages", "Transparent, laid over", "Grey among colour"):
        assert line in logged.text


@pytest.mark.parametrize("codes", [[97, 1001, 4242], [10**12, 10**12 + 1]])
def test_numbers_that_are_codes_need_names_or_places(tmp_path, codes):
    x, y = np.zeros((6, 4, 4), "uint8"), np.resize(codes, 6)
    np.savez(tmp_path / "codes.npz", x_train=x, y_train=y)
    with pytest.raises(DataError, match="codes.npz: y_train: Labels must use every number.*unique"):
        read(tmp_path / "codes.npz")


def test_an_npz_may_name_its_classes(tmp_path):
    x = np.zeros((4, 4, 4), "uint8")
    np.savez(tmp_path / "a.npz", x_train=x, y_train=[0, 5, 5, 0], class_names=list("abcdef"))
    assert read(tmp_path / "a.npz").class_names == tuple("abcdef")
    np.savez(tmp_path / "b.npz", x_train=x, y_train=[0, 1, 1, 0], class_names=["a"])
    with pytest.raises(DataError, match="must name every class, 0 to 1. Received: 1 names"):
        read(tmp_path / "b.npz")


def test_arrays_follow_the_same_flags(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (4, 10, 30, 3), dtype="uint8")
    np.savez(tmp_path / "a.npz", x_train=x, y_train=[0, 1, 1, 0])
    grey = read(tmp_path / "a.npz", channels=1)
    assert grey.images.shape == (4, 10, 30, 1)
    np.testing.assert_array_equal(
        grey.images[0, :, :, 0], np.asarray(Image.fromarray(x[0]).convert("L"))
    )
    crop = read(tmp_path / "a.npz", image_size=10, reading=Reading("crop"))
    np.testing.assert_array_equal(crop.images, x[:, :, 10:20])
    with pytest.raises(ValueError, match="`channels` must be 1, 3, or 0"):
        read(tmp_path / "a.npz", channels=2)
