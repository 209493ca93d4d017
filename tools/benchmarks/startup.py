"""From the command to help, to the first training step and to the scores of a run; peak memory."""

import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

from .. import cli
from .measure import LOAD_TENSORFLOW, Row, in_turn
from .serving import trained

TOOLS = (
    "train", "evaluate", "visualize", "export", "predict", "prepare_data", "demo", "benchmark",
    "reproduce", "tune",
)  # fmt: skip
NUM_IMAGES, NUM_TEST = 60_000, 10_000
# What `tools.train` does, until its first steps have been taken.
FIRST_STEP = f"""{LOAD_TENSORFLOW}
import sys, time
import keras
from aae_keras.experiment.configuration import config
from aae_keras.experiment.building import hardware
from aae_keras.experiment.learning import training

class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt

read = config.Config.from_yaml(open(sys.argv[1]).read())
try:
    training.train(read, sys.argv[2], callbacks=[Stop()], verbose=0)
except KeyboardInterrupt:
    print(time.time(), hardware.peak_memory())
"""
EVALUATE = f"""{LOAD_TENSORFLOW}
import sys, time
from aae_keras.experiment.building import factory
from aae_keras.experiment.scores import scoring
from aae_keras.experiment.scores.outputs import apply_model
run, data, model = factory.load_trained(sys.argv[1])
start = time.perf_counter()
outputs = apply_model(model, data.split.test_images, data.split.test_labels)
scoring.scores(model, outputs, outputs)
print(time.perf_counter() - start)
"""


def rows():
    """The `start/` and `memory/` rows."""
    slowest = max(in_turn({name: _help(name) for name in TOOLS}).items(), key=lambda item: item[1])
    yield Row("start/help", slowest[1], f"s ({slowest[0]}, the slowest)")
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as scratch:
        folder = pathlib.Path(scratch)
        run = trained(folder, NUM_IMAGES, NUM_TEST)
        firsts = [_first_step(run.folder / "config.yaml", folder / f"run-{n}") for n in range(3)]
        yield Row("start/first-step", float(np.median([s for s, _ in firsts])), "s")
        yield Row("memory/train-mnist-100", max(peak for _, peak in firsts) / 1e9, "GB")
        seconds = [float(_output(EVALUATE, run.folder)) for _ in range(3)]
        yield Row("start/evaluate-10000", float(np.median(seconds)), "s after start-up")


def _help(tool):
    command = [sys.executable, "-m", f"{cli.__package__}.{tool}", "--help"]
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _first_step(config, folder):
    start = time.time()
    at, peak = _output(FIRST_STEP, config, folder).split()
    return float(at) - start, int(peak)


def _output(script, *arguments):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
