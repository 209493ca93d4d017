"""Files of every kind, sent to a decoder as servers have it."""

import numpy as np
import pytest
import tensorflow as tf

from aae_keras.deployment.export import image_bytes
from aae_keras.deployment.prediction import clients, remote
from aae_keras.images import read_image
from tests.data import kinds

SHAPE = (12, 9, 3)


class Decoder:
    """Answers with the pixels that the serving graph sees, and refuses what it refuses."""

    def __init__(self):
        self.decode = tf.function(
            lambda contents: image_bytes.decode_images(contents, SHAPE),
            input_signature=[tf.TensorSpec([None], tf.string)],
        )

    def classify(self, contents):
        try:
            images = self.decode(tf.constant(contents)).numpy()
            named = {"label": 0, "class_name": "pixels", "confidence": 1.0}
            return [{**named, "probabilities": image.ravel()} for image in images]
        except tf.errors.InvalidArgumentError as error:
            raise clients.Refused(error.message) from error


@pytest.fixture
def answers(tmp_path):
    """Rows by name of every kind of file that is read, and of one that is not."""
    paths = []
    for name, make in {**kinds.READABLE, "deep": kinds.DEEP["png-16-bits"]}.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(make())
    rows = remote.classify_files(Decoder(), paths)
    return dict(zip(paths, rows, strict=True))


def test_what_the_graph_refuses_is_sent_as_a_plain_png(answers):
    """But for deep grey: which of its values are black and white the model alone knows."""
    for path, row in answers.items():
        if path.name in ("deep", "png-16-bits-grey-alpha"):
            assert "the server refused it" in row["error"] and "8 bits" in row["error"]
            continue
        expected = read_image(path, SHAPE[2], SHAPE[:2])
        np.testing.assert_array_equal(row["probabilities"], expected.ravel(), err_msg=path.name)
