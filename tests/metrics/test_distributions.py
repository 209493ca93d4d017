import numpy as np
import pytest
import scipy.stats

from aae_keras.metrics import distributions


def normal(count, seed):
    return np.random.default_rng(seed).normal(size=(count, 2))


def test_mmd_against_the_definition(random):
    a, b = random.normal(size=(7, 3)), random.normal(size=(5, 3)) + 1

    def kernel(x, y):
        return np.exp(-np.sum((x - y) ** 2) / (2 * 1.5**2))

    def mean(x, y, same):
        pairs = [
            kernel(p, q) for i, p in enumerate(x) for j, q in enumerate(y) if not (same and i == j)
        ]
        return np.mean(pairs)

    expected = mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)
    np.testing.assert_allclose(distributions.squared_mmd(a, b, 1.5), expected)


def test_mmd_of_two_gaussians_has_its_closed_form():
    """E k = (s^2 / (s^2 + 2))^(d/2) exp(-|m|^2 / (2 (s^2 + 2))) for unit Gaussians m apart."""
    a, b = normal(4000, 1), normal(4000, 2) + [1.0, 0.0]
    s2 = 2.0
    same, apart = s2 / (s2 + 2), s2 / (s2 + 2) * np.exp(-1 / (2 * (s2 + 2)))
    squared_mmd = distributions.squared_mmd(a, b, np.sqrt(s2))
    np.testing.assert_allclose(squared_mmd, 2 * same - 2 * apart, atol=0.01)


def test_samples_of_the_prior_match_it():
    scores = distributions.match(normal(900, 99), normal)
    assert scores["mmd"] < scores["mmd_of_prior"] < 0.01
    assert scores["ks"] < 0.1


@pytest.mark.parametrize("codes", [normal(900, 99) * 1.3, normal(900, 99) + [0.3, 0]])
def test_other_samples_do_not(codes):
    scores = distributions.match(codes, normal)
    assert scores["mmd"] > scores["mmd_of_prior"]


def test_kolmogorov_smirnov_takes_the_worst_dimension():
    codes = normal(500, 99) + [0.0, 0.5]
    worst = scipy.stats.ks_2samp(codes[:, 1], normal(500, 0)[:, 1]).statistic
    np.testing.assert_allclose(distributions.match(codes, normal)["ks"], worst)


def test_rows_in_order_of_their_class_are_mixed_first(monkeypatch):
    codes = np.sort(normal(3000, 99), axis=0)  # the first thousand would be all on one side
    assert distributions.match(codes, normal)["ks"] < 0.1


def test_one_code_has_no_distribution():
    assert distributions.match(normal(1, 0), normal) == {}
