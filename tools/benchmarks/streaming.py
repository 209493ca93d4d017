"""Images on disk against images in memory: speed, and what a million of them take."""

import contextlib
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from aae_keras.experiment.configuration.presets import preset

from .measure import LOAD_TENSORFLOW, Row, in_turn
from .training import STEPS, trained_steps

SIDE = 28
SMALL, LARGE = 60_000, 1_000_000
# A process of its own, so that its peak is its own.
EPOCH = f"""{LOAD_TENSORFLOW}
import sys
from aae_keras.experiment.building import hardware
from aae_keras.experiment.configuration import presets
from aae_keras.experiment.learning import training
config = presets.preset(
    "mnist-100", dataset=sys.argv[1], data_dir=sys.argv[2], streaming=sys.argv[3], epochs=1
)
run = training.train(config, sys.argv[4], verbose=0)
from aae_keras.experiment.run_folder import outcomes
print(outcomes.read_history(run)[0]["seconds"], hardware.peak_memory())
"""


def rows():
    """The `stream/` rows."""
    from aae_keras.experiment.building import factory

    with tempfile.TemporaryDirectory(prefix="aae-keras-") as folder:
        make_set("small", SMALL, folder)
        steps = {}
        for name, streaming in (("memory", "no"), ("disk", "yes")):
            config = preset("mnist-100", dataset="small", data_dir=folder, streaming=streaming)
            data = factory.load_data(config)
            steps[name] = trained_steps(config, data)
        seconds = in_turn(steps, rounds=9)
        for name in steps:
            yield Row(f"stream/{name}", 100 * STEPS / seconds[name], "images/s")
        yield Row("stream/share", seconds["memory"] / seconds["disk"], "of images/s in memory")


def large_rows():
    """The `million/` rows: one epoch, and the most memory its process held."""
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as folder:
        make_set("large", LARGE, folder)
        for name, streaming in (("memory", "no"), ("disk", "yes")):
            arguments = ["large", folder, streaming, str(pathlib.Path(folder, name))]
            command = [sys.executable, "-c", EPOCH, *arguments]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            seconds, peak = output.split()[-2:]
            yield Row(f"million/{name}-epoch", float(seconds), "s")
            yield Row(f"million/{name}-peak", int(peak) / 1e9, "GB")


def make_set(name, num_images, folder):
    """Prepare a tensorflow-datasets set of generated digits: blots that differ by class."""
    import tensorflow_datasets as tfds

    class Generated(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        """Blots."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            image = tfds.features.Image(shape=(SIDE, SIDE, 1))
            features = {"image": image, "label": tfds.features.ClassLabel(num_classes=10)}
            return tfds.core.DatasetInfo(
                builder=self,
                description="Generated blots.",
                features=tfds.features.FeaturesDict(features),
                supervised_keys=("image", "label"),
            )

        def _split_generators(self, manager):
            return {
                "train": self._generate_examples(num_images, 0),
                "test": self._generate_examples(1000, 1),
            }

        def _generate_examples(self, count, seed):
            random = np.random.default_rng(seed)
            grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1)
            angle = 2 * np.pi * np.arange(10) / 10
            centres = SIDE / 2 + 8 * np.stack([np.cos(angle), np.sin(angle)], -1)
            shapes = [np.exp(-((grid - centre) ** 2).sum(-1) / 30) for centre in centres]
            for number in range(count):
                label = number % 10
                noise = random.integers(0, 30, (SIDE, SIDE))
                image = (220 * np.roll(shapes[label], random.integers(-3, 4, 2), (0, 1))) + noise
                yield number, {"image": image.astype("uint8")[..., None], "label": label}

    Generated.name = name
    tfds.disable_progress_bar()
    with contextlib.redirect_stdout(sys.stderr):
        Generated(data_dir=folder).download_and_prepare()
