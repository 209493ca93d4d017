"""Applying a trained model to arrays of images, and the scores of a run."""

import csv
import json

import numpy as np
import tensorflow as tf

from aae_keras import factory, metrics, runs
from aae_keras.errors import first_line
from aae_keras.images import to_unit_range
from aae_keras.losses import half_squared_error

BATCH = 1000


def encode(model, images):
    """Codes of images, in batches and without the overhead of `predict`.

    Args:
        model: A model of this project.
        images: Array, uint8 or float in [0, 1], shape (n, height, width, channels).

    Returns:
        Dict of float32 arrays `y_logits`, `y` and `z`, one row per image.
    """
    return apply(lambda batch: model.encode(to_unit_range(batch)), images)


def decode(model, y, z):
    """Images in [0, 1] that the decoder draws of codes, shape (n, height, width, channels)."""
    code = {"y": np.asarray(y, "float32"), "z": np.asarray(z, "float32")}
    return apply(lambda batch: {"image": tf.sigmoid(model.decode(batch))}, code)["image"]


def apply(function, inputs):
    """Concatenated results of a function of tensors, called on batches of arrays.

    Eager: with a thousand rows in a batch there is no overhead left to compile away.

    Args:
        function: From a structure of tensors to a dict of tensors, all with a batch dimension.
        inputs: The same structure of arrays.

    Returns:
        Dict of arrays.
    """
    results = []
    for start in range(0, len(tf.nest.flatten(inputs)[0]), BATCH):
        rows = slice(start, start + BATCH)
        batch = tf.nest.map_structure(lambda array, rows=rows: tf.constant(array[rows]), inputs)
        results.append({name: value.numpy() for name, value in function(batch).items()})
    return {name: np.concatenate([result[name] for result in results]) for name in results[0]}


def scores(model, images, labels):
    """The scores that fit a model and a set of images.

    Args:
        model: A model of this project.
        images: uint8 array, shape (n, height, width, channels).
        labels: Class indices, shape (n,); rows with -1 count for reconstruction alone.

    Returns:
        Dict of floats: `error_rate`, `ece`, `brier` where there are labels; for a model with a
        decoder `reconstruction_error`, half the squared error summed over an image's pixels.
    """
    if not len(images):
        return {}

    def examine(batch):
        images = to_unit_range(batch)
        code = model.encode(images)
        if not hasattr(model, "decoder"):
            return {"y": code["y"]}
        return {"y": code["y"], "error": half_squared_error(images, model.decode(code))}

    found, seen = {}, apply(examine, images)
    labelled = labels >= 0
    if labelled.any():
        y, labels = seen["y"][labelled], labels[labelled]
        found["error_rate"] = metrics.error_rate(labels, y)
        found["ece"] = metrics.expected_calibration_error(labels, y)
        found["brier"] = metrics.brier_score(labels, y)
    if "error" in seen:
        found["reconstruction_error"] = float(seen["error"].mean(dtype="float64"))
    return found


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
    result = {
        "validation": scores(model, split.images[rows], split.labels[rows]),
        "test": scores(model, split.test_images, split.test_labels),
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
    runs.write_atomically(run.metrics_file, json.dumps(result, indent=2) + "\n")
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
