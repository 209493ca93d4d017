"""How sure a share is that was counted on some images."""

from scipy import stats

CONFIDENCE = 0.95


def share_interval(count: int, total: int) -> tuple[float, float]:
    """The exact (Clopper-Pearson) interval of a share, at 95 %.

    Args:
        count: How many of them.
        total: How many in all, at least 1.
    """
    found = stats.binomtest(count, total).proportion_ci(CONFIDENCE)
    return float(found.low), float(found.high)
