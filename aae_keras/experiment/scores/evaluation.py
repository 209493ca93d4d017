"""The scores of a run."""

import logging
import pathlib
from typing import Any

import numpy as np

from aae_keras.experiment.building import factory
from aae_keras.experiment.run_folder import runs, seals
from aae_keras.experiment.run_folder.outcomes import read_history
from aae_keras.experiment.scores import baselines
from aae_keras.experiment.scores.outputs import apply_model
from aae_keras.experiment.scores.scoring import generated_accuracy, scores
from aae_keras.files import write_atomically

log = logging.getLogger(__name__)


def evaluate_run(
    folder: str | pathlib.Path, *, with_baselines: bool = False, **where: str
) -> dict[str, Any]:
    """Score a trained run on validation and test, and write its `metrics.json`.

    Exports state the error of their files on the test set too; nothing is chosen by either.

    Args:
        folder: The run folder.
        with_baselines: Whether to score scikit-learn's classifiers on the same split, too.
        **where: `dataset`, `data_dir` or `labels`, if these lie elsewhere now.

    Returns:
        What was written: a dict with the scores of `validation` and `test`, `revision`, `seed`,
        `data` and `minutes`, and those of `baselines` if asked for.

    Raises:
        DataError, RunError: If the run or its data cannot be used.
    """
    run, data, model = factory.load_trained(folder, **where)
    minutes = round(sum(row["seconds"] for row in read_history(run)) / 60, 3)
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
            "test_labeled": int(np.count_nonzero(split.test_labels >= 0)),
        },
        "minutes": minutes,
    }
    if with_baselines:
        result["baselines"] = baselines.scores(split)
        if not result["baselines"]:
            log.warning("There are no baselines: they need labels to learn from and to score by.")
    runs.check_still_there(run)
    write_atomically(run.metrics_file, seals.seal(result, indent=2) + "\n")
    return result
