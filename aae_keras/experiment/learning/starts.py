"""Several starts of the stages that find clusters, and the choice between them without a label.

A start may stick at a wrong division, and its objective does not tell. But right divisions are
alike, and each wrong one is wrong in its own way: the start that the others agree with is right.
"""

import logging
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from aae_keras.data import Data
from aae_keras.experiment.learning import merging
from aae_keras.experiment.learning.callbacks import Backup
from aae_keras.experiment.learning.stages import Stage
from aae_keras.models import AdversarialModel
from aae_keras.models.inference import encode

log = logging.getLogger(__name__)


def agreements(divisions: Sequence[np.ndarray]) -> np.ndarray:
    """How far the other divisions of the same images agree with each.

    Two divisions agree on an image that is in matching groups; groups are matched one to one, so
    that they agree on the most.

    Args:
        divisions: At least two, each the group of every image, shape (n,).

    Returns:
        The mean share of images that each of the others agrees on, in [0, 1], shape (divisions,).
    """
    shares = np.array([[_share(one, other) for other in divisions] for one in divisions])
    np.fill_diagonal(shares, 0)
    return shares.sum(axis=1) / (len(divisions) - 1)


def _share(one, other):
    """The share of images that two divisions agree on."""
    groups = 1 + max(one.max(), other.max())
    counts = np.zeros((groups, groups), int)
    np.add.at(counts, (one, other), 1)
    return counts[linear_sum_assignment(counts, maximize=True)].sum() / len(one)


def best(
    stages: Sequence[Stage],
    model: AdversarialModel,
    data: Data,
    backup: Backup,
    build: Callable[[Stage], AdversarialModel],
) -> AdversarialModel:
    """The trained model of the start that the others agree with most.

    Args:
        stages: Those that end the starts.
        model: What starts from it: its y says how many groups the clusters are merged to.
        data: The `Data`.
        backup: The run's, which has kept them.
        build: Function of a stage that returns its model, compiled.
    """
    images, groups = merging.sample(data, model.seed), model.categories
    models, divisions = [], []
    for stage in stages:
        models.append(build(stage))
        backup.restore_kept(stage.start, models[-1])
        y = encode(models[-1], images)["y"]
        of_group = np.eye(groups)[merging.merged(y, groups)]
        divisions.append((y @ of_group).argmax(axis=1))
    agreed = agreements(divisions)
    chosen = int(agreed.argmax())
    log.info(
        "Of the %d starts number %d is gone on from, the one that the others agree with most: %s.",
        len(stages),
        stages[chosen].start,
        ", ".join(f"{share:.1%}" for share in agreed),
    )
    return models[chosen]
