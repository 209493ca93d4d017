"""What is killed and raced: training, export, bulk prediction and the label page, all tiny."""

import hashlib
import logging
import pathlib
import zipfile

import h5py
import numpy as np

from aae_keras.deployment import contract, export, integrity, versions
from aae_keras.deployment.prediction import bulk, opening
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import training
from aae_keras.experiment.run_folder import outcomes, runs
from aae_keras.labelling import answers
from tests.labelling import made

CONFIG = Config(
    dataset="digits",
    num_labeled=50,
    validation_size=50,
    hidden_units=(8, 8),
    latent_dim=2,
    batch_size=500,
    labeled_batch_size=50,
    epochs=3,
    jit_compile="off",
    steps_per_execution=1,
)
NAME = "digits"
QUESTIONS = 20


def quiet():
    """What is said on the way is not looked at."""
    logging.getLogger("aae_keras").setLevel(logging.ERROR)


def train(folder, seed=0, overwrite=False):
    """Train in `folder / "run"`."""
    quiet()
    config = Config(**CONFIG.to_dict() | {"seed": seed})
    training.train(config, folder / "run", overwrite=overwrite, verbose=0)


def go_on(folder):
    """Train as a user does who finds a folder after a kill: with `resume` if a run is there."""
    quiet()
    resume = (folder / "run" / "config.yaml").exists()
    training.train(CONFIG, folder / "run", resume=resume, verbose=0)


def trained(folder):
    """Weights and optimizers of the run in a folder as a checksum, and its epochs by number."""
    run = runs.open_run(folder / "run")
    found = hashlib.sha256()

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            found.update(name.encode() + np.asarray(item).tobytes())

    with zipfile.ZipFile(run.model_file) as archive:
        with archive.open("model.weights.h5") as content, h5py.File(content) as file:
            file.visititems(add)
    epochs = [row["epoch"] for row in outcomes.read_history(run)]
    return found.hexdigest(), epochs


def publish(folder, run, formats=("saved_model",)):
    """Export a run to `folder / "exports"`."""
    quiet()
    export.export_run(run, NAME, formats=formats, root=folder / "exports")


def published(folder):
    """The numbers of all versions, each looked at byte by byte; nothing else may be there."""
    base = folder / "exports" / NAME
    found = [version.folder for version in versions.listed(base)] if base.exists() else []
    for path in found:
        assert integrity.check(path), f"{path} has no checksums"
    return [path.name for path in found]


def left_aside(folder):
    """What is in the folder of versions and is none."""
    base = folder / "exports" / NAME
    return sorted({path.name for path in base.iterdir()} - set(published(folder)))


def predict(folder, model, images):
    """Classify a folder of images into `folder / "labels.jsonl"`."""
    quiet()
    predictor = opening.open_predictor(model)
    for _ in bulk.predict_all(predictor, str(images), folder / "labels.jsonl", readers=2):
        pass


def litert_of(folder):
    """The LiteRT file of the only version that was exported to a folder."""
    (number,) = published(folder)
    return folder / "exports" / NAME / number / contract.LITERT_FILES["none"]


def label(folder, images, name="a"):
    """Answer what has no answer yet, over HTTP, every fifth one twice: undone, then again.

    Each answer is noted in a file of its own once the page has been told that it is kept.
    """
    quiet()
    path = folder / "labels.csv"
    with made.served(images, path) as server, open(folder / f"told-{name}", "a") as told:
        given = server.session.answers.given
        for number in range(QUESTIONS):
            if made.name(number) in given:
                continue
            if number % 5 == 0:
                _post(server, "answer", [number], label="b" if name == "a" else "a")
                _post(server, "undo", [number])
            _post(server, "answer", [number], label=name)
            told.write(f"{made.name(number)}\n")
            told.flush()


def _post(server, what, numbers, **values):
    status, content = made.post(server.url, what, numbers=numbers, **values)
    assert status == 200, content


def given(folder):
    """The answers in the table; and those of each name that a page was told are kept."""
    path = folder / "labels.csv"
    kept = {}
    if path.exists():
        with answers.opened(path) as file:
            kept = dict(file.given)
    told = {file.name: file.read_text().split() for file in folder.glob("told-*")}
    return kept, told


def made_images(folder: pathlib.Path) -> pathlib.Path:
    """A folder of images to label and to classify."""
    return made.folder(folder / "images", QUESTIONS)
