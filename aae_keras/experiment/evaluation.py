"""The scores of a run, and its history."""

import csv
import json
import logging
import pathlib
from typing import Any

from aae_keras.errors import first_line
from aae_keras.experiment import baselines, factory, runs
from aae_keras.experiment.scoring import apply_model, generated_accuracy, scores
from aae_keras.files import write_atomically

log = logging.getLogger(__name__)


def evaluate_run(
    folder: str | pathlib.Path, *, with_baselines: bool = False, **where: str
) -> dict[str, Any]:
    """Score a trained run on validation and test, and write its `metrics.json`.

    This is the one place that scores the test set.

    Args:
        folder: The run folder.
        with_baselines: Whether to score scikit-learn's classifiers on the same split, too.
        **where: `dataset` or `data_dir`, if the data lies elsewhere now.

    Returns:
        What was written: a dict with the scores of `validation` and `test`, `revision`, `seed`,
        `data` and `minutes`, and those of `baselines` if asked for.

    Raises:
        DataError, RunError: If the run or its data cannot be used.
    """
    run, data, model = factory.load_trained(folder, **where)
    split = data.split
    rows = split.validation_rows
    validation = apply_model(model, split.images[rows], split.labels[rows])
    test = apply_model(model, split.test_images, split.test_labels)
    if validation is None:
        log.warning("There are no validation images: scores that are fitted on them are left out.")
    generated = generated_accuracy(model, split, validation)
    result = {
        "validation": scores(model, validation, validation) | generated,
        "test": scores(model, test, validation) | generated,
        "revision": run.revision,
        "seed": run.config.seed,
        "data": {
            "dataset": run.config.dataset,
            "fingerprint": run.fingerprint,
            "labeled": len(split.labeled_rows),
            "unlabeled": len(split.unlabeled_rows),
            "validation": len(split.validation_rows),
            "test": len(split.test_images),
        },
        "minutes": round(sum(row["seconds"] for row in read_history(run)) / 60, 3),
    }
    if with_baselines:
        result["baselines"] = baselines.scores(split)
        if not result["baselines"]:
            log.warning("There are no baselines: they need labels to learn from and to score by.")
    write_atomically(run.metrics_file, json.dumps(result, indent=2) + "\n")
    return result


def read_history(run: runs.Run) -> list[dict[str, float]]:
    """Read the history of a run.

    Args:
        run: The `Run`.

    Returns:
        The rows of its `history.csv`, one dict of floats per epoch, without the empty cells.

    Raises:
        RunError: If the file is missing or damaged.
    """
    try:
        with open(run.history_file, newline="") as file:
            return [
                {name: float(cell) for name, cell in row.items() if cell}
                for row in csv.DictReader(file)
            ]
    except FileNotFoundError as error:
        raise runs.RunError(f"{run.folder} has no history.csv.") from error
    except ValueError as error:
        raise runs.RunError(f"{run.history_file} is damaged: {first_line(error)}") from error
