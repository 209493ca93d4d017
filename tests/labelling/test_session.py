"""What is asked, what is refused, and what several pages are told of each other."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from aae_keras.data import sources
from aae_keras.errors import DataError
from aae_keras.labelling import collection, session
from aae_keras.labelling.session import Refused
from tests.data.prepared_sets import make_set
from tests.labelling import made


def test_what_was_answered_is_what_training_reads(root, path):
    with made.begun(root, path, ["c"]) as begun:
        assert [question.image for question in begun.questions] == [made.name(n) for n in range(6)]
        assert begun.classes() == ["a", "b", "c"]
        begun.answer([0, 3], "c")
        begun.answer([1], "a")
        begun.undo([3])
    source = sources.read(str(root), labels=str(path))
    assert source.class_names == ("a", "b", "c")
    assert source.labels.tolist() == [0, 1, 2, 0, -1, -1, -1, -1]
    with made.begun(root, path) as begun:  # the same list, so that progress goes on
        assert len(begun.questions) == 6 and begun.done == 2
        assert begun.since(0)["changes"] == [(0, "c"), (1, "a")]


def test_pages_are_told_what_others_did(root, path):
    with made.begun(root, path) as begun:
        begun.answer([0], "a")
        seen = begun.since(0)["seen"]
        begun.answer([2], "b")
        begun.answer([2], "b")  # once more changes nothing
        begun.undo([0])
        begun.add_class("new")
        news = begun.since(seen)
        assert news == {"seen": 3, "changes": [(2, "b"), (0, "")], "classes": ["a", "b", "new"]}


def test_what_training_would_refuse_is_not_written(root, path, tmp_path):
    table = tmp_path / "suggestions.csv"
    table.write_text("image,why\na/000.png,odd\nunlabeled/001.png,\nunlabeled/001.png,twice\n")
    images = collection.open_collection(str(root))
    asked = session.read_suggestions(table, images)
    assert [(question.image, question.why) for question in asked] == [
        ("a/000.png", "odd"), ("unlabeled/001.png", ""),
    ]  # fmt: skip
    with made.begun(root, path, questions=asked) as begun:
        with pytest.raises(Refused, match="The data itself has a/000.png as 'a'"):
            begun.answer([1, 0], "b")
        with pytest.raises(Refused, match="There is no class 'z'. Add it first"):
            begun.answer([1], "z")
        with pytest.raises(IndexError, match="no image 2"):
            begun.answer([1, 2], "a")
        with pytest.raises(IndexError, match="no image -1"):
            begun.answer([-1], "a")
        with pytest.raises(Refused, match="has no answer to undo"):
            begun.undo([1])
        assert not path.exists()
        begun.answer([0], "a")  # what the data says is fine
        begun.answer([1], "a")
        with pytest.raises(Refused, match="is 'a' already. Undo that first"):
            begun.answer([1], "b")
    assert sources.read(str(root), labels=str(path)).labels[:4].tolist() == [0, 1, -1, 0]


def test_thousands_of_classes_are_offered_and_taken(root, path):
    names = [f"class {number}" for number in range(5000)]
    with made.served(root, path, names) as server:
        status, content = made.ask(server.url, "session")
        assert status == 200 and json.loads(content)["classes"] == ["a", "b", *names]
        assert len(content) < 150_000
        assert made.post(server.url, "answer", numbers=[2], label="class 4999")[0] == 200
        status, message = made.post(server.url, "classes", name="CLASS 7")
        assert status == 409 and "differs from the class 'class 7'" in message
    assert '"class 4999"' in path.read_text()


@pytest.mark.parametrize(
    "name, message",
    [
        (" ", "empty"), ("A", "differs from the class 'a' in small and capital"),
        ("a\nb", "a line break"), ("\ud800", "lone surrogate"), ("x" * 201, "201 letters"),
        ("a\u200b", "in letters that are not seen"),
    ],
)  # fmt: skip
def test_a_class_is_one_that_a_table_can_hold(root, path, name, message):
    with made.begun(root, path) as begun:
        with pytest.raises(Refused, match=message):
            begun.add_class(name)
        assert begun.classes() == ["a", "b"]
        assert begun.add_class(" e\u0301 ") == begun.add_class("é") == "é"


def test_an_image_that_no_table_can_name_is_left_out(root, path, caplog):
    (root / made.name(0)).rename(root / "unlabeled" / "0\n.png")
    (root / made.name(1)).rename(root / "unlabeled" / "1.png ")
    with made.begun(root, path) as begun:
        # The second is no image by its name, so that it is left out by the reader already.
        assert [question.image for question in begun.questions] == [
            made.name(n) for n in range(2, 6)
        ]
    assert r"Left out 1 image whose names no table can hold" in caplog.text
    assert r"0\n.png" in caplog.text


def test_a_table_that_training_refuses_is_refused_at_once(root, path):
    path.write_text("image,label\na/000.png,b\n")
    with pytest.raises(DataError, match="a/000.png is 'b' here, but its folder .* has it as 'a'"):
        with made.begun(root, path):
            pass


@pytest.mark.parametrize(
    "text, message",
    [
        ("image\n", "names no image"), ("picture\nx\n", "no column image"),
        ("image,confidence\na/000.png,sure\n", "row 2, column confidence: expected a number"),
        ("image,confidence\na/000.png,nan\n", "row 2, column confidence: expected a number"),
        ("image\n../x.png\n", "expected a path below"), ("image\nx.png\n", "there is no x.png"),
    ],
)  # fmt: skip
def test_suggestions_name_images_of_the_data(root, tmp_path, text, message):
    table = tmp_path / "suggestions.csv"
    table.write_text(text)
    with pytest.raises(DataError, match=message):
        session.read_suggestions(table, collection.open_collection(str(root)))


def test_rows_are_named_by_number_and_shown_as_they_are(npz, images, labels):
    rows = collection.open_collection(str(npz))
    asked = session.unlabelled(rows)  # every fourth label is withheld
    assert [question.image for question in asked] == [str(n) for n in range(0, 60, 4)]
    shown = np.asarray(Image.open(io.BytesIO(rows.png(4, 1024))))
    np.testing.assert_array_equal(shown, images[4, :, :, 0])


def test_without_a_question_it_says_how_to_ask(tmp_path):
    root = made.folder(tmp_path / "all", count=0)
    with pytest.raises(DataError, match="Every training image has a label.*--images=FILE.csv"):
        session.unlabelled(collection.open_collection(str(root)))


def test_a_photo_is_shown_upright_in_its_own_size_and_a_large_one_smaller(root):
    photo = Image.new("RGB", (40, 20), "blue")
    exif = photo.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    photo.save(root / "unlabeled" / "photo.jpg", exif=exif)
    deep = np.linspace(0, 60000, 20, dtype="uint16").reshape(4, 5)
    Image.fromarray(deep).save(root / "unlabeled" / "deep.png")
    images = collection.open_collection(str(root))
    sizes = {
        (name, most): Image.open(io.BytesIO(images.png(images.names.index(name), most))).size
        for name, most in (
            ("unlabeled/photo.jpg", 1024), ("unlabeled/photo.jpg", 10), ("unlabeled/deep.png", 9),
        )
    }  # fmt: skip
    assert list(sizes.values()) == [(20, 40), (5, 10), (5, 4)]


def test_a_prepared_set_of_several_sizes_is_shown_with_margins(tmp_path, caplog):
    make_set(tmp_path, sizes=((6, 5), (5, 9)))
    images = collection.open_collection("generated", str(tmp_path))
    shown = Image.open(io.BytesIO(images.png(0, 1024)))
    assert shown.size == (collection.SMALL, collection.SMALL)
    assert len(images.names) == 40
    assert "generated: images of several sizes, shown with margins in 192" in caplog.text
