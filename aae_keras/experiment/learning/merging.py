"""From many clusters to few: a second stage whose y starts from the clusters of the first.

Ten clusters found at once stick at a wrong division; thirty are nearly pure, and are merged here by
how the encoder confuses them. A few labels then name the groups, and show which labels disagree
with the images that look like theirs.
"""

import dataclasses
import logging

import keras
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.linear_model import LogisticRegression

from aae_keras.data import Data
from aae_keras.images import to_unit_range
from aae_keras.models import AdversarialModel, LatentY
from aae_keras.models.inference import encode, encode_rows, in_batches
from aae_keras.networks import input_shapes
from aae_keras.networks.renumbering import renumbered

log = logging.getLogger(__name__)

# Images that the clusters are compared on and that y is taught with.
IMAGES = 10_000
# An image whose group is less probable teaches nothing.
SURE = 0.9
# How much more than in proportion large groups must overlap to be merged.
BALANCE = 1.2
# Strength of the taught head's L2 penalty, relative to the mean loss: sure, but not beyond recall.
PENALTY = 0.1


@dataclasses.dataclass(frozen=True)
class Naming:
    """The categories of y that clusters became.

    Attributes:
        categories: The category of each cluster, shape (clusters,).
        agreeing: How many labelled images are in a cluster of their own class.
        disagreeing: Rows of the training part whose label is not that of their cluster.
    """

    categories: np.ndarray
    agreeing: int
    disagreeing: np.ndarray


def merged(y: np.ndarray, groups: int, votes: np.ndarray | None = None) -> np.ndarray:
    """Merge clusters until as many groups are left.

    The overlap of two clusters is the sum over images of the product of their probabilities: large
    where the encoder cannot tell them apart, since the border between them runs through a crowd.
    The two of the largest overlap a b / (|a| |b|)^1.2 are merged, |a| the sum of a's overlaps; the
    power, above 1, is for groups of like size. On MNIST this leaves 4 to 13 % of the images in a
    wrong group of ten; average linkage over a graph of neighbours, in pixels, 16 to 19 %.

    Two groups that labels call by different classes are not merged. Where 9 % of the images of
    MNIST were in a wrong group without, 100 labels leave 5.5 %, 20 leave 8 %.

    Args:
        y: Probabilities, shape (n, clusters).
        groups: How many, at most as many as there are clusters, and no fewer than classes.
        votes: What labels say of the clusters, if they do, as of `votes_of`.

    Returns:
        The group of each cluster, 0 to `groups` - 1, shape (clusters,).

    Raises:
        ValueError: If there are fewer clusters.
    """
    clusters = y.shape[1]
    if not 1 <= groups <= clusters:
        raise ValueError(
            f"{clusters} clusters cannot be merged to {groups} groups: find more of them first."
        )
    votes = np.zeros((clusters, 1)) if votes is None else votes.copy()
    y = y.astype("float64")
    overlap = y.T @ y
    group, alive = np.arange(clusters), list(range(clusters))
    while len(alive) > groups:
        size = overlap.sum(axis=1)[alive]
        with np.errstate(divide="ignore", invalid="ignore"):
            closeness = overlap[np.ix_(alive, alive)] / np.outer(size, size) ** BALANCE
        closeness[np.isnan(closeness)] = np.inf  # an unused cluster must not be a group of its own
        closeness[_called_differently(votes[alive])] = -1
        np.fill_diagonal(closeness, -2)
        first, second = np.unravel_index(closeness.argmax(), closeness.shape)
        kept, gone = alive[first], alive[second]
        overlap[kept] += overlap[gone]
        overlap[:, kept] += overlap[:, gone]
        overlap[gone] = overlap[:, gone] = 0
        votes[kept] += votes[gone]
        group[group == gone] = kept
        alive.remove(gone)
    return np.unique(group, return_inverse=True)[1]


def _called_differently(votes):
    """Which pairs of groups have the votes of a labelled image each, of different classes."""
    called = votes.max(axis=1) > SURE
    name = votes.argmax(axis=1)
    return np.logical_and.outer(called, called) & np.not_equal.outer(name, name)


def votes_of(y: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """What labels say of clusters: how probable the images of each class make each cluster.

    Args:
        y: Probabilities of the clusters for labelled images, shape (n, clusters).
        labels: Their class indices, shape (n,).
        classes: How many there are.

    Returns:
        Sums of probabilities, shape (clusters, classes).
    """
    votes = np.zeros((classes, y.shape[1]))
    np.add.at(votes, labels, y)
    return votes.T


def named(votes: np.ndarray) -> np.ndarray:
    """Give each group the class that the labels say it is: the best match, one to one.

    Args:
        votes: Of the labels, as of `votes_of`, shape (groups, classes), as many of each.

    Returns:
        The class of each group, shape (groups,).
    """
    return linear_sum_assignment(votes, maximize=True)[1]


def are_merged(model: AdversarialModel, former: AdversarialModel) -> bool:
    """Whether a former model's clusters have been merged already to as many as a model's y has."""
    return model.categories == former.categories


def sample(data: Data, seed: int) -> np.ndarray:
    """The images that clusters are compared on, uint8, at most `IMAGES` of the unlabelled ones."""
    rows = np.random.default_rng([seed, 2]).permutation(data.split.unlabeled_rows)
    return data.split.images[np.sort(rows[:IMAGES])]


def start_from_clusters(model: AdversarialModel, former: AdversarialModel, data: Data) -> Naming:
    """Teach a model's y the clusters of a former one, whose other layers it has taken over.

    Clusters that were merged before and trained on are taken over as they are: y is then in the
    model already, and its categories get their names.

    Args:
        model: The model to start: classes or fewer clusters. The head of its y is a dense layer.
        former: The model of the stage before, whose y is the cluster.
        data: The `Data`; its labels name the groups, where y is the class.

    Raises:
        ValueError: If y's head is another layer, or the former has too few clusters.
    """
    split, categories = data.split, model.categories
    images = sample(data, model.seed)
    y = encode(former, images)["y"]
    votes = None
    if names := model.latent_y == LatentY.CLASS:
        labels = split.labels[split.labeled_rows]
        of_labelled = encode_rows(former, split.images, split.labeled_rows)["y"]
        votes = votes_of(of_labelled, labels, categories)
        unnamed = [split.class_names[c] for c in np.flatnonzero(~votes.any(axis=0))]
        if len(unnamed) > 1:  # one is what is left over
            log.warning(
                "Classes without a label: %s, so which of the groups left is which is a guess.",
                ", ".join(unnamed),
            )
    group = merged(y, categories, votes)
    of_group = np.eye(categories, dtype="float32")[group]
    naming, agrees = np.arange(categories), np.zeros(0, bool)
    if names:
        naming = named(of_group.T @ votes)
        agrees = naming[(of_labelled @ of_group).argmax(axis=1)] == labels
    if are_merged(model, former):
        rename(model, naming)
    else:
        y = y @ of_group
        targets = naming[y.argmax(axis=1)]
        sure = y.max(axis=1) > SURE
        if len(np.unique(targets[sure])) < categories:
            sure[:] = True  # after a short first stage: better a vague start than no category
        teach_head(model, images[sure], targets[sure])
    model.average.restart()
    return Naming(naming[group], int(agrees.sum()), split.labeled_rows[~agrees])


def rename(model: AdversarialModel, categories: np.ndarray) -> None:
    """Call each category of y by another number, where it is found and where it is read.

    Args:
        model: Its encoder's `y_logits` is a dense layer. Where the first layer of a network that
            reads y is none, the log says that it has the new numbers to learn.
        categories: The new number of each, a permutation, shape (categories,).

    Raises:
        ValueError: If the head is another layer.
    """
    former = np.argsort(categories)
    for weight in _head_of(model).weights:
        weight.assign(weight.numpy()[..., former])
    for role, network in model.get_config().items():
        if isinstance(network, keras.Model) and (name := _input_of_y(model, role, network)):
            if not renumbered(network, name, former):
                log.warning("The %s has to learn the numbers of the classes anew.", network.name)


def _input_of_y(model, role, network):
    """The input of a network whose last columns are y; "" if there is none."""
    shapes = input_shapes(network)
    if "y" in shapes:
        return "y"
    (name, shape), *_ = shapes.items()
    informed = role == "discriminator_gauss" and shape[-1] > model.gaussian_prior.dim
    return name if informed or role == "discriminator_cat" else ""


def teach_head(model: AdversarialModel, images: np.ndarray, targets: np.ndarray) -> None:
    """Fit the head of y to targets, by logistic regression on the features that it takes.

    Args:
        model: Its encoder's `y_logits` is a dense layer.
        images: uint8, shape (n, height, width, channels).
        targets: Categories of y, shape (n,).

    Raises:
        ValueError: If the head is another layer.
    """
    head = _head_of(model)
    if len(np.unique(targets)) < 2:
        log.warning("All images are in one cluster: y begins anew. Train the first stage longer.")
        return
    trunk = keras.Model(model.encoder.inputs, head.input)

    def features_of(batch: object) -> dict[str, object]:
        inputs = model.posterior.inputs(to_unit_range(batch), None)
        given = [inputs[tensor.name] for tensor in trunk.inputs]
        return {"features": keras.ops.cast(trunk(given, training=False), "float32")}

    features = in_batches(features_of, images)["features"]
    strength = 1 / (PENALTY * len(targets))
    regression = LogisticRegression(C=strength, max_iter=200).fit(features, targets)
    weights, offsets = regression.coef_, regression.intercept_
    if len(weights) == 1:  # the log-odds of the second of two: half to each, as if they were more
        weights, offsets = np.concatenate([-weights, weights]) / 2, np.repeat(offsets, 2) / 2
        offsets[0] *= -1
    # Logits of the others sum to about nothing: one that is the least offset is never the largest.
    kernel, bias = np.zeros(head.kernel.shape), np.full(head.bias.shape, offsets.min())
    kernel[:, regression.classes_], bias[regression.classes_] = weights.T, offsets
    head.kernel.assign(kernel)
    head.bias.assign(bias)


def _head_of(model):
    head = model.encoder.get_layer("y_logits")
    if not isinstance(head, keras.layers.Dense):
        raise ValueError(
            "To start from clusters, the encoder's `y_logits` must be a Dense layer: set "
            f"batch_norm_heads=False. Received: {type(head).__name__}"
        )
    return head
