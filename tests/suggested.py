"""Labels that `suggest` asks for, against as many and twice as many drawn at random.

    python -m tests.suggested --run_dir=RUN --folder=FOLDER [--data_dir=DATA_DIR] [--count=50]

RUN was trained without labels, by `reproduce --rows=mnist-clusters-10-plus`, say, and is asked
which images to label. Its data are written to FOLDER as a person has them: PNG files without
labels, beside parts for validation and test. The labels that the data hold answer. Each side is
trained by `--preset` with the seed of RUN, and they differ in their labels alone. All start from
the weights of RUN, whose clusters the labels name; with `--anew` from new weights. Runs that stand
in FOLDER already are gone on with; another seed takes another folder.
"""

import argparse
import csv
import json
import pathlib

import numpy as np

from aae_keras.experiment.building import factory
from tests.whole_way import tool, write_png


def write_images(folder, split):
    """Write grey PNG files; the class of each training image, by its name in a table of labels."""
    held_out = split.validation_rows
    training = np.setdiff1d(np.arange(len(split.labels)), held_out)
    for part, images, labels in (
        ("val", split.images[held_out], split.labels[held_out]),
        ("test", split.test_images, split.test_labels),
    ):
        for number, (pixels, label) in enumerate(zip(images, labels, strict=True)):
            write_png(folder / part / split.class_names[label] / f"{number}.png", pixels[:, :, 0])
    for row in training:
        write_png(folder / name_of(row), split.images[row][:, :, 0])
    return {name_of(row): split.class_names[split.labels[row]] for row in training}


def name_of(row):
    """The image of a row of the training part, below the folder."""
    return f"unlabeled/{int(row):05d}.png"


def asked(run_dir, count, data_dir, output):
    """The images that `suggest` names."""
    if not output.exists():
        where = [f"--data_dir={data_dir}"] if data_dir else []
        tool("suggest", f"--run_dir={run_dir}", f"--count={count}", f"--output={output}", *where)
    with open(output, newline="") as file:
        return [name_of(row["image"]) for row in csv.DictReader(file)]


def error_of(run_dir, images, labels, *flags):
    """The test error of a run taught by `labels`, a dict of image and class."""
    table = run_dir.with_suffix(".csv")
    with open(table, "w", newline="") as file:
        csv.writer(file).writerows([("image", "label"), *sorted(labels.items())])
    data = (f"--dataset={images}", f"--labels={table}", "--num_labeled=0")
    scores, resume = run_dir / "metrics.json", ["--resume"] if run_dir.exists() else []
    if not scores.exists():
        tool("train", *data, f"--run_dir={run_dir}", *resume, *flags)
        tool("evaluate", f"--run_dir={run_dir}")
    return json.loads(scores.read_text())["test"]["error_rate"]


def main():
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.suggested")
    parser.add_argument("--run_dir", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--data_dir")
    parser.add_argument("--preset", default="mnist-20-plus")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--anew", action="store_true")
    flags = parser.parse_args()
    where = {"data_dir": flags.data_dir} if flags.data_dir else {}
    run, data, _ = factory.load_trained(flags.run_dir, **where)
    images, seed = flags.folder / "images", run.config.seed
    answers = write_images(images, data.split)
    order = np.random.default_rng(seed).permutation(sorted(answers)).tolist()
    suggested = asked(flags.run_dir, flags.count, flags.data_dir, flags.folder / "suggestions.csv")
    sides = {
        "suggested": suggested,
        "random": order[: flags.count],
        "random-twice": order[: 2 * flags.count],
    }
    begins = [] if flags.anew else [f"--resume_from={flags.run_dir}"]
    for side, names in sides.items():
        labels = {name: answers[name] for name in names}
        error = error_of(
            flags.folder / side,
            images,
            labels,
            f"--preset={flags.preset}",
            f"--seed={seed}",
            f"--labeled_batch_size={len(names)}",
            *begins,
        )
        classes = len(set(labels.values()))
        print(
            f"seed {seed}, {side}, {len(names)} labels of {classes} classes: {error:.2%} wrong",
            flush=True,
        )


if __name__ == "__main__":
    main()
