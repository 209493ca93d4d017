import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from aae_keras import priors

DRAWS = 40_000


def test_categorical_samples_are_one_hot_and_balanced():
    samples = priors.CategoricalPrior(10).sample(DRAWS, [0, 1]).numpy()
    assert set(np.unique(samples)) == {0.0, 1.0}
    np.testing.assert_array_equal(samples.sum(axis=1), 1)
    # 5 standard deviations of a binomial share
    assert np.abs(samples.mean(axis=0) - 0.1).max() < 5 * np.sqrt(0.09 / DRAWS)


def test_gaussian_samples_have_the_stated_moments():
    samples = priors.GaussianPrior(3, stddev=5.0).sample(DRAWS, [0, 1]).numpy()
    assert np.abs(samples.mean(axis=0)).max() < 5 * 5 / np.sqrt(DRAWS)
    covariance = np.cov(samples.T)
    np.testing.assert_allclose(covariance, 25 * np.eye(3), atol=5 * 25 * np.sqrt(2 / DRAWS))
    assert scipy.stats.kstest(samples[:, 0], "norm", args=(0, 5)).pvalue > 1e-3


@pytest.mark.parametrize("prior", [priors.CategoricalPrior(4), priors.GaussianPrior(4)])
def test_same_seed_same_samples_and_another_seed_others(prior):
    first = prior.sample(50, [0, 1])
    np.testing.assert_array_equal(first, prior.sample(50, [0, 1]))
    assert np.abs(first - prior.sample(50, [0, 2])).max() > 0


def test_marginal_density_is_the_normal_density():
    prior = priors.GaussianPrior(2, stddev=2.0)
    grid = np.linspace(-6, 6, 13)
    np.testing.assert_allclose(prior.marginal_density(grid), scipy.stats.norm(0, 2).pdf(grid))


@pytest.mark.parametrize("prior", [priors.CategoricalPrior(4), priors.GaussianPrior(4, 2.5)])
def test_configuration_round_trip(prior):
    again = type(prior).from_config(prior.get_config())
    assert again.get_config() == prior.get_config()


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"Received: stddev=0"):
        priors.GaussianPrior(2, stddev=0)
    with pytest.raises(ValueError, match=r"Received: dim=0"):
        priors.CategoricalPrior(0)


def test_a_prior_must_say_how_to_sample():
    with pytest.raises(TypeError, match="abstract"):
        priors.Prior(2)
