"""The images of a run whose labels would help it most, as a table and as tasks for Label Studio.

A run's own training images are looked at alone: those for validation and test are never suggested,
and no label is read that the run was not given.
"""

import csv
import dataclasses
import json
import logging
import pathlib
from typing import Any

import numpy as np

from aae_keras.data import label_studio, tables
from aae_keras.data.splits import Split
from aae_keras.errors import UserError
from aae_keras.experiment.building import factory
from aae_keras.experiment.run_folder.outcomes import write_csv
from aae_keras.experiment.scores import scoring
from aae_keras.files import write_atomically
from aae_keras.labelling import acquisition
from aae_keras.models import AdversarialModel, LatentY
from aae_keras.models.inference import encode_rows
from aae_keras.remarks import count_of

log = logging.getLogger(__name__)

FILE = "suggestions.csv"
# Images that are chosen from at most: of more, so many are drawn.
MOST_IMAGES = 50_000


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """An image to label.

    Attributes:
        image: What a table of labels calls it: its path below the data's folder, or its row.
        predicted: The class, or the cluster, that the model finds; "" without a y.
        confidence: Its probability; None without a y.
        why: The reason, for people.
    """

    image: str
    predicted: str
    confidence: float | None
    why: str


def suggest(
    folder: pathlib.Path | str,
    count: int = 50,
    method: str = "auto",
    output: pathlib.Path | str | None = None,
    **where: str,
) -> list[pathlib.Path]:
    """Write down the images of a trained run that should be labelled next.

    Args:
        folder: The run folder.
        count: How many images, at least 1.
        method: See `acquisition.choose`.
        output: The table, FILE.csv; `suggestions.csv` in the run folder if None.
        **where: `dataset`, `data_dir` or `labels`, if these lie elsewhere now.

    Returns:
        The table (image, predicted, confidence, why), and where images have a path the tasks for
        Label Studio beside it, with the suffix `.json`.

    Raises:
        DataError, RunError: If the run or its data cannot be used.
        UserError: If no image is left, the table holds labels, or the method asks for a y that the
            model does not have.
    """
    path = pathlib.Path(output or pathlib.Path(folder) / FILE)
    _keep_labels(path)
    path.parent.mkdir(parents=True, exist_ok=True)  # now, and not after minutes
    run, data, model = factory.load_trained(folder, **where)
    try:
        found = suggestions(model, data.split, count, method, run.config.seed)
    except ValueError as error:
        raise UserError(str(error)) from error
    write_csv(path, [dataclasses.asdict(suggestion) for suggestion in found])
    log.info("%s to label, of %s.", count_of(len(found), "image"), data.describe())
    if len(found) < count:
        log.warning("Not the %d asked for: no other can be asked about.", count)
    if not data.split.names_are_paths:
        log.info("Its images are rows, which Label Studio cannot show: there are no tasks for it.")
        return [path]
    beside = path.with_suffix(".json")
    write_atomically(beside, json.dumps(_tasks(found, model, run.revision), indent=1) + "\n")
    return [path, beside]


def suggestions(
    model: AdversarialModel, split: Split, count: int, method: str = "auto", seed: int = 0
) -> list[Suggestion]:
    """The images to label next, the first of them first.

    Args:
        model: A trained model.
        split: Who sees what of its data.
        count, method, seed: See `acquisition.choose`.

    Raises:
        UserError: If no image is left.
        ValueError: As of `acquisition.choose`.
    """
    rows, labelled = _pool(split, seed)
    code = encode_rows(model, split.images, rows)
    codes, y = code["z"], None
    if model.latent_y.is_encoded:
        # Before the softmax, which leaves nothing to tell sure images apart by; its free constant
        # is taken out. z is style: images of one class are far apart in it.
        codes = code["y_logits"] - code["y_logits"].mean(axis=1, keepdims=True)
        y = code["y"]
    names = _category_names(model, split)
    return [
        Suggestion(
            image=str(split.names[rows[question.row]]),
            predicted="" if y is None else names[y[question.row].argmax()],
            confidence=None if y is None else round(float(y[question.row].max()), 4),
            why=question.why,
        )
        for question in acquisition.choose(codes, labelled, count, y, method, seed)
    ]


def _pool(split, seed):
    """Rows to choose from and rows with a label, in one array; and which of them have one."""
    taught = split.labeled_rows
    rows = np.setdiff1d(split.unlabeled_rows, taught)
    known = split.labels[rows] >= 0
    if known.any() and not known.all():  # a label that is there need not be asked for
        taught, rows = np.concatenate([taught, rows[known]]), rows[~known]
    can_be_named = np.array([tables.can_name(str(name)) for name in split.names[rows]], bool)
    if not can_be_named.all():
        log.warning(
            "Left out %s, whose names no table can hold: with spaces around them, or line breaks "
            "in them.",
            count_of(np.count_nonzero(~can_be_named), "image"),
        )
    rows = rows[can_be_named]
    if not len(rows):
        raise UserError("Every training image that can be named has a label: none is left to ask.")
    if len(rows) > MOST_IMAGES:
        log.info("%d of the %d images without a label are looked at.", MOST_IMAGES, len(rows))
        rows = np.random.default_rng(seed).permutation(rows)[:MOST_IMAGES]
    rows = np.sort(np.concatenate([rows, taught]))
    return rows, np.isin(rows, taught)


def _category_names(model, split):
    """What the categories of y are called; a cluster has a number and no class."""
    if model.latent_y != LatentY.CLUSTER:
        return split.class_names
    return scoring.cluster_names(split.class_names, np.full(model.categories, -1))


def _tasks(found, model, revision) -> list[dict[str, Any]]:
    """What Label Studio imports; a cluster is no choice of its, so it is left out."""
    if model.latent_y != LatentY.CLASS:
        return [label_studio.task(suggestion.image) for suggestion in found]
    return [
        label_studio.task(one.image, one.predicted, one.confidence or 0.0, revision)
        for one in found
    ]


def _keep_labels(path):
    """Refuse to write over what is not suggestions alone: a table filled in, annotated tasks."""
    suggested = [field.name for field in dataclasses.fields(Suggestion)]
    for file, holds_more in ((path, _has_others), (path.with_suffix(".json"), _is_annotated)):
        try:
            others = holds_more(file, suggested)
        except FileNotFoundError:
            continue
        except (ValueError, AttributeError, csv.Error):  # somebody's own
            others = True
        if others:
            raise UserError(
                f"{file} holds more than suggestions, answers perhaps. Move it away, or write the "
                "next suggestions to another file, with --output=FILE.csv"
            )


def _has_others(path, suggested):
    """Whether a table has other columns than those of suggestions; an empty one has not."""
    with open(path, newline="", encoding="utf-8") as file:
        return next(csv.reader(file), suggested) != suggested


def _is_annotated(path, suggested):
    """Whether somebody has annotated a task of Label Studio."""
    return any(task.get("annotations") for task in json.loads(path.read_text("utf-8")))
