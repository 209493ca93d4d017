"""The file of answers: what is in it after adding, undoing, a cut, and other people's rows."""

import errno
import os
import re
import subprocess
import sys

import pytest

from aae_keras.data import tables
from aae_keras.errors import DataError, UserError
from aae_keras.labelling import answers
from aae_keras.labelling.answers import Answers


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels.csv"


def rows(path):
    """What training reads."""
    return [(answer.image, answer.label) for answer in tables.read_table(path)]


def test_an_answer_is_a_row_that_training_reads(path):
    file = Answers(path)
    assert not path.exists()  # nothing was answered
    file.add(['a "b", c.png'], "cat")
    file.add(["2.png", "3.png"], "é")
    assert rows(path) == [('a "b", c.png', "cat"), ("2.png", "é"), ("3.png", "é")]
    first, second, *_ = path.read_text().splitlines()
    assert first == "image,label,labelled_at"
    assert re.fullmatch(r'"a ""b"", c.png","cat","\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"', second)


def test_answers_are_gone_on_with(path):
    Answers(path).add(["1.png"], "cat")
    file = Answers(path)
    assert file.given == {"1.png": "cat"}
    file.add(["1.png"], "cat")  # asked again, as its answer was lost
    assert rows(path) == [("1.png", "cat")]
    with pytest.raises(ValueError, match="1.png is 'cat' already. Undo that first"):
        file.add(["2.png", "1.png"], "dog")
    assert rows(path) == [("1.png", "cat")]


def test_an_undone_answer_has_no_row_and_may_be_given_anew(path):
    file = Answers(path)
    for number in range(4):
        file.add([f"{number}.png"], "cat")
    file.undo(["1.png", "3.png"])
    assert rows(path) == [("0.png", "cat"), ("2.png", "cat")]
    file.add(["1.png"], "dog")
    assert Answers(path).given == {"0.png": "cat", "2.png": "cat", "1.png": "dog"}
    assert os.listdir(path.parent) == ["labels.csv"]  # nothing was left aside


def test_an_image_that_is_called_as_the_column_is_undone_alone(path):
    file = Answers(path)
    file.add(["image", "b.png"], "cat")
    file.undo(["image"])
    file.add(["c.png"], "dog")
    assert rows(path) == [("b.png", "cat"), ("c.png", "dog")]


def test_a_file_that_was_removed_is_written_anew_with_all_its_answers(path, caplog):
    file = Answers(path)
    file.add(["1.png", "2.png"], "cat")
    path.unlink()
    file.add(["3.png"], "dog")
    assert rows(path) == [("1.png", "cat"), ("2.png", "cat"), ("3.png", "dog")]
    assert "was removed: written anew with its 2 answers" in caplog.text
    path.unlink()
    file.undo(["1.png"])
    assert rows(path) == [("2.png", "cat"), ("3.png", "dog")]


def test_a_link_stays_one_and_is_locked_under_its_own_name(path):
    link = path.with_name("link.csv")
    link.symlink_to(path)
    with answers.opened(link) as file:
        file.add(["1.png", "2.png"], "cat")
        file.undo(["1.png"])
        with pytest.raises(UserError, match="is being written by another"):
            answers.opened(path).__enter__()
    assert link.is_symlink() and rows(path) == [("2.png", "cat")]


def test_no_answer_goes_under_a_first_line_that_was_changed(path):
    file = Answers(path)
    file.add(["1.png"], "cat")
    changed = path.read_text().replace("image,label", "picture,label")
    path.write_text(changed)
    with pytest.raises(DataError, match="must name the columns image and label.*picture,label"):
        file.add(["2.png"], "cat")
    with pytest.raises(DataError, match="must name the columns image and label"):
        file.undo(["1.png"])
    assert path.read_text() == changed and file.given == {"1.png": "cat"}


def test_answers_are_utf_8_whatever_the_locale(path):
    script = (
        "import pathlib, sys; from aae_keras.labelling.answers import Answers;"
        "file = Answers(pathlib.Path(sys.argv[1]));"
        "file.add(['1.png', '2.png'], 'K\\xe4se'); file.undo(['2.png'])"
    )
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run(
        [sys.executable, "-c", script, str(path)], env=os.environ | ascii_alone, check=True
    )
    assert rows(path) == [("1.png", "Käse")]


def test_rows_and_columns_of_others_are_kept(path):
    foreign = 'who,label,image\r\nme,cat,1.png\r\n"a\r\nb",dog,"2, 3.png"'
    path.write_bytes(b"\xef\xbb\xbf" + foreign.encode())
    file = Answers(path)
    file.add(["9.png"], "cat")
    assert path.read_bytes().decode("utf-8-sig") == foreign + '\n"","cat","9.png"\n'
    file.undo(["1.png"])
    kept = 'who,label,image\r\n"a\r\nb",dog,"2, 3.png"\n"","cat","9.png"\n'
    assert path.read_bytes().decode() == kept


def test_a_row_that_was_cut_anywhere_is_removed_and_named(path, caplog):
    Answers(path).add(["1.png"], "cat")
    before = path.read_bytes()
    Answers(path).add(["é, 2.png"], "dog")
    whole = path.read_bytes()
    for end in range(len(before) + 1, len(whole) - 1):
        caplog.clear()
        path.write_bytes(whole[:end])
        assert Answers(path).given == {"1.png": "cat"}, end
        assert path.read_bytes() == before
        assert "its last row was cut short, and is removed" in caplog.text
    caplog.clear()
    path.write_bytes(whole[:-1])  # the end of the line alone is missing: the row is whole
    assert Answers(path).given == {"1.png": "cat", "é, 2.png": "dog"}
    assert path.read_bytes() == whole and not caplog.text


def test_a_table_without_a_last_end_of_line_is_whole(path):
    path.write_text("image,label\n1.png,cat")
    file = Answers(path)
    file.add(["2.png"], "dog")
    assert path.read_text() == 'image,label\n1.png,cat\n"2.png","dog"\n'
    path.write_text("image,label,note\n1.png,cat,\n2.png,dog")  # a spreadsheet left a cell out
    assert Answers(path).given == {"1.png": "cat", "2.png": "dog"}
    assert path.read_text().endswith("2.png,dog\n")
    latin = "image,label\n1.png,caf\xe9".encode("latin-1")
    path.write_bytes(latin)
    with pytest.raises(DataError, match="row 2: not UTF-8"):
        Answers(path)
    assert path.read_bytes() == latin + b"\n"
    path.write_text('"image')
    with pytest.raises(UserError, match="its only line was cut short. Remove the file"):
        Answers(path)


def test_what_is_no_table_is_refused_and_left_alone(path):
    path.write_text("name;kind\n1.png;cat\n")
    with pytest.raises(DataError, match="no column image.*Separate columns by commas"):
        Answers(path)
    assert path.read_text() == "name;kind\n1.png;cat\n"


def test_a_full_disk_leaves_the_file_as_it_was(path, monkeypatch):
    file = Answers(path)
    file.add(["1.png"], "cat")
    before = path.read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            file.add(["2.png"], "dog")
        with pytest.raises(OSError, match="No space left"):
            file.undo(["1.png"])
    assert path.read_bytes() == before and file.given == {"1.png": "cat"}
    file.add(["2.png"], "dog")
    assert rows(path) == [("1.png", "cat"), ("2.png", "dog")]


def test_a_file_has_one_writer(path):
    with answers.opened(path) as file:
        file.add(["1.png"], "cat")
        with pytest.raises(UserError, match="is being written by another python -m tools.label"):
            with answers.opened(path):
                pass
    with answers.opened(path) as file:
        assert file.given == {"1.png": "cat"}
    assert os.listdir(path.parent) == ["labels.csv"]


@pytest.mark.parametrize(
    "name, following",
    [("labels.csv", "labels-2.csv"), ("labels-2.csv", "labels-3.csv"), ("a-b.json", "a-b-2.csv")],
)
def test_a_run_keeps_its_table(tmp_path, name, following):
    assert answers.after(tmp_path / name) == tmp_path / following


def test_a_table_begins_with_what_another_holds(path):
    answers.begin(path, [tables.Answer("", "1.png", "cat")])
    assert Answers(path).given == {"1.png": "cat"}
