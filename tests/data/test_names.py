"""One rule of names, whoever says them: class folders, arrays, tables of labels."""

import unicodedata

import numpy as np
import pytest

from aae_keras.data import joining, layout, names, sources, splits, tables
from aae_keras.data.source import DataError, Source
from tests.folders import put, write_images

# A joiner that Persian and Hindi words need, spaces of other scripts, a mark of direction.
WORDS = ["می\u200cخواهم", "a\u00a0b", "a\u3000b", "a\u202fb", "b\u200ec", "👩\u200d🔬", "c\u00add"]


def source_of(*class_names):
    labels = np.arange(4 * len(class_names)) % len(class_names)
    return Source(np.zeros((len(labels), 2, 2, 1), "uint8"), labels, class_names)


@pytest.mark.parametrize("word", WORDS)
def test_what_a_folder_may_be_called_a_table_may_name(tmp_path, word):
    write_images(tmp_path, {word: 2, "other": 2})
    put(tmp_path / "unlabeled" / f"{word}.png")
    table = tmp_path / "labels.csv"
    table.write_text(f"image,label\nunlabeled/{word}.png,{word}\n", encoding="utf-8")
    assert tables.can_name(f"unlabeled/{word}.png")
    found = joining.label_files(layout.find(tmp_path), table)
    assert sorted(found.class_names) == sorted([word, "other"])
    (label,) = [label for file, label in found.files["train"] if file.stem == word]
    assert found.class_names[label] == word
    assert splits.split_source(source_of("other", word)).class_names == ("other", word)


def test_classes_of_the_data_may_differ_in_case_and_a_table_names_each(tmp_path):
    write_images(tmp_path, {"Cat": 2, "cat": 2, " dog ": 2})
    for number in range(3):
        put(tmp_path / "unlabeled" / f"{number}.png")
    table = tmp_path / "labels.csv"
    rows = "unlabeled/0.png,Cat\nunlabeled/1.png,cat\nunlabeled/2.png,dog\n"
    table.write_text(f"image,label\n{rows}")
    source = sources.read(str(tmp_path), labels=str(table))
    assert source.class_names == (" dog ", "Cat", "cat")
    assert np.bincount(source.labels).tolist() == [3, 3, 3]


def test_two_names_that_look_alike_are_not_both_added():
    classes = names.Classes(["Cat", "cat"])
    for name in ("CAT", "cat\u200b", "\ufeffcat"):
        with pytest.raises(DataError, match="here: .* differs from the class"):
            classes.add(name, "here")
    classes.add("dog", "here")
    with pytest.raises(DataError, match="'DOG' differs from the class 'dog'"):
        classes.add("DOG", "here")
    assert classes.names == ["Cat", "cat", "dog"]


@pytest.mark.parametrize("pair", [("a", " a"), ("a", "a\u3000"), ("\u00e9", "e\u0301"), ("a", "a")])
def test_two_classes_of_one_name_are_refused(pair):
    with pytest.raises(DataError, match="Two classes have the same name"):
        splits.split_source(source_of("b", *pair))


def test_a_class_has_a_name():
    with pytest.raises(DataError, match="must not be empty. Received: ' '"):
        splits.split_source(source_of("a", " "))


def test_two_files_of_one_name_cannot_be_told_apart_by_a_table(tmp_path):
    write_images(tmp_path, {"a": 1, "b": 1})
    for form in ("NFC", "NFD"):
        put(tmp_path / "unlabeled" / f"{unicodedata.normalize(form, 'é')}.png")
    assert len(sources.read(str(tmp_path)).labels) == 4  # nothing names them: both are images
    table = tmp_path / "labels.csv"
    table.write_text("image,label\nunlabeled/é.png,a\n", encoding="utf-8")
    with pytest.raises(DataError, match="2 images have the same name but for the spelling"):
        sources.read(str(tmp_path), labels=str(table))
