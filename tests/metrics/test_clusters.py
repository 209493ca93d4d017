"""Cluster rules against tables made by hand."""

import numpy as np
import pytest

from aae_keras.metrics import clusters

# Nine images of three classes in four clusters, the last of them empty:
# cluster 0 holds 0 0 1, cluster 1 holds 1 1 0, cluster 2 holds 2 2 2.
LABELS = np.array([0, 0, 1, 1, 1, 0, 2, 2, 2])
ASSIGNED = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])


@pytest.fixture
def y():
    y = np.full((9, 4), 0.1)
    y[np.arange(9), ASSIGNED] = 0.6
    y[2, 0] = 0.9  # of cluster 0 the surest image is one of class 1
    y[5, 3] = 0.3  # of the empty cluster one of class 0
    return y


def test_paper_rule_asks_the_surest_image(y):
    assert clusters.paper_rule(LABELS, y).tolist() == [1, 1, 2, 0]


def test_majority_rule_asks_the_most_frequent_label(y):
    assert clusters.majority_rule(LABELS, y).tolist() == [0, 1, 2, clusters.NO_CLASS]


def test_hungarian_rule_gives_each_class_one_cluster():
    labels = np.array([0] * 5 + [1] * 3 + [0] * 4)
    y = np.eye(3)[[0] * 8 + [1] * 4]
    # Cluster 0 has five of class 0 and three of class 1; cluster 1 four of class 0. Majority would
    # call both class 0; one each is best with cluster 0 for class 1 (3 + 4 right, not 5 + 0).
    assert clusters.hungarian_rule(labels, y)[:2].tolist() == [1, 0]
    assert clusters.majority_rule(labels, y)[:2].tolist() == [0, 0]


def test_error_rates_are_fitted_on_one_part_and_scored_on_another(y):
    fitted = LABELS, y
    scored = np.array([0, 1, 2, 2]), np.eye(4)[[0, 1, 2, 3]]
    assert clusters.error_rates(fitted, scored) == {
        "error_rate_paper_rule": 0.5,  # cluster 0 is called class 1, the empty one class 0
        "error_rate_majority": 0.25,  # the empty one has no class
        "error_rate_hungarian": 0.25,
    }


def test_agreement_does_not_depend_on_the_clusters_names(y):
    renamed = y[:, [2, 0, 3, 1]]
    assert clusters.agreement(LABELS, y) == clusters.agreement(LABELS, renamed)
    scores = clusters.agreement(LABELS, np.eye(3)[[2, 2, 0, 0, 0, 2, 1, 1, 1]])
    assert scores == {"nmi": 1.0, "ami": 1.0, "ari": 1.0}


def test_shared_information_of_closed_cases():
    halves, fours = np.eye(4)[np.arange(40) // 20], np.eye(4)[np.arange(40) % 4]
    one = np.eye(4)[np.zeros(40, int)]
    assert clusters.shared_information(fours, fours) == pytest.approx(np.log(4))
    assert clusters.shared_information(fours, fours[:, [2, 0, 3, 1]]) == pytest.approx(np.log(4))
    assert clusters.shared_information(one, one) == clusters.shared_information(fours, one) == 0
    assert clusters.shared_information(halves, fours) == pytest.approx(0, abs=1e-12)
    assert clusters.shared_information(halves, halves) == pytest.approx(np.log(2))
