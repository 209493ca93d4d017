"""Models and a run folder that version 0.1 wrote: they load, answer as they did, and export.

`tests/golden/version_0_1` was written by that version: a model of each setting after three steps,
with its answers to the images of `conftest`, and a run of two epochs on the digits.
"""

import json
import pathlib
import shutil

import numpy as np
import pytest

from aae_keras import models
from aae_keras.deployment import export, prediction
from aae_keras.experiment.building import factory
from aae_keras.experiment.scores import evaluation

GOLDEN = pathlib.Path(__file__).parent / "golden" / "version_0_1"


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.keras")), ids=lambda file: file.stem)
def test_a_model_answers_as_it_did(file, images):
    model = models.load_model(file)
    with np.load(file.with_suffix(".npz")) as before:
        predicted = model.predict(images, verbose=0)
        # rounding of another processor, never another answer
        np.testing.assert_allclose(predicted, before["predicted"], rtol=1e-4, atol=1e-5)
        assert int(model.step) == before["step"]
    assert [int(optimizer.iterations) for optimizer in model.optimizers] == [3] * len(
        model.optimizers
    )


def test_a_run_folder_loads_evaluates_and_exports(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(GOLDEN / "run", folder)
    before = json.loads((folder / "metrics.json").read_text())
    scores = evaluation.evaluate_run(folder)
    new = {"generated_accuracy"}  # since version 0.2
    assert scores["test"].keys() == before["test"].keys() | new
    for name, value in before["test"].items():
        assert scores["test"][name] == pytest.approx(value, rel=0.02, abs=0.02), name
    version = export.export_run(folder, root=tmp_path, formats=["saved_model"])
    _, data, model = factory.load_trained(folder)
    images = data.split.test_images[:50].astype("float32") / 255
    answers = prediction.open_predictor(version).predict(images)
    np.testing.assert_allclose(answers["probabilities"].sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(answers["label"], model.predict(images, verbose=0).argmax(axis=1))
