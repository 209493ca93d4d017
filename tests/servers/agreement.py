"""Labels of every path to an export, against the Keras model's, on the test images of its run.

    python -m tests.servers.agreement RUN_DIR VERSION_DIR [DATA_DIR]

Takes a minute or two; LiteRT and ONNX files are those that the version has.
"""

import base64
import json
import sys
import urllib.request

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from aae_keras.deployment import prediction
from aae_keras.deployment.export.saved_model import png
from aae_keras.experiment.building import factory
from aae_keras.images import to_unit_range
from aae_keras.models import inference
from tests.servers import prediction_service, rest
from tests.servers.c_loader import CSession
from tests.servers.graph_mode import ServedModel
from tools.exported import paths_of

BATCH = 500


def labels_by_path(version, pixels):
    """Yields the name of each path and the labels it gives to uint8 images."""
    images = to_unit_range(pixels)
    batches = [slice(start, start + BATCH) for start in range(0, len(images), BATCH)]

    def of(ask):
        return np.concatenate([ask(rows) for rows in batches])

    for name, path in paths_of(version).items():
        predictor = prediction.open_predictor(path)
        shown = "SavedModel, eager" if name == "saved_model" else name
        yield shown, of(lambda rows, p=predictor: p.predict(images[rows])["label"])
    served = ServedModel(version)
    yield (
        "SavedModel, graph mode",
        of(lambda rows: served.run("", {"image": images[rows]})["label"]),
    )
    files = [png(image) for image in pixels]
    yield (
        "SavedModel, classify_bytes",
        of(
            lambda rows: served.run(
                "classify_bytes", {"image_bytes": np.array(files[rows], dtype=object)}
            )["label"]
        ),
    )
    signature = served.signatures["serving_default"]
    session = CSession(version)
    names = signature.inputs["image"].name, signature.outputs["label"].name
    yield (
        "SavedModel, C loader",
        of(lambda rows: session.run({names[0]: images[rows]}, [names[1]])[0]),
    )
    session.close()
    models = {"model": {1: served}}
    with prediction_service.serving(models) as address, grpc.insecure_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        yield "look-alike, gRPC", of(lambda rows: over_grpc(stub, images[rows]))
    with rest.serving(models) as address:
        yield "look-alike, REST", of(lambda rows: over_rest(address, files[rows]))


def over_grpc(stub, images):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "model"
    request.inputs["image"].CopyFrom(tf.make_tensor_proto(images))
    return tf.make_ndarray(stub.Predict(request).outputs["label"])


def over_rest(address, files):
    rows = [{"image_bytes": {"b64": base64.b64encode(file).decode()}} for file in files]
    body = json.dumps({"signature_name": "classify_bytes", "instances": rows}).encode()
    with urllib.request.urlopen(f"{address}/v1/models/model:predict", body) as answer:
        return np.array([row["label"] for row in json.load(answer)["predictions"]])


def main(run_dir, version, data_dir=None):
    where = {} if data_dir is None else {"data_dir": data_dir}
    _, data, model = factory.load_trained(run_dir, **where)
    pixels, truth = data.split.test_images, data.split.test_labels
    expected = inference.encode(model, pixels)["y_logits"].argmax(axis=1)
    print(
        f"{len(pixels)} test images; the Keras model is wrong on {np.mean(expected != truth):.2%}"
    )
    for name, labels in labels_by_path(version, pixels):
        equal = labels == expected
        print(
            f"{name:28}{equal.mean():>9.2%} equal ({(~equal).sum()} differ), "
            f"wrong on {np.mean(labels != truth):.2%}",
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
