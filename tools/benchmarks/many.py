"""Many small files: `predict --images` against a plain loop and a pipeline; the memory of each."""

import importlib.util
import pathlib
import subprocess
import sys
import tempfile

from aae_keras.deployment import contract, export

from .measure import Row
from .serving import trained
from .small_files import make_images

NUM_IMAGES = 100_000
# Processes of their own, so that each peak is its own; the clock runs once the model is open.
START = """
import json, pathlib, sys, time
from aae_keras.deployment import prediction
from aae_keras.deployment.prediction import bulk
from aae_keras.experiment.building import hardware
model, images, output = sys.argv[1:]
predictor = prediction.open_predictor(model)
"""
CLOCK = "start = time.perf_counter()\n"
WAYS = {
    "loop": """
with open(output, "w") as file:
    for row in prediction.predict_files(predictor, sorted(pathlib.Path(images).rglob("*.png"))):
        file.write(json.dumps(row) + "\\n")
""",
    "predict": "for _ in bulk.predict_all(predictor, images, output): pass\n",
}
# With the extra `beam`: one process, which looks for nothing to download.
IMPORTS = """
from apache_beam.options.pipeline_options import PipelineOptions
from aae_keras.deployment.prediction import beam
options = PipelineOptions(runner="FnApiRunner")
"""
BEAM = "beam.predict_all(model, images, output, options)\n"
END = "print(time.perf_counter() - start, hardware.peak_memory())"


def rows():
    """The `bulk/` rows: with a LiteRT file, from the listing to the finished file."""
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as scratch:
        folder = pathlib.Path(scratch)
        run = trained(folder, num_images=2000, num_test=100)
        version = export.export_run(run.folder, root=folder / "exports")
        yield from rows_of(version / contract.LITERT_FILE, folder)


def rows_of(model, folder):
    """The rows with a LiteRT file that is there, and images in a folder that may be filled."""
    make_images(folder / "images", NUM_IMAGES)
    scripts = {name: START + CLOCK + way for name, way in WAYS.items()}
    if importlib.util.find_spec("apache_beam"):
        scripts["beam"] = START + IMPORTS + CLOCK + BEAM
    seconds = {}
    for name, script in scripts.items():
        arguments = [model, folder / "images", folder / f"{name}.jsonl"]
        command = [sys.executable, "-c", script + END, *map(str, arguments)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        taken, peak = done.stdout.split()
        seconds[name] = float(taken)
        yield Row(f"bulk/{name}", NUM_IMAGES / seconds[name], "images/s")
        yield Row(f"bulk/{name}-peak", int(peak) / 1e9, "GB")
    yield Row("bulk/share", seconds["loop"] / seconds["predict"], "of images/s in a loop")
