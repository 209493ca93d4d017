import numpy as np
import pytest
from sklearn.neighbors import KernelDensity

from aae_keras.metrics import parzen


def blocks(samples, size=64):
    return [samples[start : start + size] for start in range(0, len(samples), size)]


@pytest.mark.parametrize("width", [0.15, 0.5, 2.0])
def test_densities_agree_with_scikit_learn(random, width, monkeypatch):
    monkeypatch.setattr(parzen, "BLOCK", 50)
    images, samples = random.random((120, 30)), random.random((300, 30))
    (densities,), count = parzen.log_densities(images, blocks(samples), [width])
    # One leaf: scikit-learn's bounds between leaves lose all digits where densities are low.
    density = KernelDensity(bandwidth=width, leaf_size=len(samples))
    expected = density.fit(samples).score_samples(images)
    assert count == 300
    np.testing.assert_allclose(densities, expected, atol=1e-3)


def test_the_density_of_one_sample_is_a_gaussian():
    (densities,), _ = parzen.log_densities(np.zeros((1, 2)), [np.array([[3.0, 4.0]])], [2.0])
    np.testing.assert_allclose(densities, [-25 / 8 - np.log(2 * np.pi * 4)])


def test_width_is_chosen_on_validation_and_scored_on_test(random):
    samples, validation, test = (random.normal(size=(n, 4)) for n in (2000, 200, 300))
    widths = np.geomspace(0.05, 5, 20)
    result = parzen.log_likelihood(validation, test, lambda: blocks(samples), widths)
    on_validation, _ = parzen.log_densities(validation, blocks(samples), widths)
    best = on_validation.mean(axis=1).argmax()
    assert widths[best - 1] < result["parzen_width"] < widths[best + 1]
    (density,), _ = parzen.log_densities(test, blocks(samples), [result["parzen_width"]])
    np.testing.assert_allclose(result["log_likelihood"], density.mean())
    np.testing.assert_allclose(result["log_likelihood_stderr"], density.std(ddof=1) / 300**0.5)
    assert result["parzen_samples"] == 2000
    # The entropy of the truth, 4 (1 + log 2 pi) / 2, bounds it; the window loses little in 4-D.
    entropy = 2 * (1 + np.log(2 * np.pi))
    assert -entropy - 0.5 < result["log_likelihood"] < -entropy + 0.3


def test_the_best_width_is_found_finer_than_the_grid():
    """One sample, images at distance 1 in 784 dimensions: the best width is 1 / 28."""
    samples, images = np.zeros((1, 784)), np.eye(784)[:5]
    result = parzen.log_likelihood(images, images, lambda: [samples], np.geomspace(0.02, 2, 24))
    np.testing.assert_allclose(result["parzen_width"], 1 / 28, rtol=0.021)  # half a fine step
    best = -784 / 2 * (1 + np.log(2 * np.pi / 784))
    assert best - 784 * 0.021**2 < result["log_likelihood"] <= best


@pytest.mark.parametrize("widths", [[0.001, 0.002, 0.003], [50.0, 60.0, 70.0]])
def test_a_width_on_the_edge_is_refused(random, widths):
    samples = random.normal(size=(100, 4))
    with pytest.raises(ValueError, match="on the edge of the grid"):
        parzen.log_likelihood(samples[:20] + 0.1, samples, lambda: [samples], widths)
