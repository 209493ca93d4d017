"""Clusters against labels.

A rule maps each cluster to a class. It is fitted on validation images and scored on others: fitted
on the test images themselves, more clusters would always look better.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    normalized_mutual_info_score,
)

# The class of a cluster that a rule gives none: every image in it counts as wrong.
NO_CLASS = -1


def paper_rule(labels, y):
    """Each cluster takes the label of the image that it is most confident of (section 6).

    Args:
        labels: Class indices, shape (n,).
        y: Probabilities of the clusters, shape (n, clusters).

    Returns:
        Class of each cluster, shape (clusters,).
    """
    return labels[y.argmax(axis=0)]


def majority_rule(labels, y):
    """Each cluster takes the most frequent label of its images; `NO_CLASS` if it has none."""
    counts = _counts(labels, y)
    return np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), NO_CLASS)


def hungarian_rule(labels, y):
    """One cluster for one class, so that the fewest are wrong; spare ones have `NO_CLASS`."""
    clusters, classes = linear_sum_assignment(_counts(labels, y), maximize=True)
    rule = np.full(y.shape[1], NO_CLASS)
    rule[clusters] = classes
    return rule


RULES = {"paper_rule": paper_rule, "majority": majority_rule, "hungarian": hungarian_rule}


def error_rates(fitted_on, scored_on):
    """Share of wrong images under each rule, in [0, 1].

    Args:
        fitted_on, scored_on: Pairs of labels (n,) and cluster probabilities (n, clusters).

    Returns:
        Dict of `error_rate_paper_rule`, `error_rate_majority`, `error_rate_hungarian`.
    """
    labels, y = scored_on
    assigned = y.argmax(axis=1)
    return {
        f"error_rate_{name}": float(np.mean(rule(*fitted_on)[assigned] != labels))
        for name, rule in RULES.items()
    }


def agreement(labels, y):
    """How far clusters and labels tell the same, whatever class a cluster stands for.

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


def _counts(labels, y):
    """Images by cluster and class, shape (clusters, classes up to the largest label)."""
    assigned = y.argmax(axis=1)
    counts = np.zeros((y.shape[1], labels.max() + 1), int)
    np.add.at(counts, (assigned, labels), 1)
    return counts
