"""Fixtures: small images, tiny networks, and the places data may lie."""

import dataclasses
import gc
import os
import pathlib
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Compiled programs run for a few steps here: making them fast would take longer than it gains.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import keras
import numpy as np
import pytest

from aae_keras.deployment import contract, export
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import training
from aae_keras.images import to_unit_range
from aae_keras.models import inference
from tests.tiny import IMAGE_SHAPE, NUM_CLASSES, tiny_model


@pytest.fixture(autouse=True, scope="module")
def small_heap():
    """Python looks for garbage among what a module's tests have made, not among all before it."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def fixed_seed():
    keras.utils.set_random_seed(0)


@pytest.fixture
def random():
    return np.random.default_rng(0)


def make_images():
    """60 uint8 images of three classes, each with its own bright row: learnable in seconds."""
    pixels = np.random.default_rng(0).integers(0, 60, (60, *IMAGE_SHAPE), dtype="uint8")
    for row, label in enumerate(np.arange(60) % NUM_CLASSES):
        pixels[row, 2 * label] += 180
    return pixels


@pytest.fixture
def images():
    return make_images()


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


def write_npz(path, images, labels):
    """An .npz with every fourth label withheld and a test part."""
    known = np.where(np.arange(60) % 4 == 0, -1, labels)
    np.savez(path, x_train=images, y_train=known, x_test=images[::-1], y_test=labels[::-1])
    return path


@pytest.fixture
def npz(tmp_path, images, labels):
    """A data set of a user's own."""
    return write_npz(tmp_path / "own.npz", images, labels)


@pytest.fixture
def mnist_dir():
    """Folder of a prepared MNIST; the test is skipped where there is none."""
    folder = pathlib.Path(os.environ.get("AAE_DATA_DIR", "../shared/data/tfds"))
    if not (folder / "mnist").is_dir():
        pytest.skip("no prepared MNIST: set AAE_DATA_DIR to a tensorflow-datasets folder")
    return str(folder)


def small_config(npz):
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
        jit_compile="off",
        steps_per_execution=1,
    )


@pytest.fixture
def small(npz):
    """A configuration of `npz`."""
    return small_config(npz)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    """A run, trained once for all tests; take `trained`, a copy of it."""
    folder = tmp_path_factory.mktemp("once")
    npz = write_npz(folder / "own.npz", make_images(), np.arange(60) % NUM_CLASSES)
    return training.train(small_config(npz), folder / "run", verbose=0)


@pytest.fixture
def trained(trained_once, tmp_path):
    """A trained run in a folder of its own."""
    shutil.copytree(trained_once.folder, tmp_path / "trained")
    return dataclasses.replace(trained_once, folder=tmp_path / "trained")


@dataclasses.dataclass(frozen=True)
class Exported:
    """A version, and the Keras model that it must answer like."""

    path: pathlib.Path
    model: keras.Model
    data: object

    def encode(self, images):
        """The model's codes, and the label of its logits."""
        found = inference.encode(self.model, images)
        return found | {"label": found["y_logits"].argmax(axis=1)}


@pytest.fixture(scope="session")
def exported(trained_once, tmp_path_factory):
    """Every signature and LiteRT file of `trained_once`; do not write into it."""
    root = tmp_path_factory.mktemp("exports")
    quantize = ("none", "float16", "int8")
    with pytest.MonkeyPatch.context() as patch:  # six images prove nothing of int8
        patch.setitem(contract.SURE_AGREEMENT, "int8", 0.0)
        path = export.export_run(
            trained_once.folder, "tiny", 7, root=root, quantize=quantize, with_decoder=True
        )
    _, data, model = factory.load_trained(trained_once.folder)
    return Exported(path, model, data)


@pytest.fixture
def unit_images(images):
    return to_unit_range(images)


@pytest.fixture
def root(tmp_path):
    """Where a test may export to."""
    return tmp_path / "saved_models"
