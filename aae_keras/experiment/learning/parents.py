"""The run that another starts from: whether its weights fit, and what it may be scored on."""

import dataclasses
import logging

from aae_keras.data import Data
from aae_keras.experiment.configuration.changes import difference
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.vocabulary import TAUGHT_Y
from aae_keras.experiment.learning.lineage import Lineage, digests_of, read
from aae_keras.experiment.run_folder import runs
from aae_keras.models import AdversarialModel, load_model
from aae_keras.remarks import count_of

log = logging.getLogger(__name__)

# Fields that change the pixels of an image, and so its digest, where its size is the same.
READING = ("fit", "background", "pixel_range")
# Fields that a run and its parent have in common: what the networks are, and what they learn.
FIXED = (
    *("setting", "num_clusters", "network", "hidden_units", "z_units", "discriminator_units"),
    *("latent_dim", "posterior", "batch_norm", "batch_norm_heads", "trunks"),
    *("informed_discriminator", "mode_decoder"),
)


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
    names = run.config.setting == "clustering" and config.setting in TAUGHT_Y
    names = names and config.learns_from_labels
    ignored = ("setting", "num_clusters", "mode_decoder") if names else ()
    fixed = [name for name in FIXED if name not in ignored]
    other, listing = difference(config, run.config, fixed)
    if other:
        raise runs.RunError(
            f"The weights of {run.folder} do not fit: there {listing}. Leave out --preset, "
            f"--config and flags that change this, such as --{other[0]}: what that run has is then "
            "taken over. Or train without --resume_from."
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
    clusters, classes = model.categories, len(data.class_names)
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
    other, _ = difference(config, run.config, READING)
    seen_then = lineage.seen
    if other or seen_then is None:
        seen_then = frozenset()
        log.warning(
            "Nobody can tell which images %s saw: earlier, left on disk, or read in another way.",
            run.folder,
        )
    for part, images in parts:
        if seen := seen_then & digests_of(images):
            log.warning(
                "%d of %d %s images were seen by the run that this one starts from, without their "
                "labels: scores are of images that it has learned from. Give the data a part test/ "
                "and a part val/ for others.",
                len(seen), len(images), part,
            )  # fmt: skip
    if lineage.taught == frozenset():
        return
    if other:
        raise runs.RunError(
            f"{run.folder} reads images in another way, so that nobody can tell which of them it "
            f"was taught. Leave {_flags(other)} out, or train without --resume_from."
        )
    if lineage.taught is None or split.images.on_disk:
        raise runs.RunError(
            f"{run.folder} or this run leaves its images on disk, so that nobody can tell which of "
            "them the former was taught. Pass --streaming=no to both, or train without "
            "--resume_from."
        )
    # An image that is there twice may be on both sides: that is an affair of the data.
    others = lineage.taught - digests_of(split.images[split.labeled_rows])
    for part, images in parts:
        if seen := others & digests_of(images):
            raise runs.RunError(
                f"{count_of(len(seen), f'{part} image')} taught {run.folder}, so that the new run "
                "would be scored too well: labels that are added change who is held out. Give the "
                "data a test part and one for validation (test/ and val/ in a folder), or train "
                "without --resume_from."
            )


def _flags(names):
    return ", ".join(f"--{name}" for name in names)


def _size(shape):
    return "x".join(map(str, shape))
