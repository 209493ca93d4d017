"""Results of runs that nobody trained, and run folders that say the same."""

import dataclasses
import json
import zipfile

from aae_keras.experiment.reproduction.results import Result
from aae_keras.experiment.run_folder import runs
from aae_keras.experiment.run_folder.records import Record

RECORD = Record(("abc1234",), "python -m tools.train", "a machine", 60.0)


def of_errors(*errors, minutes=1.0):
    """Results of seeds 0, 1, ..."""
    record = dataclasses.replace(RECORD, seconds=60 * minutes)
    scores = [{"error_rate": error, "generated_accuracy": 1 - error} for error in errors]
    return tuple(Result(seed, score, 5, record) for seed, score in enumerate(scores))


def make_run(folder, config, error=0.02, record=RECORD, *, trained=True, scored=True):
    """A run folder as `train` and `evaluate` leave it, but for the model in it."""
    folder.mkdir(parents=True)
    run = runs.write_config(runs.Run(folder, config, "20260101T000000Z-00000000", "f"))
    run.history_file.write_text("epoch,seconds\n1,3.0\n2,3.0\n")
    if trained:
        with zipfile.ZipFile(run.model_file, "w"):
            pass
    if scored:
        scores = {"test": {"error_rate": error}, "minutes": 0.1}
        run.metrics_file.write_text(json.dumps(scores))
    if record:
        record.write(folder)
    return run
