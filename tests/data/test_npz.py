"""What an .npz file claims, looked at before memory is taken."""

import io
import os
import zipfile

import numpy as np
import pytest

from aae_keras.data import DataError, arrays, npz, splits
from aae_keras.data.source import Source
from aae_keras.reading import MAX_SIDE, size_of


def head(shape, dtype="|u1"):
    """The head of an array file, of an array that nobody has made."""
    content = io.BytesIO()
    values = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_2_0(content, values)
    return content.getvalue()


def written(path, **members):
    """An archive of these contents, each deflated; `labels` of ten images beside them."""
    labels = io.BytesIO()
    np.save(labels, np.arange(10) % 2)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"y_train": labels.getvalue(), **members}.items():
            archive.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (2**62, 4), (10, 28, 29)])
def test_an_array_that_claims_more_than_it_holds_is_refused(tmp_path, shape):
    path = written(tmp_path / "a.npz", x_train=head(shape) + bytes(7840))
    with pytest.raises(DataError, match=r"x_train claims [\d,]+ bytes and holds 7,840"):
        npz.read(path)


def test_a_bomb_is_refused_by_its_size_and_the_number_is_said(tmp_path, monkeypatch):
    """A hundred megabytes of zeros in a hundred kilobytes, where there are fifty."""
    size = 100 * 2**20
    path = written(tmp_path / "a.npz", x_train=head((size,)) + bytes(size))
    assert path.stat().st_size < 2**18
    monkeypatch.setattr("aae_keras.data.capacity.memory", lambda: size // 2)
    with pytest.raises(DataError, match="its arrays take 0 GiB of memory, and there are 0. Write"):
        npz.read(path)


def test_members_that_are_not_asked_for_are_left_alone(tmp_path):
    image = io.BytesIO()
    np.save(image, np.zeros((10, 2, 2), "uint8"))
    path = written(tmp_path / "a.npz", x_train=image.getvalue(), bomb=head((10**15,)))
    assert npz.read(path).keys() == {"x_train", "y_train"}


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"\x93NUMPY\x09\x00", b"x" * 500, None])
def test_members_that_are_no_arrays_are_refused(tmp_path, content):
    if content is None:
        content = head((1,), "|O")
    with pytest.raises(DataError, match="not a readable .npz of plain arrays"):
        npz.read(written(tmp_path / "a.npz", x_train=content))


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(DataError, match="Received: a folder, a pipe or a device"):
        npz.read(tmp_path / "a.npz")


@pytest.mark.parametrize("labels", [[0] * 9 + [2**31 - 1], [2**31 - 1] * 10, [2**63 - 1] * 10])
@pytest.mark.parametrize("names", [None, ["a", "b"]])
def test_labels_that_number_things_take_no_memory(labels, names):
    with pytest.raises(DataError, match="the largest is 9223372036854775807|2147483647|must name"):
        arrays.read_arrays(np.zeros((10, 2, 2), "uint8"), np.array(labels), class_names=names)


@pytest.mark.parametrize("size", [100_000, (28, MAX_SIDE + 1), 2**70])
def test_sizes_that_no_image_has_are_refused(size):
    with pytest.raises(ValueError, match="at most 10000 pixels a side.*Received"):
        size_of(size)
    assert size_of(MAX_SIDE) == (MAX_SIDE, MAX_SIDE)


@pytest.mark.parametrize(
    "name", ["a\nb", "a\rb", "\x1b[2J", "a\0", "\x7f", "a\u2028b", "\x85", "\ud800", "caf\udce9"]
)
def test_names_that_break_lines_are_refused(name):
    source = Source(np.zeros((10, 2, 2, 1), "uint8"), np.arange(10) % 2, ("a", name))
    with pytest.raises(DataError, match="a line break, a control character or a lone surrogate"):
        splits.split_source(source, use_labels=False)


def test_markup_and_thousands_of_names_are_names():
    names = ("<script>", "a b", "ü\u200dx", "=1+1", *map(str, range(5000)))
    labels = np.arange(2 * len(names)) % len(names)
    source = Source(np.zeros((len(labels), 1, 1, 1), "uint8"), labels, names)
    assert splits.split_source(source).class_names == names


def test_one_class_alone_teaches_nothing():
    source = Source(np.zeros((10, 2, 2, 1), "uint8"), np.zeros(10, "int64"), ("a",))
    with pytest.raises(DataError, match="one class alone, 'a'.*--setting=clustering"):
        splits.split_source(source)
    assert len(splits.split_source(source, use_labels=False).test_labels) == 2
