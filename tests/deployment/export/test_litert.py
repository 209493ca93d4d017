"""LiteRT files against the Keras model they were made of."""

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from aae_keras.deployment import contract, prediction

# Probabilities: rounding of another kernel; of 11 bits; of 8 bits, several layers deep.
TOLERANCE = {"none": 1e-5, "float16": 2e-3, "int8": 0.05}


@pytest.mark.parametrize("kind", contract.LITERT_FILES)
def test_it_answers_like_the_model(exported, images, unit_images, kind):
    path = exported.path / contract.LITERT_FILES[kind]
    assert set(Interpreter(str(path)).get_signature_list()) == {"serving_default", "encode"}
    predictor = prediction.open_predictor(path)
    answers, expected = predictor.predict(unit_images), exported.encode(images)
    agree = np.mean(answers["label"] == expected["label"])
    assert agree == 1 if kind == "none" else agree >= 0.9
    np.testing.assert_allclose(answers["probabilities"], expected["y"], atol=TOLERANCE[kind])
    assert [name.decode() for name in answers["class_name"]] == [str(n) for n in answers["label"]]
    assert {name: values.dtype.name for name, values in answers.items()} == {
        name: {"string": "object"}.get(dtype, dtype)
        for name, dtype in contract.CLASSIFY_OUTPUTS.items()
    }
    code = predictor.encode(unit_images)
    np.testing.assert_allclose(code["z"], expected["z"], rtol=0.1, atol=4 * TOLERANCE[kind])
    for rows in (1, 7):  # any batch
        np.testing.assert_array_equal(
            predictor.predict(unit_images[:rows])["label"], answers["label"][:rows]
        )


def test_int8_computes_in_whole_numbers(exported):
    """Every layer's weights and activations, with float32 at both ends alone."""
    path = exported.path / contract.LITERT_FILES["int8"]
    interpreter = Interpreter(str(path))
    layers = [
        (op["op_name"], {interpreter._get_tensor_details(i, 0)["dtype"] for i in op["inputs"][:2]})
        for op in interpreter._get_ops_details()
        if op["op_name"] == "FULLY_CONNECTED"
    ]
    assert layers and all(types == {np.int8} for _, types in layers)


def test_files_hold_their_weights(exported):
    """A converter of concrete functions writes a file of a few kilobytes, and NaN comes out."""
    parameters = exported.model.encoder.count_params()
    for kind, size in (("none", 4), ("float16", 2), ("int8", 1)):
        path = exported.path / contract.LITERT_FILES[kind]
        assert path.stat().st_size > size * parameters
    content = (exported.path / contract.LITERT_FILE).read_bytes()
    kernel = exported.model.encoder.get_layer("encoder_hidden_1").kernel
    assert tf.transpose(kernel).numpy().tobytes() in content
    assert content.count(tf.transpose(kernel).numpy().tobytes()) == 1  # shared by the signatures
