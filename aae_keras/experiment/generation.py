"""Images on demand: of a label, in the style of another image, between two images, of the prior."""

import contextlib

import numpy as np

from aae_keras import plots
from aae_keras.errors import UserError
from aae_keras.experiment import factory, figures
from aae_keras.images import read_image
from aae_keras.models.inference import decode, encode

# Beside the seeds of training and of scores.
SEED = 2_000_000
PER_ROW = 8


def generate(folder, *, label=None, style_of=None, between=None, count=16, seed=0, **where):
    """A picture of what the decoder of a trained run draws.

    Args:
        folder: The run folder.
        label: Name of a class, or number of a cluster: what to draw. With `between` or alone.
        style_of: Path of an image file whose style to draw under every label.
        between: Paths of two image files, to draw what lies between their codes.
        count: How many images to draw, of a label, of the prior or between two.
        seed: Whole number: another one draws other images.
        **where: See `factory.load_trained`.

    Returns:
        A matplotlib figure.

    Raises:
        UserError: If the run, its data or an image cannot be used, or the setting cannot do it.
    """
    run, data, model = factory.load_trained(folder, **where)
    if not hasattr(model, "decoder"):
        raise UserError(f"{folder} has no decoder: the setting is {run.config.setting}.")
    if style_of is not None:
        return _in_the_style_of(model, data, _read(data, style_of))
    y = None if label is None else _one_hot(model, data, label, run.config.setting)
    if between is not None:
        ends = np.stack([_read(data, path) for path in between])
        return _between(model, ends, y, count)
    return _samples(model, y, label, count, seed)


def _read(data, path):
    height, width, channels = data.image_shape
    return read_image(path, channels, (height, width))


def _one_hot(model, data, label, setting):
    if not model.categories:
        raise UserError(f"The setting {setting} has no label to draw. Leave --label out.")
    names = list(data.class_names)
    if not model.latent_y.is_class:
        names = [str(number) for number in range(model.categories)]
        # The other ways a cluster is written: 07 in pictures, cluster-07 in exports.
        with contextlib.suppress(ValueError):
            label = int(str(label).removeprefix("cluster-"))
    if str(label) not in names:
        raise UserError(f"There is no label {label!r}. Known: {', '.join(names)}")
    return np.eye(model.categories, dtype="float32")[names.index(str(label))]


def _samples(model, y, label, count, seed):
    names = list(model.priors)
    code = {
        name: model.priors[name].sample(count, [SEED + seed, rank]).numpy()
        for rank, name in enumerate(names)
    }
    title = "Drawn from the prior"
    if y is not None:
        code["y"] = np.tile(y, (count, 1))
        title = f"Drawn from the prior, label {label}"
    elif model.categories and "y" not in code:
        rows = np.random.default_rng(seed).integers(model.categories, size=count)
        code["y"] = np.eye(model.categories, dtype="float32")[rows]
    return plots.sheet(decode(model, code), min(PER_ROW, count), title)


def _in_the_style_of(model, data, image):
    if not model.categories:
        raise UserError("This setting has no labels to draw a style under.")
    z = encode(model, image[None])["z"]
    drawn = figures.decode_grid(model, z)[:, 0]
    original = image[None].astype("float32") / 255
    names = figures.category_names(model, data, None)
    return plots.image_grid(
        np.concatenate([original, drawn])[None], [""], ["given", *names],
        "The style of an image under every label",
    )  # fmt: skip


def _between(model, ends, y, count):
    code = encode(model, ends)
    code.pop("representation", None)
    if model.categories and y is not None:
        code["y"] = np.tile(y, (2, 1))
    if model.categories and "y" not in code:
        raise UserError("This setting's encoder finds no label: say --label=NAME as well.")
    share = np.linspace(0, 1, count, dtype="float32")[:, None]
    way = {name: (1 - share) * ends[0] + share * ends[1] for name, ends in code.items()}
    return plots.between(decode(model, way))
