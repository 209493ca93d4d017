"""LiteRT files against the Keras model they were made of."""

import tempfile

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.python import schema_py_generated as schema

from aae_keras.deployment import contract, prediction
from aae_keras.deployment.export import first

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


@pytest.mark.parametrize("kind", contract.LITERT_FILES)
def test_the_five_lines_of_a_tutorial_classify(exported, unit_images, kind):
    """They know of no signature, take the first tensors, and one image."""
    path = exported.path / contract.LITERT_FILES[kind]
    expected = prediction.open_predictor(path).predict(unit_images)["label"]
    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    found, outputs = [], []
    for image in unit_images:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
        found.append(outputs[-1].argmax())
    assert len(set(found)) > 1  # or any answer would do
    # Probabilities of 8 bits may tie where the logits do not.
    chosen = np.take_along_axis(np.array(outputs), expected[:, None], axis=1)[:, 0]
    np.testing.assert_array_equal(chosen, np.max(outputs, axis=1))
    assert kind == "int8" or list(found) == list(expected)


def test_weights_lie_where_a_microcontroller_can_read_them(exported):
    """Every array of the file, by the places that the format itself states."""
    content = (exported.path / contract.LITERT_FILE).read_bytes()
    model = schema.Model.GetRootAs(content)
    buffers = [model.Buffers(number) for number in range(model.BuffersLength())]
    starts = [b._tab.Vector(b._tab.Offset(4)) for b in buffers if b.DataLength()]
    assert len(starts) > 10 and all(start % first.ALIGNMENT == 0 for start in starts)


def test_graphs_that_call_others_still_find_them(random):
    """A loop in the graph that is put second, whose body and condition are graphs too."""

    @tf.function(input_signature=[tf.TensorSpec([1], tf.float32, "x")])
    def a_loop(x):
        return {"y": tf.while_loop(lambda y: y[0] < 100, lambda y: [2 * y + 1], [x])[0]}

    @tf.function(input_signature=[tf.TensorSpec([1], tf.float32, "x")])
    def two(x):
        return {"a": x + 1, "b": x * 2}

    module = tf.Module()
    module.a_loop, module.two = a_loop, two
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"a_loop": a_loop, "two": two})
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    interpreter = Interpreter(model_content=first.put_first(content, "two", "b"))
    assert len(interpreter.get_output_details()) == 2
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.float32([21]))
    interpreter.invoke()
    assert interpreter.get_tensor(interpreter.get_output_details()[0]["index"]) == [42]
    looped = interpreter.get_signature_runner("a_loop")(x=np.float32([2]))
    assert looped["y"] == [191]  # 2, 5, 11, 23, 47, 95, 191


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
