"""The held-out images of a report: which, what the model makes of them, which labels look wrong."""

import math

import numpy as np
from sklearn.neighbors import NearestNeighbors

from aae_keras.data import Data
from aae_keras.deployment.export.novelty import Novelty
from aae_keras.experiment.scores.outputs import Outputs, apply_model
from aae_keras.models import AdversarialModel, LatentY
from aae_keras.report.contents import Images
from aae_keras.report.packing import pack, sprite

# Images that a page shows; scores are of all.
MOST_IMAGES = 2000
NEIGHBOURS = 5
# Training images that say what error is usual.
USUAL_IMAGES = 1000


def gallery(
    model: AdversarialModel, data: Data, rows: np.ndarray, outputs: Outputs, class_of: np.ndarray
) -> Images:
    """The images of a page.

    Args:
        model: A model of this project.
        data: The `Data` it was trained on.
        rows: Rows of `data.split` to show, shape (n,), n at least 1.
        outputs: The model's `Outputs` on them.
        class_of: The class of each value of y, -1 for none, shape (categories,).
    """
    predicted = confidence = right = None
    suspects = np.arange(0)
    if model.latent_y.is_encoded:
        y = outputs.code["y"]
        predicted, confidence = y.argmax(axis=1), y.max(axis=1)
        answer = class_of[predicted]
        known = (outputs.labels >= 0) & (class_of >= 0).any()
        right = np.where(known, answer == outputs.labels, -1)
        if model.latent_y == LatentY.CLASS:
            suspects = likely_label_errors(outputs.labels, y)
    score = novelty(model, data, outputs)
    return Images(
        sprite=sprite(outputs.images),
        names=tuple(map(str, data.split.names[rows])),
        labels=pack(outputs.labels, "int16"),
        predicted=None if predicted is None else pack(predicted, "int16"),
        confidence=None if confidence is None else pack(confidence, "float32"),
        right=None if right is None else pack(right, "int8"),
        novelty=None if score is None else pack(score, "float32"),
        neighbours=pack(neighbours(outputs.whole_code), "int16"),
        suspects=pack(suspects, "int16"),
    )


def neighbours(codes: np.ndarray) -> np.ndarray:
    """The nearest other images of each image, the nearest first.

    Args:
        codes: Shape (n, dim).

    Returns:
        Their places, shape (n, k); k is 5, or n - 1 if that is less.
    """
    count = min(NEIGHBOURS, len(codes) - 1)
    if not count:
        return np.zeros((len(codes), 0), int)
    return NearestNeighbors(n_neighbors=count).fit(codes).kneighbors(return_distance=False)


def likely_label_errors(labels: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Images whose given label is likely wrong, by confident learning; the likeliest first.

    The model must answer another class, and be as sure of it as it is of that class's own images on
    average. They stand by how much likelier the answer is than the given label. Reference:
    Northcutt, Jiang, Chuang, 2021, arXiv:1911.00068, section 3.

    Args:
        labels: Class indices, shape (n,), -1 where not known.
        y: Probabilities of the classes, shape (n, classes).

    Returns:
        Rows, of which there may be none.
    """
    known = np.flatnonzero(labels >= 0)
    given, probabilities = labels[known], y[known]
    own = probabilities[np.arange(len(known)), given]
    images = np.bincount(given, minlength=y.shape[1])
    # Of a class without images nobody knows how sure one should be: none is sure enough.
    sums = np.bincount(given, weights=own, minlength=y.shape[1])
    usual = np.where(images > 0, sums / np.maximum(images, 1), np.inf)
    answer = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1) >= usual[answer]
    found = np.flatnonzero((answer != given) & sure)
    margin = own[found] - probabilities[found, answer[found]]
    return known[found[np.argsort(margin, kind="stable")]]


def novelty(model: AdversarialModel, data: Data, outputs: Outputs) -> np.ndarray | None:
    """How unlike the training images each image is; see `deployment.export.novelty`.

    Args:
        model: A model of this project.
        data: The `Data` it was trained on.
        outputs: Its `Outputs` on the images.

    Returns:
        About 1 for an image like those of training, shape (n,); NaN where the decoder needs a label
        that is not known; None if that is so of all, and without a decoder.
    """
    if outputs.errors is None or "z" not in model.priors:
        return None
    split = data.split
    trained = np.random.default_rng(0).permutation(_trained_rows(model, split))[:USUAL_IMAGES]
    rows = np.sort(trained)  # as files are read in order
    usual = apply_model(model, split.images[rows], split.labels[rows])
    if usual is None or usual.errors is None:
        return None
    distance = np.asarray(model.priors["z"].distance(outputs.code["z"]))
    pixels = math.prod(outputs.images.shape[1:])
    found = Novelty.of_errors(usual.errors).of(outputs.errors, distance, pixels)
    return None if np.isnan(found).all() else found


def _trained_rows(model, split):
    """Rows that the decoder was trained on: labelled ones where it is told the label."""
    given = model.latent_y == LatentY.GIVEN
    return split.labeled_rows if given else split.unlabeled_rows
