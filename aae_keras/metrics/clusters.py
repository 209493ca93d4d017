"""Scores of clusters against labels.

A rule maps each cluster to a class. It is fitted on validation images and scored on others: fitted
on the test images themselves, more clusters would always look better.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    mutual_info_score,
    normalized_mutual_info_score,
)

# Stands for the class of a cluster that has none: every image in it counts as wrong.
NO_CLASS = -1


def paper_rule(labels: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give each cluster the label of the image that it is most confident of (section 6).

    Args:
        labels: Class indices, shape (n,).
        y: Probabilities of the clusters, shape (n, clusters).

    Returns:
        The class of each cluster, shape (clusters,).
    """
    return labels[y.argmax(axis=0)]


def majority_rule(labels: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give each cluster the most frequent label of its images; `NO_CLASS` if it has no image.

    Args:
        labels, y: See `paper_rule`.

    Returns:
        The class of each cluster, shape (clusters,).
    """
    counts = _counts(labels, y)
    return np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), NO_CLASS)


def hungarian_rule(labels: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give each class one cluster, so that the fewest images are wrong.

    Args:
        labels, y: See `paper_rule`.

    Returns:
        The class of each cluster, shape (clusters,); `NO_CLASS` for clusters that are left over.
    """
    clusters, classes = linear_sum_assignment(_counts(labels, y), maximize=True)
    rule = np.full(y.shape[1], NO_CLASS)
    rule[clusters] = classes
    return rule


RULES = {"paper_rule": paper_rule, "majority": majority_rule, "hungarian": hungarian_rule}


def error_rates(
    fitted_on: tuple[np.ndarray, np.ndarray], scored_on: tuple[np.ndarray, np.ndarray]
) -> dict[str, float]:
    """Share of wrong images under each rule, in [0, 1].

    Args:
        fitted_on: Labels (n,) and cluster probabilities (n, clusters) that the rules are fitted on.
        scored_on: Labels (m,) and cluster probabilities (m, clusters) that are counted.

    Returns:
        Dict of `error_rate_paper_rule`, `error_rate_majority`, `error_rate_hungarian`.
    """
    labels, y = scored_on
    assigned = y.argmax(axis=1)
    return {
        f"error_rate_{name}": float(np.mean(rule(*fitted_on)[assigned] != labels))
        for name, rule in RULES.items()
    }


def agreement(labels: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """How similar the partitions into clusters and into labels are, whatever a cluster is called.

    Args:
        labels: Class indices, shape (n,).
        y: Probabilities of the clusters, shape (n, clusters).

    Returns:
        Dict of `nmi` and `ami` (normalised and adjusted mutual information) and `ari` (adjusted
        Rand index), 1 for the same partition.
    """
    assigned = y.argmax(axis=1)
    return {
        "nmi": float(normalized_mutual_info_score(labels, assigned)),
        "ami": float(adjusted_mutual_info_score(labels, assigned)),
        "ari": float(adjusted_rand_score(labels, assigned)),
    }


def shared_information(y: np.ndarray, other: np.ndarray) -> float:
    """Mutual information, in nats, of two partitions of the same images.

    Args:
        y, other: Probabilities of the clusters, shape (n, clusters); the most probable counts.

    Returns:
        0 where one says nothing of the other, as where either is a single cluster; log K where they
        are the same K clusters of equal size.
    """
    return float(mutual_info_score(y.argmax(axis=1), other.argmax(axis=1)))


def _counts(labels, y):
    """Number of images by cluster and class, shape (clusters, largest label + 1)."""
    assigned = y.argmax(axis=1)
    counts = np.zeros((y.shape[1], labels.max() + 1), int)
    np.add.at(counts, (assigned, labels), 1)
    return counts
