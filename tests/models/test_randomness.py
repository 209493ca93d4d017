import numpy as np

from aae_keras.noise import corrupt
from tests.tiny import basic

IMAGES = np.full((50, 20, 20, 1), 0.5, "float32")


def test_dropout_sets_a_share_to_zero_and_keeps_the_mean():
    found = corrupt(IMAGES, [0, 1], 0.0, 0.2).numpy()
    np.testing.assert_allclose(np.unique(found), [0.0, 0.625], rtol=1e-6)
    share = np.mean(found == 0)
    assert abs(share - 0.2) < 5 * np.sqrt(0.16 / found.size)


def test_noise_and_dropout_are_independent():
    found = corrupt(IMAGES, [0, 1], 0.3, 0.2).numpy()
    noise = corrupt(IMAGES, [0, 1], 0.3, 0.0).numpy()
    kept = found != 0
    np.testing.assert_allclose(found[kept], noise[kept] / 0.8, rtol=1e-5)
    # Which values are dropped has nothing to do with how large the noise is.
    assert abs(np.corrcoef(kept.ravel(), noise.ravel())[0, 1]) < 5 / np.sqrt(kept.size)


def test_nothing_is_drawn_where_nothing_is_asked_for():
    assert corrupt(IMAGES, [0, 1], 0.0, 0.0) is IMAGES


def test_validation_sees_clean_images(images):
    model = basic(input_dropout=0.9, input_noise=5.0)
    model.compile(jit_compile=False)
    clean = basic(input_dropout=0.0, input_noise=0.0)
    clean.compile(jit_compile=False)
    found, expected = (m.evaluate(images, verbose=0, return_dict=True) for m in (model, clean))
    assert found == expected
