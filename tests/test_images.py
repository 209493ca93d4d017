import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from aae_keras import images
from aae_keras.images import ImageError


@pytest.mark.parametrize("kind", [np.asarray, tf.constant])
def test_uint8_is_scaled_and_floats_are_left_alone(kind):
    pixels = np.array([0, 51, 255], "uint8")
    scaled = images.to_unit_range(kind(pixels))
    np.testing.assert_allclose(scaled, [0, 0.2, 1])
    assert scaled.dtype == "float32"
    np.testing.assert_array_equal(images.to_unit_range(kind(np.float32([0.25, 1]))), [0.25, 1])


@pytest.mark.parametrize("kind", [np.asarray, tf.constant])
def test_whole_numbers_of_unknown_range_are_refused(kind):
    with pytest.raises(TypeError, match=r"must be uint8, or float.*Received: int64"):
        images.to_unit_range(kind(np.array([0, 255], "int64")))


def test_resizing_is_bilinear_with_antialiasing_as_tensorflow_does_it(random):
    pixels = random.integers(0, 256, (31, 23, 3), dtype="uint8")
    ours = images.resize(pixels, (9, 12))
    theirs = tf.image.resize(pixels, (9, 12), antialias=True)
    assert np.abs(ours - theirs.numpy()).max() <= 1.01
    without = tf.image.resize(pixels, (9, 12))
    assert np.abs(ours - without.numpy()).max() > 20


@pytest.mark.parametrize("channels, shape", [(1, (4, 6, 1)), (3, (4, 6, 3))])
def test_reading_gives_the_channels_and_size_asked_for(tmp_path, channels, shape):
    path = tmp_path / "picture.png"
    Image.new("RGBA", (12, 8), (255, 0, 0, 255)).save(path)
    pixels = images.read_image(path, channels, (4, 6))
    assert pixels.shape == shape and pixels.dtype == "uint8"
    assert pixels[0, 0, 0] == (255 if channels == 3 else 76)


def test_unreadable_files_are_named(tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no image")
    cut = tmp_path / "cut.png"
    Image.effect_noise((64, 64), 50).save(cut)
    cut.write_bytes(cut.read_bytes()[:500])
    deep = tmp_path / "deep.png"
    Image.fromarray(np.full((4, 4), 40_000, "uint16")).save(deep)
    for path, message in (
        (text, "not a readable image"),
        (cut, "not a readable image"),
        (deep, "must have 8 bits"),
        (tmp_path / "none.png", "no such file"),
    ):
        with pytest.raises(ImageError, match=rf"{path.name}: .*{message}"):
            images.read_image(path, 1)
