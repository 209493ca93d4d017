"""How far suggested labels go: the loop of suggest, label and train, where the labels are known."""

import csv
import pathlib
import shutil

from . import cli

TOOL = cli.Tool(
    "demo_labels",
    "Plays the loop of suggest, label and train on scikit-learn's digits, whose labels answer in a "
    "person's place: both sides begin with the same few labels drawn at random, and one goes on "
    "with those that suggest asks for. Prints both validation errors, and leaves a picture.",
)
TOOL.flag(tuple, "counts", ["10", "20", "30", "50"], "Numbers of labels, growing.")
TOOL.flag(str, "method", "auto", "What suggest goes by.")
TOOL.flag(float, "share", 0.5, "Of the epochs of the preset digits.")
TOOL.flag(int, "seed", 0, "Seed of the first labels, weights, order and noise.")
TOOL.flag(str, "folder", "runs/demo-labels", "For images, tables and runs; written anew.")

VALIDATION, TEST = 400, 100  # more than the preset has, to see a difference of a per cent
SIDES = {"suggested": None, "random": "random"}  # methods; None: that of the flag


@TOOL.main
def main(arguments):
    """See the module."""
    counts, config = _counts(), _config()
    cli.load_tensorflow()
    import numpy as np

    from aae_keras import plots

    folder = pathlib.Path(cli.FLAGS.folder) / f"seed{cli.FLAGS.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    answers = write_digits(folder / "digits", cli.FLAGS.seed)
    first = np.random.default_rng(cli.FLAGS.seed).permutation(sorted(answers))[: counts[0]]
    start = train(config, folder / f"both-{counts[0]}", {image: answers[image] for image in first})
    errors = {}
    for side, method in SIDES.items():
        run, labels, error = start
        errors[side] = [error]
        for count in counts[1:]:
            asked = ask(run, count - len(labels), method or cli.FLAGS.method)
            labels = labels | {image: answers[image] for image in asked}
            run, labels, error = train(config, folder / f"{side}-{count}", labels)
            errors[side].append(error)
    picture = folder / "labels.png"
    plots.label_curves(counts, errors).savefig(picture, dpi=150)
    print("labels" + "".join(f"{side:>12}" for side in errors))
    for count, *row in zip(counts, *errors.values(), strict=True):
        print(f"{count:6}" + "".join(f"{error:12.2%}" for error in row))
    print(f"errors on {VALIDATION} validation images; {picture}")


def write_digits(folder, seed):
    """The digits as a user has them: a folder of images without labels, and one to validate by.

    Returns:
        The class of each image without a label, by its path in the folder.
    """
    import numpy as np
    from PIL import Image

    from aae_keras.data import sources

    source = sources.read("digits")
    order = np.random.default_rng([seed, 1]).permutation(len(source.labels))
    answers = {}
    for place, row in enumerate(order.tolist()):
        name = source.class_names[source.labels[row]]
        part = "test" if place < TEST else "val" if place < TEST + VALIDATION else ""
        image = f"{part}/{name}/{row:04d}.png" if part else f"unlabeled/{row:04d}.png"
        if not part:
            answers[image] = name
        path = folder / image
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(source.images[row, :, :, 0]).save(path)
    return answers


def train(config, folder, labels):
    """Train with some labels: the run folder, the labels, the error on validation."""
    from aae_keras.experiment.configuration.changes import changed
    from aae_keras.experiment.learning import training
    from aae_keras.experiment.run_folder import outcomes

    table = folder.with_suffix(".csv")
    with open(table, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("image", "label"), *sorted(labels.items())])
    config = changed(config, dataset=str(folder.parent / "digits"), labels=str(table))
    run = training.train(config, folder, verbose=0)
    return run.folder, labels, outcomes.read_history(run)[-1]["val_error_rate"]


def ask(run_folder, count, method):
    """The images that `suggest` names."""
    from aae_keras.labelling import suggesting

    path, *_ = suggesting.suggest(run_folder, count, method)
    with open(path, encoding="utf-8", newline="") as file:
        return [row["image"] for row in csv.DictReader(file)]


def _counts():
    counts = cli.whole_numbers("counts", "10,20")
    if len(counts) < 2 or counts != sorted(set(counts)) or not 0 < counts[-1] <= 1000:
        raise cli.Usage(f"--counts must grow, to 1000 at most, such as 10,20. Received: {counts}")
    return counts


def _config():
    from aae_keras.experiment.configuration.changes import stretched
    from aae_keras.experiment.configuration.presets import preset
    from aae_keras.labelling.acquisition import METHODS

    if cli.FLAGS.method not in METHODS:
        raise cli.Usage(f"--method is one of {', '.join(METHODS)}.")
    if not 0 < cli.FLAGS.share <= 1:
        raise cli.Usage(f"--share must be above 0, at most 1. Received: {cli.FLAGS.share}")
    try:
        config = preset("digits", num_labeled=0, seed=cli.FLAGS.seed)
    except ValueError as error:
        raise cli.Usage(error) from error
    return stretched(config, cli.FLAGS.share)


if __name__ == "__main__":
    TOOL.run()
