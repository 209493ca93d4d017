"""Folders of different nature through the manual's commands, from training to a prediction.

    python -m tests.whole_way PHOTOS MNIST

PHOTOS holds class folders; MNIST the original `t10k-*.gz`, of which PNG files are made. A third
folder is made of every kind of file in `tests.data.kinds`, with damage and junk between them. The
table says what each command left; *equal* are the files that the serving graph and the file reader
decode to the same pixels, *as_png* those that the graph refuses, by contract, and decodes so once
`predict --server` has sent them again as plain PNG files. The exit code is 1 if a command failed or
a pixel differs.
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

from tests.data import kinds
from tools import cli

COLUMNS = ("error", "report_kB", "answers", "unread", "equal", "as_png", "different")


def read_mnist(source, part):
    """Images and labels, uint8, of MNIST's original files: part "train" or "t10k"."""
    images, labels = (
        np.frombuffer(gzip.open(source / f"{part}-{name}.gz").read(), "uint8")[start:]
        for name, start in (("images-idx3-ubyte", 16), ("labels-idx1-ubyte", 8))
    )
    return images.reshape(-1, 28, 28), labels


def write_png(path, pixels):
    """One image, grey or colour, as a PNG file, in a folder that is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_mnist(source, folder, count=2000):
    """PNG files in class folders, of the first images of MNIST's test part."""
    images, labels = read_mnist(source, "t10k")
    for number in range(count):
        write_png(folder / str(labels[number]) / f"{number}.png", images[number])


def write_mixed(folder, copies=2):
    """Two classes of files of every kind, and what lies about in such folders."""
    for number in range(copies):
        for rank, (name, make) in enumerate((kinds.READABLE | kinds.DAMAGED).items()):
            place = folder / ("odd" if rank % 2 else "even") / f"{name}-{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(make())
    (folder / "odd" / "Thumbs.db").write_bytes(b"junk")
    (folder / "even" / ".ipynb_checkpoints").mkdir()
    (folder / "even" / ".ipynb_checkpoints" / "copy.png").write_bytes(kinds.colour_png())


def tool(name, *flags, may_fail=False):
    """Run a command; what it prints to stdout."""
    command = [sys.executable, "-m", f"tools.{name}", *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and not may_fail:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def whole_way(images, work, *flags):
    """A dict by column of what the commands made of a folder."""
    run, root, output = work / "run", work / "saved_models", work / "labels.jsonl"
    failed = work / "labels.failed.jsonl"
    at_run = f"--run_dir={run}"
    short = ("--epochs=2", "--least_steps=0", "--pretrain=")
    tool("train", f"--dataset={images}", at_run, *short, *flags)
    tool("evaluate", at_run)
    tool("report", at_run)
    tool("export", at_run, f"--root={root}", "--name=way", "--formats=saved_model")
    model, files = f"--model={root / 'way'}", f"--images={images}"
    tool("predict", model, files, f"--output={output}", may_fail=True)  # it names what is unread
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    readable = [answer["image"] for answer in answers if "label" in answer]
    (version,) = (path for path in (root / "way").iterdir() if path.name.isdigit())
    scores = json.loads((run / "metrics.json").read_text())["test"]
    return {
        "answers": len(readable),
        "unread": len(failed.read_text().splitlines()) if failed.exists() else 0,
        "error": f"{scores['error_rate']:.1%}",
        "report_kB": (run / "report.html").stat().st_size // 1000,
        **compared(version, map(pathlib.Path, readable)),
    }


def compared(version, files):
    """How many files the serving graph and the reader decode to equal pixels."""
    tf, _ = cli.load_tensorflow()
    from aae_keras.deployment.export.image_bytes import decode_images
    from aae_keras.deployment.prediction import open_predictor
    from aae_keras.images import plain_png, read_image

    predictor = open_predictor(version)
    shape, reading = predictor.image_shape, predictor.reading

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def decode(content):
        return decode_images(content, shape, reading)

    counts = dict.fromkeys(("equal", "as_png", "different"), 0)
    for file in files:
        try:
            way, served = "equal", decode([file.read_bytes()])[0]
        except tf.errors.InvalidArgumentError:  # `predict --server` sends it again like this
            way, served = "as_png", decode([plain_png(file)])[0]
        read = read_image(file, shape[2], shape[:2], reading)
        counts[way if np.array_equal(served, read) else "different"] += 1
    return counts


def main():
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.whole_way")
    parser.add_argument("photos", type=pathlib.Path, help="class folders of images")
    parser.add_argument("mnist", type=pathlib.Path, help="folder of t10k-*.gz")
    given = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        made = pathlib.Path(name)
        write_mnist(given.mnist, made / "mnist")
        write_mixed(made / "mixed")
        print(f"{'':8}", *(f"{column:>9}" for column in COLUMNS), flush=True)
        for kind, images, flags in (
            ("mixed", made / "mixed", ("--image_size=32,32", "--skip_unreadable")),
            ("mnist", made / "mnist", ("--num_labeled=100",)),
            ("photos", given.photos, ("--num_labeled=1000",)),
        ):
            row = whole_way(images, made / f"way-{kind}", *flags)
            print(f"{kind:8}", *(f"{row[column]:>9}" for column in COLUMNS), flush=True)
            failed |= row["different"] > 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
