"""`model.export`, Keras's own: an artifact that answers like `predict`."""

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from aae_keras import errors
from tests.tiny import SETTINGS, tiny_model


@pytest.mark.parametrize("setting", ["semi-supervised", "basic-universal"])
def test_a_saved_model_answers_like_the_model(setting, unit_images, tmp_path):
    """Of a model that has never been called, with averaged weights, in any batch."""
    model = SETTINGS[setting](encoder_average=0.5)
    for _, average in model.average.pairs:
        average.assign(average + 0.1)
    model.export(tmp_path / "model", verbose=False)
    served = tf.saved_model.load(tmp_path / "model")
    signature = served.signatures["serving_default"].structured_input_signature[1]
    assert signature == {"image": tf.TensorSpec((None, 6, 5, 1), tf.float32, "image")}
    expected = model.predict(unit_images, verbose=0)
    np.testing.assert_allclose(served.serve(unit_images), expected, atol=1e-6)
    np.testing.assert_allclose(served.serve(unit_images[:1]), expected[:1], atol=1e-6)


def test_a_litert_file_answers_like_the_model(unit_images, tmp_path):
    model = tiny_model()
    model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    interpreter = Interpreter(str(tmp_path / "model.tflite"))
    image = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(image, unit_images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(image, unit_images)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, model.predict(unit_images, verbose=0), atol=1e-6)


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(errors.UserError, match=r"onnx needs a package.*pip install .*onnx"):
        tiny_model().export(tmp_path / "model.onnx", format="onnx", verbose=False)
