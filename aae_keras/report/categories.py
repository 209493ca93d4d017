"""What each class, or each value of y, looks like."""

import numpy as np

from aae_keras.data import Data
from aae_keras.experiment.pictures import figures
from aae_keras.experiment.scores.outputs import Outputs
from aae_keras.models import AdversarialModel
from aae_keras.report.contents import Categories
from aae_keras.report.packing import pack, sprite

TYPICAL_IMAGES = 8


def categories(
    model: AdversarialModel,
    data: Data,
    outputs: Outputs | None,
    shown: Outputs | None,
    class_of: np.ndarray,
) -> Categories:
    """Names, typical images as the decoder draws them, and typical held-out ones.

    Args:
        model: A model of this project.
        data: The `Data` it was trained on.
        outputs: Its `Outputs` on all held-out images; None if there are none.
        shown: Those on the images of the page.
        class_of: The class of each value of y, -1 for none.
    """
    modes = None
    if model.categories and hasattr(model, "decoder"):
        modes = np.rint(255 * figures.modes(model)).astype("uint8")
    names = figures.category_names(model, data, outputs) if model.categories else []
    known = outputs is not None and bool((outputs.labels >= 0).any())
    classes = data.class_names if known or model.latent_y.is_class else ()
    count = len(names) or len(classes)
    return Categories(
        kind=model.latent_y.value,
        classes=tuple(classes),
        names=tuple(names),
        class_of=tuple(map(int, class_of)),
        modes=None if modes is None else sprite(modes),
        typical=pack(typical(model, shown, count), "int16"),
    )


def typical(model: AdversarialModel, shown: Outputs | None, count: int) -> np.ndarray:
    """The images of the page most typical of each value of y, or of each class without y.

    Those are what y is surest of; where the encoder finds no y, what lies nearest to the mean code
    of its class.

    Args:
        model: A model of this project.
        shown: Its `Outputs` on the images; None if there are none.
        count: Number of values of y, or of classes.

    Returns:
        Rows of the images, shape (count, 8); -1 where there are fewer.
    """
    rows = np.full((count, TYPICAL_IMAGES), -1)
    if shown is None:
        return rows
    encoded = model.latent_y.is_encoded
    group = shown.code["y"].argmax(axis=1) if encoded else shown.labels
    for rank in range(count):
        members = np.flatnonzero(group == rank)
        if encoded:
            order = -shown.code["y"][members, rank]
        else:
            z = shown.code["z"][members]
            order = np.linalg.norm(z - z.mean(axis=0), axis=1) if len(z) else np.arange(0)
        best = members[np.argsort(order, kind="stable")][:TYPICAL_IMAGES]
        rows[rank, : len(best)] = best
    return rows
