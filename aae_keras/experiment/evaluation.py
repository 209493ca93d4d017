"""The scores of a run, and its history."""

import csv
import json
import logging

from aae_keras.errors import first_line
from aae_keras.experiment import factory, runs
from aae_keras.experiment.scoring import generated_accuracy, scores, see
from aae_keras.files import write_atomically
from aae_keras.models import LatentY

log = logging.getLogger(__name__)


def evaluate_run(folder, **where):
    """Score a trained run on validation and test, and write its `metrics.json`.

    This is the one place that scores the test set.

    Args:
        folder: The run folder.
        **where: See `factory.load_trained`.

    Returns:
        What was written, a dict.

    Raises:
        DataError, RunError: If the run or its data cannot be used.
    """
    run, data, model = factory.load_trained(folder, **where)
    split = data.split
    rows = split.validation_rows
    validation = see(model, split.images[rows], split.labels[rows])
    test = see(model, split.test_images, split.test_labels)
    if validation is None:
        log.warning("There are no validation images: scores that are fitted on them are left out.")
    drawn = generated_accuracy(model, split) if model.latent_y == LatentY.GIVEN else {}
    result = {
        "validation": scores(model, validation, validation) | drawn,
        "test": scores(model, test, validation) | drawn,
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
    write_atomically(run.metrics_file, json.dumps(result, indent=2) + "\n")
    return result


def read_history(run):
    """The rows of a run's `history.csv` as dicts of floats, empty cells left out.

    Raises:
        RunError: If there is none.
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
