"""Fixtures: small images, tiny networks, and the places data may lie."""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest

from aae_keras import training
from aae_keras.config import Config
from tests.tiny import IMAGE_SHAPE, NUM_CLASSES, tiny_model


@pytest.fixture(autouse=True)
def fixed_seed():
    keras.utils.set_random_seed(0)


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def images(random):
    """60 uint8 images of three classes, each with its own bright row: learnable in seconds."""
    pixels = random.integers(0, 60, (60, *IMAGE_SHAPE), dtype="uint8")
    for row, label in enumerate(np.arange(60) % NUM_CLASSES):
        pixels[row, 2 * label] += 180
    return pixels


@pytest.fixture
def labels():
    return np.arange(60) % NUM_CLASSES


@pytest.fixture
def model():
    """A compiled semi-supervised model, without XLA: tests trace small graphs once."""
    model = tiny_model()
    model.compile(jit_compile=False)
    return model


@pytest.fixture
def element(images, labels):
    """A training element: 40 unlabelled and 20 labelled images."""
    return {"unlabeled": images[:40], "labeled": images[40:]}, labels[40:]


@pytest.fixture
def npz(tmp_path, images, labels):
    """An .npz with every third label withheld and a test part."""
    known = np.where(np.arange(60) % 4 == 0, -1, labels)
    path = tmp_path / "own.npz"
    np.savez(path, x_train=images, y_train=known, x_test=images[::-1], y_test=labels[::-1])
    return path


@pytest.fixture
def mnist_dir():
    """Folder of a prepared MNIST; the test is skipped where there is none."""
    folder = pathlib.Path(os.environ.get("AAE_DATA_DIR", "../shared/data/tfds"))
    if not (folder / "mnist").is_dir():
        pytest.skip("no prepared MNIST: set AAE_DATA_DIR to a tensorflow-datasets folder")
    return str(folder)


@pytest.fixture
def small(npz):
    """A configuration that trains in a second."""
    return Config(
        dataset=str(npz),
        num_labeled=12,
        validation_size=6,
        hidden_units=(16, 16),
        latent_dim=2,
        weight_stddev=0.2,
        batch_size=10,
        labeled_batch_size=10,
        epochs=4,
        rate_drops=(2,),
        jit_compile=False,
    )


@pytest.fixture
def trained(small, tmp_path):
    """A run, trained on `npz`."""
    return training.train(small, tmp_path / "trained", verbose=0)
