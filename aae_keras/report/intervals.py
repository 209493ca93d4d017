"""How sure a score is: intervals, and the calibration curve."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from aae_keras.metrics.shares import CONFIDENCE, share_interval
from aae_keras.report.contents import Bin

RESAMPLES = 2000
BINS = 10


def of_mean(values: np.ndarray) -> tuple[float, float] | None:
    """The bootstrap interval of a mean, at 95 %.

    Where all values are the same 0 or 1, every resample is too, and the bootstrap would claim
    certainty: the exact interval of a share stands in for it.

    Args:
        values: One number per image, shape (n,).

    Returns:
        Its ends; None for fewer than two images, or where all numbers are the same.
    """
    if len(values) < 2:
        return None
    if np.ptp(values) == 0:
        return share_interval(int(values.sum()), len(values)) if values[0] in (0, 1) else None
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, batch=100, confidence_level=CONFIDENCE,
        method="percentile", rng=np.random.default_rng(0),
    )  # fmt: skip
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def calibration(right: Sequence[bool] | np.ndarray, confidence: np.ndarray) -> tuple[Bin, ...]:
    """Share of right answers by confidence, in ten bins of equal width; empty ones are left out.

    Args:
        right: Whether the answer is right, shape (n,).
        confidence: Of the answer, in [0, 1], shape (n,).
    """
    right = np.asarray(right, bool)
    which = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    found = []
    for rank in np.unique(which):
        members = which == rank
        count, correct = int(members.sum()), int(right[members].sum())
        low, high = share_interval(correct, count)
        mean = float(confidence[members].mean(dtype="float64"))
        found.append(Bin(count, mean, correct / count, low, high))
    return tuple(found)
