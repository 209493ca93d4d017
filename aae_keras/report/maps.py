"""Codes of the held-out images, and the maps that they are laid out on."""

import numpy as np
from sklearn.decomposition import PCA

from aae_keras import models
from aae_keras.experiment.pictures.figures import lay_out
from aae_keras.experiment.scores.outputs import Outputs
from aae_keras.models import AdversarialModel
from aae_keras.models.inference import sample_codes
from aae_keras.report.contents import Codes, Layout
from aae_keras.report.packing import pack

PRIOR_SAMPLES = 500
# Probabilities below this are written as 0, which takes no room.
LEAST = 1e-4
# So many of an image are written, the largest: of thousands of classes all would take 20 MB.
MOST_SHARES = 100


def codes(model: AdversarialModel, outputs: Outputs) -> Codes:
    """The codes of images, and their prior.

    Args:
        model: A model of this project.
        outputs: Its `Outputs` on them.
    """
    y = outputs.code.get("y")
    prior = model.priors.get("z")
    samples = None if prior is None else sample_codes(model, PRIOR_SAMPLES, model.seed)["z"]
    heads = _heads(model)
    return Codes(
        y=None if y is None else pack(largest_shares(y), "float16"),
        z=pack(outputs.code["z"], "float16"),
        heads=None if heads is None else pack(heads, "float32"),
        prior=None if samples is None else pack(samples, "float16"),
        stddev=getattr(prior, "stddev", None),
    )


def largest_shares(y: np.ndarray) -> np.ndarray:
    """Probabilities of which those below `LEAST`, and all but the `MOST_SHARES` largest, are 0.

    Args:
        y: Shape (n, categories).
    """
    shares = np.where(y < LEAST, 0, y)
    if y.shape[1] > MOST_SHARES:
        others = np.argpartition(shares, -MOST_SHARES, axis=1)[:, :-MOST_SHARES]
        np.put_along_axis(shares, others, 0, axis=1)
    return shares


def layouts(model: AdversarialModel, outputs: Outputs) -> tuple[Layout, ...]:
    """Maps of images, the most telling one first.

    Args:
        model: A model of this project.
        outputs: Its `Outputs` on them.
    """
    space = outputs.whole_code
    heads = _heads(model)
    name, remark = _named(outputs)
    if space.shape[1] <= 2:
        return (_plain(name, space, heads),)
    found = [] if len(space) <= 10 else [_tsne(name, remark, space, heads)]
    if len(space) > 2:
        found.append(_main_axes(name, remark, space, heads))
    if heads is None and outputs.code["z"].shape[1] == 2:
        found.append(_plain("style z", outputs.code["z"], None))
    return tuple(found) or (_plain(name, space[:, :2], None),)


def _heads(model):
    """The cluster heads, shape (categories, latent_dim); None in other settings."""
    if not isinstance(model, models.DimensionalityReductionAAE):
        return None
    return np.asarray(model.heads())


def _named(outputs):
    """What the code is called that `whole_code` returns, and what else to say of it."""
    if "representation" in outputs.code:
        return "representation", ""
    if "y" not in outputs.code:
        return "code z", ""
    return "label y and style z", " Two labels are as far apart as two styles are on average."


def _plain(name, space, heads):
    """One or two dimensions as they are."""
    if space.shape[1] == 1:
        height = np.random.default_rng(0).uniform(-1, 1, (len(space), 1))
        note = f"The {name} of each image, left to right; its height means nothing."
        return _layout(name, note, np.hstack([space, height]), None)
    return _layout(name, f"The {name} of each image, as it is: two dimensions.", space, heads)


def _tsne(name, remark, space, heads):
    """Laid out by t-SNE, heads among the images."""
    points = space if heads is None else np.concatenate([space, heads])
    laid_out = lay_out(points)
    note = (
        f"The {name} of each image, {space.shape[1]} dimensions laid out in a plane by t-SNE: what "
        "lies together is alike, but distances between groups and their sizes mean little."
    )
    found = None if heads is None else laid_out[len(space) :]
    return _layout(f"t-SNE of {name}", note + remark, laid_out[: len(space)], found)


def _main_axes(name, remark, space, heads):
    """Seen along the two axes that vary most."""
    plane = PCA(2).fit(space)
    note = (
        f"The {name} of each image, {space.shape[1]} dimensions seen along the two axes in which "
        f"they vary most: {plane.explained_variance_ratio_.sum():.0%} of the variance."
    )
    found = None if heads is None else plane.transform(heads)
    return _layout(f"main axes of {name}", note + remark, plane.transform(space), found)


def _layout(name, note, points, heads):
    return Layout(
        name, note, pack(points, "float32"), None if heads is None else pack(heads, "float32")
    )
