"""How far codes are from samples of their prior: maximum mean discrepancy, Kolmogorov-Smirnov."""

from collections.abc import Callable

import numpy as np
from scipy.stats import ks_2samp
from sklearn.metrics.pairwise import euclidean_distances

# Codes that are compared at most: the kernel's matrix grows as the square of their number.
MAX_ROWS = 1000
# Comparisons of the prior with itself.
NULL_DRAWS = 20


def squared_mmd(codes: np.ndarray, samples: np.ndarray, bandwidth: float) -> float:
    """Unbiased estimate of MMD^2 under the kernel exp(-d^2 / (2 bandwidth^2)).

    Its mean is 0 for equal distributions, so it may be negative; it is at most 2.

    Args:
        codes: Shape (n, dim), n at least 2.
        samples: Shape (m, dim), m at least 2.
        bandwidth: Width of the kernel in units of the codes, above 0.
    """

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.exp(euclidean_distances(a, b, squared=True) / (-2 * bandwidth**2))

    def mean_of_pairs(rows: np.ndarray) -> float:
        count = len(rows)
        return (kernel(rows, rows).sum() - count) / (count * (count - 1))

    cross = kernel(codes, samples).mean()
    return float(mean_of_pairs(codes) + mean_of_pairs(samples) - 2 * cross)


def largest_ks(codes: np.ndarray, samples: np.ndarray) -> float:
    """The largest two-sample Kolmogorov-Smirnov statistic of a dimension, in [0, 1].

    Args:
        codes: Shape (n, dim).
        samples: Shape (m, dim).
    """
    axes = zip(codes.T, samples.T, strict=True)
    return float(max(ks_2samp(of_codes, of_samples).statistic for of_codes, of_samples in axes))


def match(codes: np.ndarray, sample: Callable[[int, int], np.ndarray]) -> dict[str, float]:
    """Score codes against the prior that they should be distributed like.

    Args:
        codes: Shape (n, dim), in any order; at most `MAX_ROWS` of them are used.
        sample: Function of a count and a whole-number seed that returns samples of the prior,
            shape (count, dim).

    Returns:
        Dict of `mmd`, the unbiased MMD^2 with the median distance of the prior's samples as
        bandwidth; `mmd_of_prior`, the value that it stays below in 95 of 100 comparisons of the
        prior with itself; `ks`, the largest Kolmogorov-Smirnov statistic of a dimension, in [0, 1].
        Empty for fewer than two codes.
    """
    codes = np.random.default_rng(0).permutation(codes)[:MAX_ROWS].astype("float64")
    count = len(codes)
    if count < 2:
        return {}
    reference = sample(count, 0).astype("float64")
    distances = euclidean_distances(reference)[np.triu_indices(count, 1)]
    bandwidth = float(np.median(distances))
    null = [
        squared_mmd(sample(count, 2 * n + 1), sample(count, 2 * n + 2), bandwidth)
        for n in range(NULL_DRAWS)
    ]
    return {
        "mmd": squared_mmd(codes, reference, bandwidth),
        "mmd_of_prior": float(np.quantile(null, 0.95)),
        "ks": largest_ks(codes, reference),
    }
