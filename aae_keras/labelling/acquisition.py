"""Which images to ask labels of: codes and probabilities in, rows out, each with its reason.

Few labels are best spent on typical images, many on doubtful ones; the rule between the two is
`share_of_doubtful`. Neither looks at a label that is not there yet.

* Typical: TypiClust (Hacohen, Dekel, Weinshall, 2022, arXiv:2202.02794). The codes are clustered
  into as many clusters as there are labels and questions. The largest clusters without a label are
  asked first, each for its densest image: that of the least mean distance to its neighbours.
* Doubtful: diverse mini-batches (Zhdanov, 2019, arXiv:1901.05954). Of ten times as many images as
  are asked for, those of the smallest margin between the two most probable categories, weighted
  k-means over the codes makes a cluster for each question; the image nearest to its centre is
  asked. No predicted category gives more than twice its share of those images.
"""

import dataclasses
import math

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.neighbors import NearestNeighbors

METHODS = ("auto", "typical", "uncertain", "random")

# Labels of each category from which on the doubtful images alone are asked for.
MANY_LABELS = 10
# TypiClust's own numbers: neighbours of an image, images of a cluster that counts, clusters.
NEIGHBOURS = 20
LEAST_IN_CLUSTER = 5
MOST_CLUSTERS = 500
# Clusters above which k-means sees a part of the images at a time.
MANY_CLUSTERS = 50
# Doubtful images that are looked at for each that is chosen, and what a category gives of them.
PREFILTER = 10
MOST_OF_CATEGORY = 2.0


@dataclasses.dataclass(frozen=True)
class Question:
    """An image whose label to ask for.

    Attributes:
        row: Which, of those given.
        why: The reason, for people: `typical of 31 images, 0 of them labelled`.
    """

    row: int
    why: str


def choose(
    codes: np.ndarray,
    labelled: np.ndarray,
    count: int,
    y: np.ndarray | None = None,
    method: str = "auto",
    seed: int = 0,
) -> list[Question]:
    """Choose the images whose labels would help most.

    Args:
        codes: Of all images that training sees, shape (n, dim).
        labelled: Whether each has a label, bool, shape (n,): these are never chosen.
        count: How many, at least 1; all there are if they are fewer.
        y: Probabilities of the categories, shape (n, categories); None for a model without y. One
            category says nothing, and is taken as none.
        method: `typical`, `uncertain`, `random`, or `auto`: typical ones first, and then the share
            of doubtful ones that `share_of_doubtful` says.
        seed: Decides the random starts of k-means, and what `random` draws.

    Returns:
        Questions about different images, in the order in which they should be asked.

    Raises:
        ValueError: If the method is unknown, or asks for a y that is not there.
    """
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(METHODS)}. Received: {method=}")
    if y is not None and y.shape[1] < 2:
        y = None
    if method == "uncertain" and y is None:
        raise ValueError(
            "The method uncertain needs probabilities of two classes or clusters, and this model "
            "has none. Use typical. Received: method='uncertain'"
        )
    count = min(count, int(np.count_nonzero(~labelled)))
    if method == "random":
        rows = np.random.default_rng(seed).permutation(np.flatnonzero(~labelled))[:count]
        return [Question(int(row), "drawn at random") for row in rows]
    doubtful = count if method == "uncertain" else 0
    if method == "auto" and y is not None:
        doubtful = round(count * share_of_doubtful(int(np.count_nonzero(labelled)), y.shape[1]))
    asked = typical(codes, labelled, count - doubtful, y, seed)
    labelled = labelled.copy()
    labelled[[question.row for question in asked]] = True
    return asked + (uncertain(codes, labelled, doubtful, y, seed) if y is not None else [])


def share_of_doubtful(labels: int, categories: int) -> float:
    """The rule of `auto`: from none at the first label to all at ten labels a category.

    It grows in proportion: with 20 labels of ten classes a fifth of the images are doubtful ones.
    """
    return min(1.0, labels / (MANY_LABELS * categories))


def typical(
    codes: np.ndarray, labelled: np.ndarray, count: int, y: np.ndarray | None = None, seed: int = 0
) -> list[Question]:
    """The most typical images of the largest clusters without a label.

    Once every cluster has one, clusters of the fewest labels are next. Among clusters of as many
    labels those of the predicted category that was asked for least come first, then the largest;
    clusters of less than five images come last.

    Args:
        codes, labelled, count, y, seed: See `choose`.
    """
    if not count:
        return []
    cluster = _clusters(codes, min(np.count_nonzero(labelled) + count, MOST_CLUSTERS), seed)
    sizes = np.bincount(cluster)
    labels = np.bincount(cluster[labelled], minlength=len(sizes))
    queues = [_by_density(codes, np.flatnonzero(cluster == c), labelled) for c in range(len(sizes))]
    predicted = np.zeros(len(codes), int) if y is None else y.argmax(axis=1)
    category = [np.bincount(predicted[cluster == c]).argmax() for c in range(len(sizes))]
    asked_for = np.zeros(predicted.max() + 1, int)
    asked: list[Question] = []
    while len(asked) < count:
        _, _, _, _, c = min(
            (labels[c], sizes[c] < LEAST_IN_CLUSTER, asked_for[category[c]], -sizes[c], c)
            for c in range(len(sizes))
            if queues[c]
        )
        why = f"typical of {sizes[c]} images, {labels[c]} of them labelled"
        asked.append(Question(queues[c].pop(0), why))
        labels[c] += 1
        asked_for[category[c]] += 1
    return asked


def uncertain(
    codes: np.ndarray, labelled: np.ndarray, count: int, y: np.ndarray, seed: int = 0
) -> list[Question]:
    """Images that lie between two categories, far apart from each other, the most doubtful first.

    Args:
        codes, labelled, count, y, seed: See `choose`.
    """
    if not count:
        return []
    margin = margins(y)
    rows = np.flatnonzero(~labelled)
    rows = rows[np.argsort(margin[rows], kind="stable")]
    rows = _shared_out(rows, y, PREFILTER * count)
    weights = 1 - margin[rows] + 1e-6  # k-means needs some where the model is sure of everything
    kmeans = KMeans(count, n_init=1, random_state=seed).fit(codes[rows], sample_weight=weights)
    distances = kmeans.transform(codes[rows])
    chosen: list[int] = []
    for center in range(count):
        order = np.argsort(distances[:, center], kind="stable")
        chosen.append(next(int(place) for place in order if place not in chosen))
    return [Question(int(rows[place]), _between(y[rows[place]])) for place in sorted(chosen)]


def margins(y: np.ndarray) -> np.ndarray:
    """How much more probable the first category is than the second, shape (n,), in [0, 1].

    Args:
        y: Probabilities, shape (n, categories), of at least two categories.
    """
    second, first = np.partition(y, -2, axis=1)[:, -2:].T
    return first - second


def _clusters(codes, count, seed):
    """The cluster of each image; none is empty."""
    count = min(count, len(np.unique(codes, axis=0)))
    kind = KMeans if count <= MANY_CLUSTERS else MiniBatchKMeans
    found = kind(count, n_init=3, random_state=seed).fit_predict(codes)
    return np.unique(found, return_inverse=True)[1]


def _by_density(codes, rows, labelled):
    """The images of a cluster without a label, the most typical first."""
    neighbours = min(NEIGHBOURS, len(rows) - 1)
    if neighbours:
        nearest = NearestNeighbors(n_neighbors=neighbours).fit(codes[rows])
        distance = nearest.kneighbors()[0].mean(axis=1)
        rows = rows[np.argsort(distance, kind="stable")]
    return [int(row) for row in rows if not labelled[row]]


def _shared_out(rows, y, count):
    """The first rows, of no predicted category more than twice its share, if there are others."""
    most = math.ceil(MOST_OF_CATEGORY * count / y.shape[1])
    predicted = y[rows].argmax(axis=1)
    within = np.zeros(len(rows), bool)
    for category in range(y.shape[1]):
        within[np.flatnonzero(predicted == category)[:most]] = True
    first = np.concatenate([np.flatnonzero(within), np.flatnonzero(~within)])
    return rows[np.sort(first[:count])]


def _between(y):
    second, first = np.argsort(y, kind="stable")[-2:]
    return f"doubtful: {y[first]:.0%} its category, {y[second]:.0%} the next"
