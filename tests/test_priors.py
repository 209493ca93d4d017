import numpy as np
import pytest
import scipy.spatial
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


def test_distance_is_the_squared_length_in_standard_deviations():
    prior = priors.GaussianPrior(3, stddev=5.0)
    samples = prior.sample(DRAWS, [0, 1])
    found = prior.distance(samples).numpy()
    np.testing.assert_allclose(found, np.square(samples).sum(axis=1) / 25, rtol=1e-5)
    assert scipy.stats.kstest(found, "chi2", args=(3,)).pvalue > 1e-3


def test_distance_from_another_prior_is_that_of_its_nearest_sample():
    prior = priors.SwissRollPrior(scale=0.5)
    code = np.random.default_rng(0).normal(0, 5, (50, 2)).astype("float32")
    samples = prior.sample(1000, [0, 0])
    expected = scipy.spatial.distance.cdist(code, samples, "sqeuclidean").min(axis=1)
    np.testing.assert_allclose(prior.distance(code), expected, rtol=1e-3, atol=1e-4)
    # on the roll, closer than its own thickness; in its middle, as far as its inner end
    assert np.sqrt(np.median(prior.distance(prior.sample(200, [3, 4])))) < 0.5 * 0.25
    middle = np.sqrt(prior.distance(np.zeros((1, 2), "float32")))
    assert abs(middle[0] - 0.5 * prior.FROM) < 3 * 0.5 * 0.25


def test_weighted_categories_are_drawn_in_proportion():
    weights = np.array([4.0, 1.0, 0.0, 3.0], "float32")
    samples = priors.CategoricalPrior(4).sample(DRAWS, [0, 1], weights).numpy()
    np.testing.assert_array_equal(samples.sum(axis=1), 1)
    assert np.abs(samples.mean(axis=0) - weights / 8).max() < 5 * np.sqrt(0.25 / DRAWS)
    assert samples[:, 2].sum() == 0


@pytest.mark.parametrize("component", [0, 3])
def test_components_of_the_ring_have_the_stated_moments(component):
    prior = priors.GaussianMixturePrior(8, scale=0.5)
    samples = prior.sample_component(np.full(DRAWS, component), [0, 1]).numpy()
    angle = 2 * np.pi * component / 8
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    own = samples @ turn  # along and across the component
    np.testing.assert_allclose(own.mean(axis=0), [5.5, 0], atol=5 * 1.5 / np.sqrt(DRAWS))
    np.testing.assert_allclose(own.std(axis=0), [1.5, 0.3], rtol=0.02)
    assert abs(np.corrcoef(own.T)[0, 1]) < 0.03


def test_the_whole_ring_is_centred_and_reaches_to_twenty():
    samples = priors.GaussianMixturePrior(10).sample(DRAWS, [0, 1]).numpy()
    # E |x|^2 = 11^2 + 3^2 + 0.6^2, shared by both dimensions
    variance = (11**2 + 3**2 + 0.6**2) / 2
    np.testing.assert_allclose(samples.mean(axis=0), 0, atol=5 * np.sqrt(variance / DRAWS))
    np.testing.assert_allclose(np.cov(samples.T), variance * np.eye(2), atol=0.05 * variance)
    assert 18 < np.quantile(np.linalg.norm(samples, axis=1), 0.995) < 20


def test_a_component_of_the_roll_is_a_tenth_of_its_length():
    prior = priors.SwissRollPrior(10, thickness=1e-6)
    samples = prior.sample(DRAWS, [0, 1]).numpy()
    t = np.linalg.norm(samples, axis=1)
    np.testing.assert_allclose(
        samples, t[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1), atol=1e-3
    )
    assert t.min() > 1.5 * np.pi - 1e-3 and t.max() < 4.5 * np.pi + 1e-3
    # Even along its length: that from 1.5 pi to t is uniform.
    length = lambda t: 0.5 * (t * np.sqrt(1 + t**2) + np.arcsinh(t))  # noqa: E731
    share = (length(t) - length(1.5 * np.pi)) / (length(4.5 * np.pi) - length(1.5 * np.pi))
    assert scipy.stats.kstest(share, "uniform").statistic < 0.01
    own = np.linalg.norm(prior.sample_component(np.full(1000, 4), [0, 2]).numpy(), axis=1)
    share = (own**2 / np.pi**2 - 1.5**2) / (4.5**2 - 1.5**2)
    assert 0.4 - 1e-3 < share.min() and share.max() < 0.5 + 1e-3


def test_thickness_is_the_distance_from_the_roll():
    thick = priors.SwissRollPrior(10, scale=2.0, thickness=0.25).sample(DRAWS, [0, 1]).numpy()
    thin = priors.SwissRollPrior(10, scale=2.0, thickness=1e-6).sample(DRAWS, [0, 1]).numpy()
    np.testing.assert_allclose((thick - thin).std(axis=0), 0.5, rtol=0.03)


@pytest.mark.parametrize(
    "prior",
    [
        priors.CategoricalPrior(4),
        priors.GaussianPrior(4),
        priors.GaussianMixturePrior(3),
        priors.SwissRollPrior(3),
    ],
)
def test_same_seed_same_samples_and_another_seed_others(prior):
    first = prior.sample(50, [0, 1])
    np.testing.assert_array_equal(first, prior.sample(50, [0, 1]))
    assert np.abs(first - prior.sample(50, [0, 2])).max() > 0


@pytest.mark.parametrize(
    "prior",
    [
        priors.CategoricalPrior(4),
        priors.GaussianPrior(4, 2.5),
        priors.GaussianMixturePrior(5, 0.5),
        priors.SwissRollPrior(5, 0.5, 0.1),
    ],
)
def test_configuration_round_trip(prior):
    again = type(prior).from_config(prior.get_config())
    assert again.get_config() == prior.get_config()


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"Received: stddev=0"):
        priors.GaussianPrior(2, stddev=0)
    with pytest.raises(ValueError, match=r"Received: dim=0"):
        priors.CategoricalPrior(0)
    with pytest.raises(ValueError, match=r"Received: num_components=0"):
        priors.GaussianMixturePrior(0)
    with pytest.raises(ValueError, match=r"Received: scale=nan"):
        priors.SwissRollPrior(10, scale=float("nan"))


def test_whole_numbers_of_numpy_are_whole_numbers():
    prior = priors.CategoricalPrior(np.arange(5).max())
    assert prior.dim == 4 and type(prior.dim) is int
    assert type(priors.GaussianMixturePrior(np.int64(3)).num_components) is int
    with pytest.raises(ValueError, match=r"Received: dim=3.0"):
        priors.CategoricalPrior(3.0)


def test_a_prior_must_say_how_to_sample():
    with pytest.raises(TypeError, match="abstract"):
        priors.Prior(2)


def test_stated_shares_are_how_often_a_category_is_drawn():
    prior = priors.CategoricalPrior(3, shares=[1, 2, 5])
    found = prior.sample(20_000, [0, 1]).numpy().mean(axis=0)
    # Three standard errors of a share of 0.25: 0.01.
    np.testing.assert_allclose(found, [0.125, 0.25, 0.625], atol=0.01)
    again = priors.CategoricalPrior.from_config(prior.get_config())
    np.testing.assert_array_equal(again.sample(50, [0, 1]), prior.sample(50, [0, 1]))
    for wrong in ([1, 2], [1, 0, 2]):
        with pytest.raises(ValueError, match="`shares` must be 3 numbers above 0"):
            priors.CategoricalPrior(3, shares=wrong)
