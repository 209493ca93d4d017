"""A run that starts from the weights of a former one, its parent, and what the parent had seen.

`lineage.json` in a run folder holds the parent's revision, the names of the classes, and digests of
the images that training saw, in the run or one it comes from. None whose label taught may score a
run that starts from it; how many of the others do is said.
"""

import dataclasses
import hashlib
import logging
from collections.abc import Iterable

import numpy as np

from aae_keras.data import Data
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.vocabulary import TAUGHT_Y
from aae_keras.experiment.learning import merging
from aae_keras.experiment.run_folder import runs, seals
from aae_keras.files import write_atomically
from aae_keras.models import AdversarialModel, load_model
from aae_keras.remarks import count_of

log = logging.getLogger(__name__)

FILE = "lineage.json"
DIGITS = 16
# Fields that change the pixels of an image, and so its digest, where its size is the same.
READING = ("fit", "background", "pixel_range")
# Fields that a run and its parent have in common: what the networks are, and what they learn.
FIXED = (
    *("setting", "num_clusters", "network", "hidden_units", "z_units", "discriminator_units"),
    *("latent_dim", "posterior", "batch_norm", "batch_norm_heads", "trunks"),
    *("informed_discriminator", "mode_decoder"),
)


@dataclasses.dataclass(frozen=True)
class Lineage:
    """What a run folder says of where the run's weights come from.

    Attributes:
        parent: Revision of the run that it started from; "" if there was none.
        class_names: One string per class of its data.
        taught: Digests of the labelled images that taught it or those before it; None where there
            are any and they were left on disk, too many to look at.
        seen: The same of all images that training saw, with or without their labels.
    """

    parent: str
    class_names: tuple[str, ...]
    taught: frozenset[str] | None
    seen: frozenset[str] | None = None


def of(data: Data, parent: "Parent | None" = None) -> Lineage:
    """The `Lineage` of a run that begins.

    Args:
        data: Its `Data`.
        parent: The `Parent` that it starts from, if there is one.
    """
    split = data.split
    taught, seen = (parent.lineage.taught, parent.lineage.seen) if parent else (frozenset(),) * 2
    taught = _joined(taught, split.images, split.labeled_rows)
    seen = _joined(seen, split.images, np.union1d(split.labeled_rows, split.unlabeled_rows))
    return Lineage(parent.run.revision if parent else "", tuple(data.class_names), taught, seen)


def _joined(digests, images, rows):
    """Digests and those of some rows; None where these would have to be read from disk."""
    if digests is None or (len(rows) and images.note):
        return None
    return digests | _digests(images[rows])


def write(run: runs.Run, lineage: Lineage) -> None:
    """Write a run's `lineage.json`."""
    values = dataclasses.asdict(lineage)
    for name in ("taught", "seen"):
        values[name] = None if values[name] is None else "".join(sorted(values[name]))
    write_atomically(run.folder / FILE, seals.seal(values) + "\n")


def read(run: runs.Run) -> Lineage:
    """Read a run's `lineage.json`.

    Raises:
        RunError: If it is missing or damaged.
    """
    path = run.folder / FILE
    try:
        values = seals.unseal_if_sealed(path.read_bytes())
        taught, seen = (_apart(values.get(name)) for name in ("taught", "seen"))
        return Lineage(values["parent"], tuple(values["class_names"]), taught, seen)
    except FileNotFoundError as error:
        raise runs.RunError(
            f"{path} is missing, so nothing says which images taught that run. Put a copy back, or "
            "train it anew, if an earlier version did."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise runs.RunError(f"{path} is damaged: {error!r}. Put a copy back.") from error


def _apart(digests):
    """A set of digests, from one text or, in runs of earlier versions, a list."""
    if not isinstance(digests, str):
        return digests if digests is None else frozenset(digests)
    return frozenset(digests[at : at + DIGITS] for at in range(0, len(digests), DIGITS))


@dataclasses.dataclass(frozen=True)
class Parent:
    """A finished run that another starts from.

    Attributes:
        run: Its `Run`.
        lineage: What its folder says of where it comes from.
        model: Its trained model.
        is_to_be_named: Whether it found clusters, which become the other run's classes.
    """

    run: runs.Run
    lineage: Lineage
    model: AdversarialModel
    is_to_be_named: bool


def open_parent(config: Config, data: Data) -> Parent:
    """The run that a configuration starts from, once it is clear that it may.

    Args:
        config: The `Config` of the run to begin, with `resume_from`.
        data: Its `Data`.

    Raises:
        RunError: If there is no such trained run, its networks, images or classes are others, or
            images that taught it would validate or test the new run.
    """
    run = runs.open_trained(config.resume_from)
    ours, theirs = config.to_dict(), run.config.to_dict()
    names = run.config.setting == "clustering" and config.setting in TAUGHT_Y
    names = names and config.learns_from_labels
    ignored = ("setting", "num_clusters", "mode_decoder") if names else ()
    other = [name for name in FIXED if ours[name] != theirs[name] and name not in ignored]
    if other:
        listing = ", ".join(f"{name} is {theirs[name]!r}, not {ours[name]!r}" for name in other)
        raise runs.RunError(
            f"The weights of {run.folder} do not fit: there {listing}. Leave "
            f"{_flags(other)} out, which takes over what that run has, or train without "
            "--resume_from."
        )
    lineage = read(run)
    model = load_model(run.model_file)
    _check_data(run, lineage, model, data)
    _check_held_out(run, lineage, data, config)
    if names:
        _check_clusters(run, model, data)
    return Parent(run, lineage, model, names)


def _check_data(run, lineage, model, data):
    """Refuse images of another shape, and other classes where y stands for these."""
    shape = tuple(model.encoder.inputs[0].shape[1:])
    if shape != tuple(data.image_shape):
        raise runs.RunError(
            f"The weights of {run.folder} are for images of {_size(shape)}. Set --image_size and "
            f"--channels to that. Received: {_size(data.image_shape)}"
        )
    if run.config.learns_from_labels and lineage.class_names != tuple(data.class_names):
        raise runs.RunError(
            f"The classes of {run.folder} are others, so its weights stand for others. Train "
            f"without --resume_from. Expected {', '.join(lineage.class_names)}. "
            f"Received: {', '.join(data.class_names)}"
        )


def _check_clusters(run, model, data):
    """Refuse clusters that cannot be named one to one, once some are merged."""
    if run.config.batch_norm and run.config.batch_norm_heads:
        raise runs.RunError(
            f"The clusters of {run.folder} cannot be named: the last layer of its y is batch "
            "normalisation. Train it with --batch_norm_heads=False, or train without "
            "--resume_from."
        )
    clusters, classes = merging.categories_of(model), len(data.class_names)
    if clusters < classes:
        raise runs.RunError(
            f"The clusters of {run.folder} are too few to be named. Train it with more of them, or "
            f"train without --resume_from. Expected at least {classes}, one for each class. "
            f"Received: {clusters}"
        )


def _check_held_out(run, lineage, data, config):
    """Refuse to score a run on what taught its parent; say what else of it the parent saw."""
    split = data.split
    parts = (
        ("validation", split.images[split.validation_rows]),
        ("test", split.test_images),
    )
    if lineage.seen:
        for part, images in parts:
            if seen := lineage.seen & _digests(images):
                log.warning(
                    "%d of %d %s images were seen by the run that this one starts from, without "
                    "their labels: scores are of images that it has learned from. Give the data a "
                    "part test/ and a part val/ for others.",
                    len(seen), len(images), part,
                )  # fmt: skip
    if lineage.taught == frozenset():
        return
    other = [name for name in READING if getattr(config, name) != getattr(run.config, name)]
    if other:
        raise runs.RunError(
            f"{run.folder} reads images in another way, so that nobody can tell which of them it "
            f"was taught. Leave {_flags(other)} out, or train without --resume_from."
        )
    if lineage.taught is None or split.images.note:
        raise runs.RunError(
            f"{run.folder} or this run leaves its images on disk, so that nobody can tell which of "
            "them the former was taught. Pass --streaming=no to both, or train without "
            "--resume_from."
        )
    # An image that is there twice may be on both sides: that is an affair of the data.
    others = lineage.taught - _digests(split.images[split.labeled_rows])
    for part, images in parts:
        if seen := others & _digests(images):
            raise runs.RunError(
                f"{count_of(len(seen), f'{part} image')} taught {run.folder}, so that the new run "
                "would be scored too well: labels that are added change who is held out. Give the "
                "data a test part and one for validation (test/ and val/ in a folder), or train "
                "without --resume_from."
            )


def _digests(images: Iterable[np.ndarray]) -> frozenset[str]:
    """Sixteen hexadecimal digits of each image's pixels."""
    return frozenset(hashlib.sha256(image.tobytes()).hexdigest()[:DIGITS] for image in images)


def _flags(names):
    return ", ".join(f"--{name}" for name in names)


def _size(shape):
    return "x".join(map(str, shape))
