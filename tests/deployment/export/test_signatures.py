"""Every signature, as a server loads and calls it, against the Keras model."""

import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from aae_keras import models
from aae_keras.deployment import contract
from aae_keras.deployment.export import saved_model
from aae_keras.deployment.export.calibration import Calibration
from aae_keras.deployment.export.novelty import Novelty
from aae_keras.deployment.export.signatures import Signatures
from tests import tiny
from tests.servers.c_loader import CSession
from tests.servers.graph_mode import BadRequest, ServedModel

NAMES = ("red", "green", "blue")


@pytest.fixture(scope="module")
def served(exported):
    return ServedModel(exported.path)


def strings(values):
    return np.array(list(values), dtype=object)


def test_signatures_keep_the_contract(served):
    assert set(served.signatures) == set(contract.SIGNATURES) | {"__saved_model_init_op"}
    for name, expected in contract.SIGNATURES.items():
        signature = served.signatures[name]
        assert signature.method_name == expected.method, name
        for tensors, dtypes in (
            (signature.inputs, expected.inputs),
            (signature.outputs, expected.outputs),
        ):
            assert {k: tf.as_dtype(v.dtype).name for k, v in tensors.items()} == dtypes, name
            # one batch dimension, the same for all, is what a server batches along
            assert all(v.tensor_shape.dim[0].size == -1 for v in tensors.values()), name
        valid = tf.compat.v1.saved_model.signature_def_utils.is_valid_signature(signature)
        # its input has the contract's name, not that of the server's Classify: `classify` has it
        assert valid == (name != "classify_examples"), name


@pytest.mark.parametrize("rows", [0, 1, 60])
def test_classify_and_encode(served, exported, images, unit_images, rows):
    answers = served.run("", {"image": unit_images[:rows]})
    code = served.run("encode", {"image": unit_images[:rows]})
    assert len(answers["label"]) == len(code["z"]) == rows
    if rows:
        expected = exported.encode(images[:rows])
        np.testing.assert_array_equal(answers["label"], expected["label"])
        np.testing.assert_allclose(answers["probabilities"], expected["y"], atol=1e-6)
        np.testing.assert_array_equal(answers["confidence"], answers["probabilities"].max(axis=1))
        assert [n.decode() for n in answers["class_name"]] == [str(n) for n in answers["label"]]
        np.testing.assert_allclose(code["z"], expected["z"], atol=1e-5)
        np.testing.assert_allclose(code["y"], expected["y"], atol=1e-6)


def test_bytes_and_examples_are_classified_like_their_pixels(served, images, unit_images):
    files = [saved_model.png(image) for image in images[:9]]
    expected = served.run("", {"image": unit_images[:9]})
    answers = served.run("classify_bytes", {"image_bytes": strings(files)})
    for name in ("label", "class_name"):
        np.testing.assert_array_equal(answers[name], expected[name])
    for name in ("confidence", "probabilities"):
        np.testing.assert_allclose(answers[name], expected[name], atol=1e-6)
    examples = []
    for file in files:
        example = tf.train.Example()
        example.features.feature["image/encoded"].bytes_list.value.append(file)
        examples.append(example)
    as_strings = strings(example.SerializeToString() for example in examples)
    for scored in (
        served.run("classify_examples", {"examples": as_strings}),
        served.classify("classify", examples),
    ):
        np.testing.assert_allclose(scored["scores"], expected["probabilities"], atol=1e-6)
        np.testing.assert_array_equal(scored["classes"], np.tile([b"0", b"1", b"2"], (9, 1)))
    for name, key in (("classify_bytes", "image_bytes"), ("classify_examples", "examples")):
        empty = served.run(name, {key: strings([])})
        assert all(len(values) == 0 for values in empty.values())


def test_an_example_without_an_image_is_named(served):
    with pytest.raises(BadRequest, match="image/encoded"):
        served.classify("classify", [tf.train.Example()])


def test_decode_and_reconstruct(served, exported, images, unit_images):
    code = exported.encode(images[:9])
    decoded = scipy.special.expit(exported.model.decode(code))
    answers = served.run("decode", {"y": code["y"], "z": code["z"]})
    np.testing.assert_allclose(answers["image"], decoded, atol=1e-5)
    answers = served.run("reconstruct", {"image": unit_images[:9]})
    np.testing.assert_allclose(answers["image"], decoded, atol=1e-5)
    errors = 0.5 * np.square(decoded - unit_images[:9]).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(answers["error"], errors, rtol=1e-4)


def test_what_is_generated_depends_on_label_and_seed_alone(served, exported):
    def generate(labels, seeds):
        return served.run(
            "generate", {"label": np.array(labels, "int64"), "seed": np.array(seeds, "int64")}
        )["image"]

    several = generate([0, 1, 2, 1, 1], [5, 5, 5, 6, 5])
    np.testing.assert_allclose(several[1], several[4], atol=1e-6)
    np.testing.assert_allclose(generate([1], [5])[0], several[1], atol=1e-6)
    for row in (0, 2, 3):
        assert np.abs(several[row] - several[1]).max() > 1e-3
    z = exported.model.priors["z"].sample(1, [6, 0]).numpy()
    expected = exported.model.decode({"y": np.eye(3, dtype="float32")[[1]], "z": z})
    np.testing.assert_allclose(several[3], scipy.special.expit(expected)[0], atol=1e-6)
    with pytest.raises(BadRequest, match=r"`label` must lie in 0 to 2.*\[1 2\]"):
        generate([0, 3, -1], [0, 0, 0])


def test_novelty_is_the_error_and_the_length_of_z_as_the_model_weighs_them(
    served, exported, images, unit_images
):
    """Against NumPy: -log p(x, z) without its constants, where training images have 1 of error."""

    def signs(pixels):
        code = exported.encode(pixels)
        decoded = scipy.special.expit(exported.model.decode(code))
        errors = 0.5 * np.square(decoded - pixels / np.float32(255)).sum(axis=(1, 2, 3))
        return errors, np.square(code["z"]).sum(axis=1)

    split = exported.data.split
    usual = signs(split.images[split.unlabeled_rows])[0].mean()
    variance = usual / (30 / 2)  # of a pixel, of which there are 30
    error, squared_length = signs(images)
    nats = error / variance + squared_length / 2
    novelty = served.run("score_novelty", {"image": unit_images})["novelty"]
    np.testing.assert_allclose(novelty, nats / (30 / 2), rtol=1e-4)


def test_the_c_loader_gives_the_same_labels(served, exported, images, unit_images):
    signature = served.signatures["serving_default"]
    session = CSession(exported.path)
    label, probabilities = session.run(
        {signature.inputs["image"].name: unit_images},
        [signature.outputs[name].name for name in ("label", "probabilities")],
    )
    session.close()
    expected = exported.encode(images)
    np.testing.assert_array_equal(label, expected["label"])
    np.testing.assert_allclose(probabilities, expected["y"], atol=1e-6)


def test_the_warm_up_file_replays(served, exported):
    """A server answers each of these before it serves the version."""
    replayed = set()
    records = tf.data.TFRecordDataset(str(exported.path / contract.WARMUP))
    for record in records:
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        if log.HasField("classify_log"):
            request = log.classify_log.request
            name = request.model_spec.signature_name
            answers = served.classify(name, request.input.example_list.examples)
        else:
            request = log.predict_log.request
            name = request.model_spec.signature_name
            inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
            answers = served.run(name, inputs)
        assert request.model_spec.name == "tiny"
        assert all(len(values) == 1 for values in answers.values())
        replayed.add(name)
    assert replayed == set(contract.SIGNATURES)


def test_weights_are_stored_once(exported, trained_once, tmp_path):
    """In bytes: float32 parameters, and what names and checksums take."""
    encoder = models.load_model(trained_once.model_file).encoder
    saved_model.write_saved_model(Signatures(exported.model, NAMES), tmp_path / "one")

    def size(folder):
        return sum(path.stat().st_size for path in (folder / "variables").iterdir())

    assert 0 <= size(tmp_path / "one") - 4 * encoder.count_params() < 5000
    both = encoder.count_params() + exported.model.decoder.count_params()
    assert 0 <= size(exported.path) - 4 * both < 8000
    # the limit of 200 kB beside the weights is kept by the graph of an encoder
    assert (tmp_path / "one" / "saved_model.pb").stat().st_size < 190_000


def test_the_temperature_is_in_the_classify_signatures_alone(tmp_path, unit_images):
    model = tiny.tiny_model()
    saved_model.write_saved_model(Signatures(model, NAMES, temperature=2.5), tmp_path / "warm")
    served = ServedModel(tmp_path / "warm")
    answers, code = (served.run(name, {"image": unit_images}) for name in ("", "encode"))
    logits = model.encode(unit_images)["y_logits"].numpy()
    np.testing.assert_allclose(
        answers["probabilities"], scipy.special.softmax(logits / 2.5, axis=1), atol=1e-6
    )
    np.testing.assert_allclose(code["y"], scipy.special.softmax(logits, axis=1), atol=1e-6)
    np.testing.assert_array_equal(answers["label"], logits.argmax(axis=1))
    assert Calibration().temperature == 1


WITHOUT_Y = {"encode", "decode", "generate"}
WITH_Y = WITHOUT_Y | {"serving_default", "classify_bytes", "classify_examples", "classify"}
READS_ITS_OWN_CODE = {"reconstruct", "score_novelty"}


@pytest.mark.parametrize("setting", tiny.SETTINGS)
def test_each_setting_answers_what_it_can(setting, tmp_path, unit_images):
    model = tiny.SETTINGS[setting]()
    label_is_given = setting.startswith("supervised")
    usual = None if label_is_given else Novelty(usual_error=1.0)
    names = [str(n) for n in range(model.categories)] if model.latent_y.is_encoded else []
    signatures = Signatures(model, names, novelty=usual, with_decoder=True)
    saved_model.write_saved_model(signatures, tmp_path / "1")
    served = ServedModel(tmp_path / "1")
    expected = WITH_Y if model.latent_y.is_encoded else WITHOUT_Y
    expected = expected if label_is_given else expected | READS_ITS_OWN_CODE
    assert set(served.signatures) - {"__saved_model_init_op"} == expected
    code = served.run("encode", {"image": unit_images[:3]})
    assert set(code) == ({"y", "z"} if model.latent_y.is_encoded else {"z"})
    y = {"y": np.eye(model.categories, dtype="float32")[:3]} if model.categories else {}
    inputs = {"z": code["z"]} | y
    decoded = served.run("decode", inputs)["image"]
    np.testing.assert_allclose(decoded, scipy.special.expit(model.decode(inputs)), atol=1e-6)
    label = {"label": np.arange(3)} if model.categories else {}
    assert served.run("generate", {"seed": np.arange(3)} | label)["image"].shape == (3, 6, 5, 1)
    if not label_is_given:
        assert np.isfinite(served.run("score_novelty", {"image": unit_images[:3]})["novelty"]).all()
    saved_model.write_warmup(signatures, "any", tmp_path / "warm" / "up")
    assert len(list(tf.data.TFRecordDataset(str(tmp_path / "warm" / "up")))) == len(expected)
