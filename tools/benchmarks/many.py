"""Many small files: `predict --images` against a plain loop over them, and the memory of both."""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

from aae_keras.deployment import contract, export

from .measure import Row
from .serving import trained

NUM_IMAGES = 100_000
IN_A_FOLDER = 1000
# Processes of their own, so that each peak is its own; the clock runs once the model is open.
START = """
import json, pathlib, sys, time
from aae_keras.deployment import prediction
from aae_keras.deployment.prediction import bulk
from aae_keras.experiment import hardware
model, images, output = sys.argv[1:]
predictor = prediction.open_predictor(model)
start = time.perf_counter()
"""
WAYS = {
    "loop": """
with open(output, "w") as file:
    for row in prediction.predict_files(predictor, sorted(pathlib.Path(images).rglob("*.png"))):
        file.write(json.dumps(row) + "\\n")
""",
    "predict": "for _ in bulk.predict_all(predictor, images, output): pass\n",
}
END = "print(time.perf_counter() - start, hardware.peak_memory())"


def rows():
    """The `bulk/` rows: with a LiteRT file, from the listing to the finished file."""
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as scratch:
        folder = pathlib.Path(scratch)
        run = trained(folder, num_images=2000, num_test=100)
        version = export.export_run(run.folder, root=folder / "exports")
        make_images(folder / "images", NUM_IMAGES)
        seconds = {}
        for name, way in WAYS.items():
            arguments = [
                version / contract.LITERT_FILE,
                folder / "images",
                folder / f"{name}.jsonl",
            ]
            command = [sys.executable, "-c", START + way + END, *map(str, arguments)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            taken, peak = done.stdout.split()
            seconds[name] = float(taken)
            yield Row(f"bulk/{name}", NUM_IMAGES / seconds[name], "images/s")
            yield Row(f"bulk/{name}-peak", int(peak) / 1e9, "GB")
        yield Row("bulk/share", seconds["loop"] / seconds["predict"], "of images/s in a loop")


def make_images(folder, count):
    """Write so many PNG files of 28 by 28 pixels of noise, about 1 kB each."""
    random = np.random.default_rng(0)
    for number in range(count):
        file = folder / f"{number // IN_A_FOLDER:04d}" / f"{number % IN_A_FOLDER:03d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (28, 28), dtype="uint8")).save(file)
