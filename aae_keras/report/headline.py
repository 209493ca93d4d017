"""What a report begins with: scores with their uncertainty, facts, calibration."""

import math

import numpy as np

from aae_keras.data import Data
from aae_keras.experiment.run_folder import outcomes
from aae_keras.experiment.run_folder.runs import Run
from aae_keras.experiment.scores import scoring
from aae_keras.experiment.scores.outputs import Outputs
from aae_keras.images import to_unit_range
from aae_keras.metrics import clusters
from aae_keras.models import AdversarialModel, LatentY
from aae_keras.report import intervals, maps
from aae_keras.report.contents import Bin, Headline
from aae_keras.report.scores import KINDS, Yardstick, judged

AT_ONCE = 1000  # images


def headline(
    run: Run, data: Data, model: AdversarialModel, outputs: Outputs | None, command: str
) -> Headline:
    """Scores and facts of a run.

    Scores are those of `metrics.json`; where `evaluate` has not been run, those on the held-out
    images are computed here.

    Args:
        run, data, model: As `factory.load_trained` returns them.
        outputs: The model's `Outputs` on all held-out images; None if there are none.
        command: What trained the run.

    Raises:
        RunError: If `metrics.json` is damaged, or of another run.
    """
    measured = outcomes.read_metrics(run) or {}
    validation = measured.get("validation", {})
    notes = []
    if not measured:
        validation = scoring.scores(model, outputs, outputs)
        notes.append(
            "Test scores are not shown: nothing has been evaluated yet. Evaluate the run, and "
            "write this page anew."
        )
    if outputs is None:
        notes.append("There are no held-out images, so there are no scores.")
    elif not len(outputs.labelled()):
        notes.append("Held-out images have no labels, so nothing says what is right.")
    if outputs is not None and model.latent_y.is_encoded and model.categories > maps.MOST_SHARES:
        notes.append(
            f"Of the {model.categories} probabilities of an image the page has the "
            f"{maps.MOST_SHARES} largest, and decodes it from these."
        )
    yardstick = yardstick_of(model, outputs, validation)
    rows = per_image(model, outputs)
    test = measured.get("test", {})
    scores = tuple(
        judged(
            name,
            validation[name],
            intervals.of_mean(rows[name]) if name in rows else None,
            test.get(name),
            yardstick,
        )
        for name in KINDS
        if name in validation
    )
    return Headline(
        title=run.folder.resolve().name,
        facts=_facts(run, data, measured, command),
        scores=scores,
        calibration=_calibration(model, outputs),
        notes=tuple(notes),
    )


def per_image(model: AdversarialModel, outputs: Outputs | None) -> dict[str, np.ndarray]:
    """The scores that are means over images, image by image.

    Args:
        model: A model of this project.
        outputs: Its `Outputs`; None for none.

    Returns:
        Dict by score of arrays (images,); the mean of each is the score.
    """
    if outputs is None:
        return {}
    found = {}
    if outputs.errors is not None:
        found["reconstruction_error"] = outputs.errors[~np.isnan(outputs.errors)]
    labelled = outputs.labelled()
    if not len(labelled) or not model.latent_y.is_encoded:
        return found
    labels, y = labelled.labels, labelled.code["y"]
    if model.latent_y == LatentY.CLASS:
        found["error_rate"] = (y.argmax(axis=1) != labels).astype(float)
        found["brier"] = np.sum((y - np.eye(y.shape[1])[labels]) ** 2, axis=1)
        return found
    for name, rule in clusters.RULES.items():
        answer = rule(labels, y)[y.argmax(axis=1)]
        found[f"error_rate_{name}"] = (answer != labels).astype(float)
    return found


def yardstick_of(
    model: AdversarialModel, outputs: Outputs | None, scores: dict[str, float]
) -> Yardstick:
    """What the scores on some images are compared with.

    Args:
        model: A model of this project.
        outputs: Its `Outputs` on the images; None for none.
        scores: The scores.
    """
    if outputs is None:
        return Yardstick()
    labels = outputs.labelled().labels
    return Yardstick(
        chance=1 - np.bincount(labels).max() / len(labels) if len(labels) else math.nan,
        categories=model.categories,
        has_y=model.latent_y != LatentY.NONE,
        mean_image=_squared_error_of_the_mean(outputs.images) / 2,
        mmd_of_prior=scores.get("mmd_of_prior", math.nan),
    )


def _squared_error_of_the_mean(images):
    """Of the mean image, summed over the pixels and averaged over the images, in bounded memory."""
    total, squares = np.zeros(images.shape[1:]), 0.0
    for start in range(0, len(images), AT_ONCE):
        pixels = to_unit_range(images[start : start + AT_ONCE]).astype("float64")
        total += pixels.sum(axis=0)
        squares += np.sum(pixels**2)
    return float(squares / len(images) - np.sum((total / len(images)) ** 2))


def _facts(run, data, measured, command):
    """Pairs of a name and a value."""
    facts = [
        ("data", f"{run.config.dataset}: {data.describe()}"),
        (
            "setting",
            run.config.setting + (f", preset {run.config.preset}" * bool(run.config.preset)),
        ),
        ("revision", run.revision),
    ]
    if "minutes" in measured:
        facts.append(("training took", f"{measured['minutes']:.3g} minutes"))
    return tuple(facts) + ((("made by", command),) if command else ())


def _calibration(model, outputs) -> tuple[Bin, ...]:
    """The calibration curve of a classifier; empty for anything else."""
    if outputs is None or model.latent_y != LatentY.CLASS:
        return ()
    labelled = outputs.labelled()
    if not len(labelled):
        return ()
    y = labelled.code["y"]
    return intervals.calibration(y.argmax(axis=1) == labelled.labels, y.max(axis=1))
