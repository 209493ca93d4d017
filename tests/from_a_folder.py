"""From a folder of images without labels to a classifier that is served, by the manual's commands.

    python -m tests.from_a_folder MNIST

MNIST holds the original files: 2000 training images become PNG files. The page of `tools.label` is
answered in Chromium, by a program that knows the digits and presses the keys that a person would.
The export is asked, through a look-alike of the server, about 1000 images of other people. Prints
the seconds of each command, the answers, and how many of the 1000 are wrong. The exit code is 1 if
a command failed. Needs what `npm ci` installs in aae_keras/report/page.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from tests.servers import rest
from tests.servers.graph_mode import ServedModel
from tests.whole_way import read_mnist, write_png

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORACLE = ROOT / "tests/labelling/page/oracle.mjs"
DATA = "my_pictures"
PEOPLE, OTHERS = 2000, 1000


def write_images(folder, images):
    """PNG files, named by their number."""
    for number, pixels in enumerate(images):
        write_png(folder / f"{number:04d}.png", pixels)


class Desk:
    """Where a person sits: a folder, a shell in it, and a browser."""

    def __init__(self, folder, answers):
        self.folder, self.answers, self.seconds = folder, folder / "answers.json", 0.0
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.answers.write_text(json.dumps(answers))

    def run(self, name, *flags):
        """Type a command and wait for its end; what it prints to stdout."""
        start = time.monotonic()
        command = [sys.executable, "-m", f"tools.{name}", *flags]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stderr}")
        taken = time.monotonic() - start
        self.seconds += taken
        shown = [flag for flag in flags if flag.startswith("--")]
        print(f"{taken:6.0f} s  {name} {' '.join(shown)}", flush=True)
        return done.stdout

    def label(self, *flags):
        """Open the page, answer all that it asks, press Ctrl-C; how many answers that were."""
        command = [sys.executable, "-m", "tools.label", *flags]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        ) as page:
            url = page.stdout.readline().strip()
            there = {**os.environ, "AAE_PAGE": url, "AAE_ANSWERS": str(self.answers)}
            try:
                said = subprocess.run(
                    ["node", ORACLE], env=there, check=True, capture_output=True, text=True
                ).stdout
            finally:
                page.send_signal(signal.SIGINT)
        print(f"{int(said):6} answers  label {' '.join(flags)}", flush=True)
        return int(said)


def main():
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.from_a_folder")
    parser.add_argument("mnist", type=pathlib.Path)
    flags = parser.parse_args()
    images, labels = read_mnist(flags.mnist, "train")
    others, others_labels = read_mnist(flags.mnist, "t10k")
    truth = {f"{number:04d}.png": str(label) for number, label in enumerate(labels[:PEOPLE])}
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        write_images(folder / DATA, images[:PEOPLE])
        write_images(folder / "more_pictures", others[:OTHERS])
        desk = Desk(folder, truth)
        answers = classifier(desk)
        wrong = sum(
            label != str(true)
            for label, true in zip(asked(desk), others_labels[:OTHERS], strict=True)
        )
    minutes = desk.seconds / 60
    print(f"{answers} answers, {minutes:.1f} minutes of commands, {wrong / OTHERS:.1%} wrong")


def classifier(desk):
    """The commands of "From no labels to a classifier" in BUILD.md; the number of answers."""
    desk.run("suggest", f"--dataset={DATA}", "--count=30")
    answers = desk.label(f"--run_dir=runs/{DATA}-clustering-seed0")
    desk.run("train", f"--dataset={DATA}", "--labels=labels.csv")
    desk.run("suggest", f"--run_dir=runs/{DATA}-seed0", "--count=20")
    answers += desk.label(f"--run_dir=runs/{DATA}-seed0")
    last = f"--run_dir=runs/{DATA}-seed0-labelled"
    desk.run("train", f"--dataset={DATA}", "--labels=labels-2.csv", last)
    for name in ("evaluate", "report", "export"):
        desk.run(name, last)
    return answers


def asked(desk):
    """The classes that a server of the export gives to the other images, by name of the file."""
    exports = (desk.folder / "saved_models" / DATA).iterdir()
    (version,) = (path for path in exports if path.name.isdigit())
    models = {DATA: {int(version.name): ServedModel(version)}}
    files = sorted(str(path) for path in (desk.folder / "more_pictures").iterdir())
    with rest.serving(models) as url:
        lines = desk.run("predict", f"--server={url}", f"--name={DATA}", *files).splitlines()
    return [json.loads(line)["class_name"] for line in lines]


if __name__ == "__main__":
    main()
