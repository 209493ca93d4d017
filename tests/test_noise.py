import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aae_keras import noise

SEED = tf.constant([3, 4], tf.int64)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: noise.uniform([40, 30], SEED),
        lambda: noise.normal([40, 30], SEED),
        lambda: noise.integers([40, 30], SEED, below=10),
        lambda: noise.fold_in(SEED, 7),
    ],
    ids=["uniform", "normal", "integers", "fold_in"],
)
def test_draws_are_the_same_with_and_without_xla(draw):
    plain = draw()
    np.testing.assert_array_equal(plain, draw())
    for jit_compile in (False, True):
        compiled = tf.function(draw, jit_compile=jit_compile, autograph=False)()
        np.testing.assert_allclose(plain, compiled, atol=1e-4)


@pytest.mark.parametrize("draw, law", [(noise.uniform, "uniform"), (noise.normal, "norm")])
def test_draws_follow_their_law(draw, law):
    values = draw([200_000], SEED).numpy()
    assert scipy.stats.kstest(values, law).pvalue > 1e-3
    assert np.isfinite(values).all()


def test_uniform_never_reaches_its_ends():
    values = noise.uniform([2_000_000], SEED).numpy()
    assert 0 < values.min() < 1e-5 and 1 - 1e-5 < values.max() < 1


def test_folding_in_gives_other_and_unrelated_seeds():
    first, second = (noise.normal([10_000], noise.fold_in(SEED, n)).numpy() for n in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
