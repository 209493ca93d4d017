"""Arrays and pictures survive the way into a page."""

import numpy as np
import pytest

from aae_keras.report.packing import MOST_PIXELS, pack, sprite
from tests.report.packed import cut, unpack


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "int16", "int32", "uint8"])
def test_numbers_come_back(dtype):
    values = np.arange(6).reshape(2, 3)
    packed = pack(values, dtype)
    assert packed.shape == (2, 3)
    np.testing.assert_array_equal(unpack(packed), values)


def test_half_precision_keeps_eleven_bits(random):
    values = random.normal(size=1000)
    # Half of the last of eleven bits.
    np.testing.assert_allclose(unpack(pack(values, "float16")), values, rtol=2**-11, atol=2**-25)


def test_a_number_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="must fit into int8. Received: up to 300"):
        pack([1, 300], "int8")


def test_the_same_numbers_are_the_same_text():
    assert pack([1, 2], "int8") == pack([1, 2], "int8")


@pytest.mark.parametrize("count", [1, 4, 7])
def test_grey_pictures_are_exact(random, count):
    images = random.integers(0, 256, (count, 6, 5, 1), dtype="uint8")
    made = sprite(images)
    assert (made.count, made.width, made.height) == (count, 5, 6)
    np.testing.assert_array_equal(cut(made)[..., :1], images)


def test_colours_are_nearly_so():
    images = np.zeros((3, 16, 16, 3), "uint8")
    for rank in range(3):
        images[rank, :, :, rank] = 200
    found = cut(sprite(images)).astype(int)
    assert found.shape == images.shape
    # The middle of each: a lossy format mixes at the seams.
    assert np.abs(found[:, 4:12, 4:12] - images[:, 4:12, 4:12]).max() < 12


def test_large_pictures_are_made_smaller():
    made = sprite(np.full((2, 200, 100, 1), 7, "uint8"))
    assert (made.height, made.width) == (MOST_PIXELS, MOST_PIXELS // 2)
    assert (cut(made) == 7).all()
