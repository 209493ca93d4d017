"""Files for one image at a time, asked by the interpreter as a tutorial would."""

import json

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from aae_keras.deployment import contract, export, prediction
from aae_keras.deployment.export import calibration, single, verification
from aae_keras.images import to_unit_range

KINDS = tuple(contract.SINGLE_FILES)


@pytest.fixture(scope="module")
def version(trained_once, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:  # six images, of a model that is hardly decided
        patch.setitem(contract.SURE_AGREEMENT, "micro", 0.0)
        patch.setitem(contract.LABEL_AGREEMENT, "micro", 0.5)
        root = tmp_path_factory.mktemp("single")
        return export.export_run(trained_once.folder, "one", 1, KINDS, root)


def interpreter_of(version, kind):
    return Interpreter(str(version / contract.SINGLE_FILES[kind]))


@pytest.mark.parametrize("kind, tolerance", [("web", 1e-5), ("micro", 0.05)])
def test_it_answers_like_the_model(version, exported, images, kind, tolerance):
    answers = single.ask(version / contract.SINGLE_FILES[kind], images)
    expected = exported.encode(images)
    probabilities = calibration.probabilities(expected["y_logits"], 1.0)
    np.testing.assert_allclose(answers["probabilities"], probabilities, atol=tolerance)
    # Another label only where the model itself can hardly tell the two apart.
    rows = np.arange(len(images))
    lead = probabilities.max(axis=1) - probabilities[rows, answers["label"]]
    assert np.all(lead == 0) if kind == "web" else lead.max() < 2 * tolerance


@pytest.mark.parametrize("kind, dtype", [("web", np.float32), ("micro", np.int8)])
def test_its_ends_are_what_small_readers_take(version, kind, dtype):
    """One input and one output of fixed shapes; LiteRT.js refuses text and free dimensions."""
    interpreter = interpreter_of(version, kind)
    (image,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (image["dtype"], given["dtype"]) == (dtype, dtype)
    assert list(image["shape_signature"]) == [1, 6, 5, 1]
    assert list(given["shape_signature"]) == [1, 3]
    interpreter.allocate_tensors()
    types = {tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    # int32 are the biases of whole numbers, and shapes
    assert types <= {dtype, np.int32}
    if kind == "micro":  # 256 steps from 0 to 1, the whole of int8
        assert given["quantization"] == (1 / 256, -128)
        assert image["quantization"] == (pytest.approx(1 / 255, rel=0.1), -128)


def test_the_whole_numbers_are_those_of_its_scale(version, images):
    interpreter = interpreter_of(version, "micro")
    interpreter.allocate_tensors()
    (image,) = interpreter.get_input_details()
    scale, zero = image["quantization"]
    pixels = to_unit_range(images[:1])
    stored = single._stored(pixels, image)
    assert stored.dtype == np.int8
    clipped = pixels.clip(scale * (-128 - zero), scale * (127 - zero))
    np.testing.assert_allclose(scale * (stored - float(zero)), clipped, atol=scale / 2 + 1e-6)


def test_the_names_of_the_classes_are_beside_it(version):
    assert json.loads((version / contract.CLASS_NAMES_FILE).read_text()) == ["0", "1", "2"]
    files = {path.name for path in (version / "litert").iterdir()}
    assert files == {"encoder-web.tflite", "encoder-micro.tflite", "class_names.json"}
    manifest = json.loads((version / contract.MANIFEST).read_text())
    assert manifest["agreement"] == {} and manifest["one_image"].keys() == set(KINDS)
    assert manifest["one_image"]["web"] == {
        "images": 6, "label_agreement": 1.0,
        "label_agreement_at_least": pytest.approx(0.05 ** (1 / 6)),
    }  # fmt: skip


def test_predict_says_that_it_reads_neither(version):
    for path in (version, version / contract.SINGLE_FILES["web"]):
        with pytest.raises(
            prediction.PredictorError, match="browsers and microcontrollers are not"
        ):
            prediction.open_predictor(path)


def test_whole_numbers_need_proof_and_agreement(version, exported):
    rows = exported.data.split.validation_rows
    held_out = exported.data.split.images[rows], exported.data.split.labels[rows]
    expected = verification.answers(exported.model, *held_out, 1.0)
    path = version / contract.SINGLE_FILES["micro"]
    expected.outputs["label"] = single.ask(path, expected.images)["label"]  # so that all agree
    with pytest.raises(export.ExportError, match="on 6 images alone, which proves 60.7%"):
        single.verify("micro", path, expected)
    expected.outputs["label"][0] = (expected.outputs["label"][0] + 1) % 3
    with pytest.raises(export.ExportError, match="83.3333% of the labels agree, 99.5% must"):
        single.verify("micro", path, expected)
