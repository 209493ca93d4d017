"""What browsers read, in the readers that they have: LiteRT.js and onnxruntime-web, under Node."""

import json
import pathlib

import pytest

from aae_keras.deployment import contract, export
from aae_keras.deployment.export import calibration
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import training
from aae_keras.images import to_unit_range
from aae_keras.models import inference
from tests.report.node import Code, run_tests

FOLDER = pathlib.Path("tests/deployment/export/web")
DIGITS = 200


@pytest.fixture(scope="module")
def readers():
    if not (FOLDER / "node_modules").exists():
        pytest.skip(f"no LiteRT.js and no onnxruntime-web: run npm ci in {FOLDER}")


@pytest.fixture(scope="module")
def digits(readers, tmp_path_factory):
    """A run that tells digits apart, trained for a second."""
    config = Config(
        dataset="digits",
        setting="labels-only",
        hidden_units=(32,),
        epochs=3,
        rate_drops=(),
        jit_compile="off",
    )
    return training.train(config, tmp_path_factory.mktemp("web") / "run", verbose=0)


def answers_alike(run, kind, file, reader, tmp_path):
    """Export a format, and compare a reader's answers to digits with the model's."""
    version = export.export_run(run.folder, "digits", 1, [kind], tmp_path)
    _, data, model = factory.load_trained(run.folder)
    images = data.split.test_images[:DIGITS]
    logits = inference.encode(model, images)["y_logits"]
    manifest = json.loads((version / contract.MANIFEST).read_text())
    case = {
        "reader": reader,
        "file": str(version / file),
        "shape": data.image_shape,
        "images": to_unit_range(images).reshape(DIGITS, -1).tolist(),
        "labels": logits.argmax(axis=1).tolist(),
        "probabilities": calibration.probabilities(
            logits, manifest["calibration"]["temperature"]
        ).tolist(),
    }
    (tmp_path / "case.json").write_text(json.dumps(case))
    assert "# pass 1" in run_tests(
        "files", Code(FOLDER, FOLDER), AAE_WEB_CASE=tmp_path / "case.json"
    )


def test_litert_js_reads_the_web_file(digits, tmp_path):
    answers_alike(digits, "web", contract.SINGLE_FILES["web"], "litert", tmp_path)


def test_onnxruntime_web_reads_the_onnx_file(digits, tmp_path):
    pytest.importorskip("tf2onnx", reason="an extra: requirements-onnx.txt")
    answers_alike(digits, "onnx", contract.ONNX_FILE, "onnx", tmp_path)
