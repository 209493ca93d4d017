"""Scikit-learn's semi-supervised classifiers on the split of a run, to compare with."""

import logging
from collections.abc import Callable

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from aae_keras.data.splits import Split
from aae_keras.images import to_unit_range

log = logging.getLogger(__name__)

# Unlabelled images that they see at most: their graphs and repeated fits take minutes beyond that.
MOST_UNLABELED = 10_000
UNLABELED = -1  # scikit-learn's word for it


def _label_spreading(images):
    neighbours = min(7, images - 1)
    return LabelSpreading(kernel="knn", n_neighbors=neighbours, alpha=0.2, max_iter=100)


def _self_training(images):
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    return SelfTrainingClassifier(classifier, threshold=0.9, max_iter=10)


BASELINES: dict[str, Callable[[int], sklearn.base.ClassifierMixin]] = {
    "label_spreading": _label_spreading,
    "self_training": _self_training,
}


def scores(split: Split) -> dict[str, dict[str, float]]:
    """The test error of each, taught by the labels that the run saw and its unlabelled images.

    Label spreading over the graph of seven nearest neighbours (all, if there are fewer), where an
    image that no label reaches has the first class; self-training of a logistic regression, which
    takes over what it is surer of than 0.9. Both see at most 10 000 unlabelled images, drawn at
    random, the same ones each time.

    Args:
        split: The `Split` of a run that learned from labels.

    Returns:
        Dict of name to `{"error_rate": fraction}`; empty if there are no labels to learn from, or
        none to score by.
    """
    known = split.test_labels >= 0
    if not len(split.labeled_rows) or not known.any():
        return {}
    unlabeled = np.setdiff1d(split.unlabeled_rows, split.labeled_rows)
    if len(unlabeled) > MOST_UNLABELED:
        log.warning("The baselines see %d of %d unlabelled images.", MOST_UNLABELED, len(unlabeled))
        unlabeled = np.sort(np.random.default_rng(0).permutation(unlabeled)[:MOST_UNLABELED])
    if len(np.unique(split.labels[split.labeled_rows])) < 2:
        log.warning("The labels are of one class: there are no baselines, which learn to tell two.")
        return {}
    images = np.concatenate([split.images[split.labeled_rows], split.images[unlabeled]])
    labels = np.concatenate([split.labels[split.labeled_rows], np.full(len(unlabeled), UNLABELED)])
    found = {}
    for name, build in BASELINES.items():
        classifier = build(len(images)).fit(_pixels(images), labels)
        with np.errstate(invalid="ignore"):  # an image that no label reaches over the graph
            predicted = classifier.predict(_pixels(split.test_images[known]))
        error = np.mean(predicted != split.test_labels[known])
        found[name] = {"error_rate": float(error)}
    return found


def _pixels(images):
    return to_unit_range(images).reshape(len(images), -1)
