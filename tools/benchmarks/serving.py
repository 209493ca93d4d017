"""What an export takes to answer: SavedModel and LiteRT, one image and many."""

import functools
import os
import pathlib
import tempfile

import numpy as np

from aae_keras.deployment import contract, export, prediction
from aae_keras.experiment.configuration.presets import preset
from aae_keras.experiment.learning import training

from .measure import Row, latencies

BATCHES = (1, 64)


def rows():
    """The `serve/` rows."""
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as folder:
        run = trained(pathlib.Path(folder), num_images=2000, num_test=100)
        version = export.export_run(run.folder, root=pathlib.Path(folder, "exports"))
        predictors = {
            "saved_model": prediction.SavedModelPredictor(version),
            "litert-1-thread": prediction.LiteRTPredictor(version / contract.LITERT_FILE, 1),
            "litert-all-threads": prediction.LiteRTPredictor(
                version / contract.LITERT_FILE, os.cpu_count()
            ),
        }
        for batch in BATCHES:
            images = np.random.default_rng(0).random((batch, 28, 28, 1), dtype=np.float32)
            for name, predictor in predictors.items():
                taken = latencies(functools.partial(predictor.predict, images))
                for rank, seconds in taken.items():
                    yield Row(f"serve/{name}-batch-{batch}-{rank}", 1e3 * seconds, "ms")
        for name, path in (("saved_model", version), ("litert", version / "litert")):
            parts = ("*.pb", "variables/*", "*.tflite")
            size = sum(file.stat().st_size for part in parts for file in path.glob(part))
            yield Row(f"serve/{name}-size", size / 1e6, "MB")


def trained(folder, num_images, num_test):
    """A `mnist-100` run of one epoch on random images."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (num_images + num_test, 28, 28), dtype=np.uint8)
    labels = np.arange(len(images)) % 10
    path = folder / "random.npz"
    np.savez(
        path,
        x_train=images[:num_images],
        y_train=labels[:num_images],
        x_test=images[num_images:],
        y_test=labels[num_images:],
    )
    return training.train(
        preset("mnist-100", dataset=str(path), epochs=1), folder / "run", verbose=0
    )
