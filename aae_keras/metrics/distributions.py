"""How far codes are from samples of their prior: maximum mean discrepancy, Kolmogorov-Smirnov."""

import numpy as np
from scipy.stats import ks_2samp
from sklearn.metrics.pairwise import euclidean_distances

# Rows compared: the kernel's matrix grows as their square.
MAX_ROWS = 1000
NULL_DRAWS = 20


def squared_mmd(codes, samples, bandwidth):
    """Unbiased estimate of MMD^2 under the kernel exp(-d^2 / (2 bandwidth^2)).

    Its mean is 0 for equal distributions, so it may be negative; it is at most 2.

    Args:
        codes, samples: Shapes (n, dim) and (m, dim).
        bandwidth: In units of the codes.
    """

    def kernel(a, b):
        return np.exp(euclidean_distances(a, b, squared=True) / (-2 * bandwidth**2))

    def mean_of_pairs(rows):
        count = len(rows)
        return (kernel(rows, rows).sum() - count) / (count * (count - 1))

    cross = kernel(codes, samples).mean()
    return float(mean_of_pairs(codes) + mean_of_pairs(samples) - 2 * cross)


def match(codes, sample):
    """Scores of codes against the prior they should be distributed like.

    Args:
        codes: Shape (n, dim), in any order; at most `MAX_ROWS` of them are used.
        sample: Function of a count and a whole-number seed that returns samples of the prior.

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
    statistics = [
        ks_2samp(codes[:, axis], reference[:, axis]).statistic for axis in range(codes.shape[1])
    ]
    return {
        "mmd": squared_mmd(codes, reference, bandwidth),
        "mmd_of_prior": float(np.quantile(null, 0.95)),
        "ks": float(max(statistics)),
    }
