"""Images on demand: of a label, in the style of another image, between two images, of the prior."""

import contextlib
import pathlib
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from aae_keras import plots
from aae_keras.data.names import plain
from aae_keras.errors import UserError
from aae_keras.experiment.building import factory
from aae_keras.experiment.pictures import figures
from aae_keras.images import read_image, to_unit_range
from aae_keras.models.inference import decode, decode_grid, encode, sample_codes

# Added to the seed, so that no code here was drawn in training or for a score.
SEED = 2_000_000
PER_ROW = 8


def generate(
    folder: str | pathlib.Path,
    *,
    label: str | int | None = None,
    style_of: str | pathlib.Path | None = None,
    between: Sequence[str | pathlib.Path] | None = None,
    count: int = 16,
    seed: int = 0,
    **where: str,
) -> Figure:
    """Generate images with the decoder of a trained run, in one figure.

    Args:
        folder: The run folder.
        label: Name of a class, or number of a cluster, to generate; alone or with `between`.
        style_of: Path of an image file whose style to show under every label.
        between: Paths of two image files: the figure goes from the code of one to the other's.
        count: Number of images, at least 1; not used with `style_of`.
        seed: Whole number, at least 0: another one draws other codes.
        **where: `dataset`, `data_dir` or `labels`, if these lie elsewhere now.

    Returns:
        A matplotlib figure.

    Raises:
        UserError: If the run, its data or an image cannot be used, or the setting cannot do it.
    """
    run, data, model = factory.load_trained(folder, **where)
    figures.say_boxes(data.class_names)
    if not hasattr(model, "decoder"):
        raise UserError(f"{folder} has no decoder: the setting is {run.config.setting}.")
    if style_of is not None:
        return _in_the_style_of(model, data, _read(data, style_of))
    y = None if label is None else _one_hot(model, data, label, run.config.setting)
    if between is not None:
        images = np.stack([_read(data, path) for path in between])
        return _between(model, images, y, count)
    return _from_prior(model, y, label, count, seed)


def _read(data, path):
    """An image file at the size and in the colours of the data."""
    height, width, channels = data.image_shape
    return read_image(path, channels, (height, width), data.reading)


def _one_hot(model, data, label, setting):
    """y of a label that a user has written, shape (categories,)."""
    if not model.categories:
        raise UserError(f"The setting {setting} has no label to draw. Leave --label out.")
    names = list(data.class_names)
    if not model.latent_y.is_class:
        names = [str(number) for number in range(model.categories)]
        # The other ways a cluster is written: 07 in pictures, cluster-07 in exports.
        with contextlib.suppress(ValueError):
            label = int(str(label).removeprefix("cluster-"))
    known = list(map(plain, names))
    if (named := plain(str(label))) not in known:
        raise UserError(f"There is no label {label!r}. Known: {', '.join(names)}")
    return np.eye(model.categories, dtype="float32")[known.index(named)]


def _from_prior(model, y, label, count, seed):
    """Images of codes drawn from the prior, all with the same y if one is given."""
    code = sample_codes(model, count, SEED + seed)
    title = "Generated from the prior"
    if y is not None:
        code["y"] = np.tile(y, (count, 1))
        title = f"Generated from the prior, label {label}"
    elif model.categories and "y" not in code:
        labels = np.random.default_rng(seed).integers(model.categories, size=count)
        code["y"] = np.eye(model.categories, dtype="float32")[labels]
    return plots.sheet(decode(model, code), min(PER_ROW, count), title)


def _in_the_style_of(model, data, image):
    """An image, and what its z is decoded to with every y."""
    if not model.categories:
        raise UserError("This setting has no labels to draw a style under.")
    z = encode(model, image[None])["z"]
    generated = decode_grid(model, z)[:, 0]
    original = to_unit_range(image[None])
    names = figures.category_names(model, data, None)
    return plots.image_grid(
        np.concatenate([original, generated])[None], [""], ["given", *names],
        "The style of an image under every label",
    )  # fmt: skip


def _between(model, images, y, count):
    """Images decoded at equal steps from the code of the first of two images to the second's."""
    code = encode(model, images)
    code.pop("representation", None)
    if model.categories and y is not None:
        code["y"] = np.tile(y, (2, 1))
    if model.categories and "y" not in code:
        raise UserError("This setting's encoder finds no label: say --label=NAME as well.")
    share = np.linspace(0, 1, count, dtype="float32")[:, None]
    steps = {name: (1 - share) * first + share * last for name, (first, last) in code.items()}
    return plots.between(decode(model, steps))
