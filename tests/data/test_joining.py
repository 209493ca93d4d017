"""Labels from a table: what is read, and what each kind of broken row is told."""

import json

import numpy as np
import pytest
from PIL import Image

from aae_keras import data
from aae_keras.data import label_studio, sources
from aae_keras.data.source import DataError
from tests.folders import write_images


@pytest.fixture
def photos(tmp_path):
    """Two images of class a, four without a label, one of them below another folder."""
    root = tmp_path / "photos"
    write_images(root, {"a": 2, "unlabeled": 3})
    (root / "unlabeled" / "more").mkdir()
    pixels = np.full((6, 5), 99, "uint8")
    Image.fromarray(pixels).save(root / "unlabeled" / "more" / "é, 1.png")
    Image.fromarray(pixels).save(root / "loose.png")
    return root


def table(folder, text, name="labels.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_table_adds_labels_and_classes_to_a_folder(tmp_path, photos):
    text = (
        '\ufefflabel,image,labelled_at\r\nb,"unlabeled/more/e\u0301, 1.png",\r\n\r\n'
        " a ,unlabeled/002.png,\r\na,./a/000.png,\r\na,a/000.png,\r\n"
    )
    source = sources.read(str(photos), labels=table(tmp_path, text))
    assert source.class_names == ("a", "b")
    # in order: a/000, a/001, unlabeled/000, 001, 002, more/e; a row that says what is known is fine
    assert source.labels.tolist() == [0, 0, -1, -1, 0, 1]
    assert source.images[5].max() == source.images[5].min() == 99


def test_images_alone_get_their_classes_from_a_table(tmp_path):
    write_images(tmp_path / "root", {"unlabeled": 3})
    text = "image,label\nunlabeled/000.png,z\nunlabeled/002.png,b\n"
    source = sources.read(str(tmp_path / "root"), labels=table(tmp_path, text))
    assert source.class_names == ("b", "z") and source.labels.tolist() == [1, -1, 0]


def test_a_test_part_may_get_its_labels_from_a_table(tmp_path):
    write_images(tmp_path / "root" / "train", {"a": 1, "b": 1})
    write_images(tmp_path / "root" / "test", {"a": 2})
    text = "image,label\ntest/a/001.png,a\n"
    source = sources.read(str(tmp_path / "root"), labels=table(tmp_path, text))
    assert source.test_labels.tolist() == [0, 0]
    with pytest.raises(DataError, match="'b' here, but its folder .*test/a has it as 'a'"):
        sources.read(
            str(tmp_path / "root"), labels=table(tmp_path, "image,label\ntest/a/001.png,b")
        )


def test_arrays_are_named_by_their_rows(tmp_path, images):
    np.savez(tmp_path / "a.npz", x_train=images, y_train=np.full(60, -1))
    text = "image,label\n0,dog\n59,cat\n"
    source = sources.read(str(tmp_path / "a.npz"), labels=table(tmp_path, text))
    assert source.class_names == ("cat", "dog")
    assert (source.labels[0], source.labels[59], source.labels[1:59].max()) == (1, 0, -1)


def test_a_table_names_digits_that_have_their_labels(tmp_path):
    assert (sources.read("digits").labels[:2] == [0, 1]).all()
    same = table(tmp_path, "image,label\n1,1\n")
    assert (sources.read("digits", labels=same).labels == sources.read("digits").labels).all()
    with pytest.raises(DataError, match="1 is '7' here, but the data has image 1 as '1'"):
        sources.read("digits", labels=table(tmp_path, "image,label\n1,7\n"))


def test_a_prepared_set_is_named_by_its_rows(tmp_path, mnist_dir):
    same = table(tmp_path, "image,label\n0,4\n")
    source = sources.read("mnist", mnist_dir, labels=same)
    assert source.labels[0] == 4 and source.class_names == tuple("0123456789")


def test_training_sees_the_labels_of_a_table(tmp_path, photos):
    text = "image,label\nunlabeled/000.png,b\nunlabeled/001.png,b\n"
    found = data.load(
        str(photos), labels=table(tmp_path, text), validation_size=0, test_fraction=0.1
    )
    assert found.split.labels[found.split.labeled_rows].tolist() == [0, 0, 1, 1]


ROW = "image,label\nunlabeled/000.png,a\n"


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "row 1: no column image.*columns image,label.*Received: nothing"),
        ("\n \n", "row 2: no column image|row 1: no column image"),
        ("unlabeled/000.png,a\n", "row 1: no column image.*Received: unlabeled/000.png,a"),
        ("image,class\nx,y\n", "row 1: no column label.*Received: image,class"),
        ("Image,label\nx,y\n", "row 1: no column image.*Received: Image,label"),
        ("image;label\nx;y\n", "row 1: no column image.*by commas, not by ';'"),
        ("image\tlabel\nx\ty\n", "row 1: no column image.*by commas, not by"),
        ("image,label,label\nx,y,z\n", "row 1: two columns label"),
        ("image,label\n", "holds no label. Expected a row for each"),
        (ROW + "unlabeled/001.png\n", "row 3, column label: empty. Fill it in"),
        (ROW + "unlabeled/more/é, 1.png,a\n", "row 3: 3 cells.*quotes around a cell with a comma"),
        (ROW + ",a\n", "row 3, column image: empty. Fill it in"),
        (ROW + "unlabeled/001.png, \n", "row 3, column label: empty. Fill it in"),
        (ROW + '"unlabeled/001.png,a\n', "row 3: unexpected end of data.*written twice"),
        (ROW + "x" * 5000 + ".png,a\n", "row 3, column image: there is no xxx"),
        (ROW + '"a"b,a\n', "row 3: .*expected after.*written twice"),
        (ROW + "unlabeled/001.png,a\x00\n", "row 3, .*a control character .*: 'a.x00'"),
        (ROW + '"unlabeled/001.png","a\nb"\n', "row 3, column label: .*holds a line break"),
        (ROW.encode() + b"unlabeled/001.png,\xe9\n", "row 3: not UTF-8. Save the table as CSV UTF"),
        (ROW.encode("utf-16"), "row 1: not UTF-8"),
        (ROW + "/etc/passwd,a\n", "row 3, column image: expected a path below .*Received: /etc"),
        (ROW + "unlabeled/../../x.png,a\n", r"row 3, column image: expected a path below"),
        (ROW + "unlabeled\\001.png,a\n", r"row 3, column image: write paths with /, not \\"),
        (ROW + "unlabeled/9.png,a\n", "row 3, column image: there is no unlabeled/9.png in .*such"),
        (ROW + "001.png,a\n", "row 3, column image: there is no 001.png.*such as a/000.png"),
        (ROW + "unlabeled,a\n", "row 3, column image: there is no unlabeled in"),
        (ROW + "loose.png,a\n", "row 3, column image: loose.png is no part.*into unlabeled/"),
        (ROW + "unlabeled/000.png,b\n", "row 3, column label: .*here, but .*row 2 has it as 'a'"),
        (ROW + "a/001.png,b\n", "row 3, column label: .*here, but its folder .*a has it as 'a'"),
        (ROW + "unlabeled/001.png,A\n", "row 3, column label: 'A' differs from the class 'a' in"),
        (ROW + "unlabeled/001.png,b\nunlabeled/002.png,B", "row 4, column label: 'B' differs"),
    ],
)  # fmt: skip
def test_a_broken_table_is_refused_by_row_and_column(tmp_path, photos, text, message):
    with pytest.raises(DataError, match=f"(?s)labels.csv.*{message}"):
        sources.read(str(photos), labels=table(tmp_path, text))


@pytest.mark.parametrize("number", ["60", "-1", "1.5", "1e1", "+1", "²", "a/000.png", "1" * 5000])
def test_a_row_that_arrays_do_not_have_is_refused(tmp_path, npz, number):
    with pytest.raises(
        DataError, match=f"row 2, column image: .*image, 0 to 59.*Received: .?{number[1:]}"
    ):
        sources.read(str(npz), labels=table(tmp_path, f"image,label\n{number},1\n"))


def test_capital_letters_of_a_class_folder_count(tmp_path):
    write_images(tmp_path / "root", {"Cat": 1, "unlabeled": 1})
    text = "image,label\nunlabeled/000.png,cat\n"
    with pytest.raises(DataError, match="row 2, column label: 'cat' differs from the class 'Cat'"):
        sources.read(str(tmp_path / "root"), labels=table(tmp_path, text))


def test_a_table_that_cannot_be_read_is_named(tmp_path, npz):
    for path, why in ((tmp_path / "none.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(DataError, match=f"{path}: cannot be read: {why}.*image,label"):
            sources.read(str(npz), labels=str(path))


def exported(image, *annotations):
    """A task of Label Studio's export, with a list of choices for each annotation."""
    results = [
        {"result": [{"type": "choices", "value": {"choices": choices}}], "was_cancelled": False}
        for choices in annotations
    ]
    return {"id": 17, "data": {"image": image}, "annotations": results}


def test_label_studio_export_is_a_table(tmp_path, photos):
    skipped = exported("unlabeled/001.png", ["b"])
    skipped["annotations"][0]["was_cancelled"] = True
    tasks = [
        exported("unlabeled/000.png", ["a"], ["a"]),
        skipped,
        exported("/data/local-files/?d=unlabeled/more/%C3%A9%2C%201.png", ["b"]),
        exported("http://localhost:8081/unlabeled/002.png", ["b"]),
        exported("a/000.png"),
    ]
    path = table(tmp_path, json.dumps(tasks), "export.json")
    source = sources.read(str(photos), labels=path)
    assert source.labels.tolist() == [0, 0, 0, -1, 1, 1] and source.class_names == ("a", "b")


@pytest.mark.parametrize(
    "image, expected",
    [
        ("cam-1:007.png", "cam-1:007.png"),
        ("a?d=b.png", "a?d=b.png"),
        ("s3://bucket/a/b%20c.png", "a/b c.png"),
        ("/data/local-files/?d=a/b.png", "a/b.png"),
        ("http://localhost:8080/data/local-files/?d=a/b.png", "a/b.png"),
    ],
)
def test_a_name_of_a_task_is_a_url_only_if_it_is_one(image, expected):
    tasks = json.dumps([exported(image, ["a"])])
    assert [found for _, found, _ in label_studio.read_tasks(tasks)] == [expected]


IMAGE = "unlabeled/000.png"


@pytest.mark.parametrize(
    "content, message",
    [
        ("{", "not JSON .*Export the project again"),
        ("[" * 100_000, "not JSON"),
        ({"a": 1}, "expected a list of tasks"),
        ([1], "task 1: no list annotations"),
        ([{"image": IMAGE, "label": "a"}], "task 1: no list annotations.*not as JSON-MIN"),
        ([exported("", ["a"])], "task 1: data.image is missing or empty"),
        ([exported(IMAGE), exported(IMAGE, ["a", "b"])], r"task 2: .*one choice.*\['a', 'b'\]"),
        ([exported(IMAGE, [3])], r"task 1: expected one choice.*Received: \[3\]"),
        ([exported(IMAGE, "a")], "task 1: a result has no choices"),
        ([exported(IMAGE, ["a"], ["b"])], "task 1, column label: .*'b' here, but .*task 1 has it"),
        ([{"annotations": [1]}], "task 1: an annotation has no list result"),
        ([exported("none.png", ["a"])], "task 1, column image: there is no none.png"),
        ([], "holds no label"),
    ],
)
def test_a_broken_export_is_refused_by_its_task(tmp_path, photos, content, message):
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(DataError, match=f"(?s)export.json.*{message}"):
        sources.read(str(photos), labels=table(tmp_path, text, "export.json"))
