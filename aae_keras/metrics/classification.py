"""Scores of class probabilities against labels."""

import numpy as np
from sklearn.metrics import zero_one_loss


def error_rate(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Share of images whose most probable class is not their label, in [0, 1].

    Args:
        labels: Class indices, shape (n,).
        probabilities: Probabilities of the classes, shape (n, classes).
    """
    return float(zero_one_loss(labels, probabilities.argmax(axis=1)))


def brier_score(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared distance of the probabilities from the one-hot label, in [0, 2].

    Args:
        labels: Class indices, shape (n,).
        probabilities: Probabilities of the classes, shape (n, classes).
    """
    one_hot = np.eye(probabilities.shape[1])[labels]
    return float(np.mean(np.sum((probabilities - one_hot) ** 2, axis=1)))


def expected_calibration_error(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = 15
) -> float:
    """Mean distance of confidence from accuracy, over equal bins of confidence, in [0, 1].

    Args:
        labels: Class indices, shape (n,).
        probabilities: Probabilities of the classes, shape (n, classes).
        bins: Number of equal intervals that divide (0, 1].
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    # weight of a bin times |accuracy - confidence| within it, the weights cancelling the means
    gaps = np.bincount(which, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
