"""What a server says of requests of every form, good and bad: never a crash, and names in messages.

`python -m pytest tests/deployment/prediction/test_requests.py -s` prints the table.
"""

import base64
import json
import re
import urllib.error
import urllib.request

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from aae_keras.deployment import contract, prediction
from aae_keras.deployment.export.saved_model import png
from tests.servers import prediction_service, rest
from tests.servers.graph_mode import ServedModel


@pytest.fixture(scope="module")
def models(exported):
    return {"tiny": {7: ServedModel(exported.path)}}


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


@pytest.fixture
def requests(unit_images, images):
    """By name: signature, inputs as arrays, and JSON in both formats."""
    two = unit_images[:2]
    files = [png(image) for image in images[:2]]
    rows = [{"image": image.tolist()} for image in two]
    return {
        "images by row": ("", {"image": two}, {"instances": rows}),
        "images by column": ("", {"image": two}, {"inputs": {"image": two.tolist()}}),
        "files": (
            "classify_bytes",
            {"image_bytes": np.array(files, dtype=object)},
            {"instances": [{"image_bytes": b64(file)} for file in files]},
        ),
        "files by column": (
            "classify_bytes",
            {"image_bytes": np.array(files, dtype=object)},
            {"inputs": [b64(file) for file in files]},
        ),
        "two inputs": (
            "generate",
            {"label": np.array([0, 1]), "seed": np.array([2, 3])},
            {"instances": [{"label": 0, "seed": 2}, {"label": 1, "seed": 3}]},
        ),
        "empty batch": ("", {"image": two[:0]}, {"instances": []}),
        "empty column": ("", {"image": two[:0]}, {"inputs": {"image": []}}),
        "wrong dtype": (
            "",
            {"image": np.array(["text"], dtype=object)},
            {"instances": [{"image": "text"}]},
        ),
        "wrong shape": (
            "",
            {"image": two[:, :3]},
            {"instances": [{"image": image[:3].tolist()} for image in two]},
        ),
        "ragged rows": (
            "",
            {"image": two[0]},
            {"instances": [{"image": [[[0.1]], [[0.1], [0.2]]]}]},
        ),
        "missing input": (
            "generate",
            {"label": np.array([1])},
            {"instances": [{"label": 1}]},
        ),
        "unexpected input": (
            "",
            {"image": two, "colour": two},
            {"inputs": {"image": two.tolist(), "colour": two.tolist()}},
        ),
        "unknown signature": ("sort", {"image": two}, {"instances": rows}),
        "one bad among good": (
            "classify_bytes",
            {"image_bytes": np.array([files[0], b"no image"], dtype=object)},
            {"instances": [{"image_bytes": b64(files[0])}, {"image_bytes": b64(b"no image")}]},
        ),
        "damaged inside": (
            "classify_bytes",
            {"image_bytes": np.array([files[0], files[1][:-30]], dtype=object)},
            {
                "instances": [
                    {"image_bytes": b64(files[0])},
                    {"image_bytes": b64(files[1][:-30])},
                ]
            },
        ),
        "label out of range": (
            "generate",
            {"label": np.array([3]), "seed": np.array([0])},
            {"inputs": {"label": [3], "seed": [0]}},
        ),
    }


GOOD = {
    "images by row": 2, "images by column": 2, "files": 2, "files by column": 2, "two inputs": 2,
}  # fmt: skip
# JSON cannot say how wide nothing is, and its reader passes over names it does not look for.
GOOD_OVER_GRPC = {"empty batch": 0, "empty column": 0}
GOOD_OVER_REST = {"unexpected input": 2}
# What each message must name.
BAD = {
    "empty batch": "instances",
    "empty column": "image",
    "wrong dtype": "image",
    "wrong shape": "image",
    "ragged rows": "image",
    "missing input": "seed",
    "unexpected input": "colour",
    "unknown signature": "sort",
    "one bad among good": "image_bytes.*1",
    "damaged inside": "PNG|Png|png",
    "label out of range": "label.*0 to 2",
}


def over_rest(address, signature, body):
    """Number of rows of the answer to a JSON body, or the message of the error."""
    body = json.dumps(body | ({"signature_name": signature} if signature else {})).encode()
    request = urllib.request.Request(f"{address}/v1/models/tiny:predict", body)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = json.load(answer)
    except urllib.error.HTTPError as error:
        return f"{error.code} {json.load(error)['error']}"
    if "predictions" in content:
        return len(content["predictions"])
    outputs = content["outputs"]
    return len(outputs if isinstance(outputs, list) else next(iter(outputs.values())))


def over_grpc(address, signature, inputs):
    """Number of rows of the answer to a Predict call, or the message of the error."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "tiny", signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    with grpc.insecure_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            answer = stub.Predict(request, timeout=30)
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"
    return next(iter(answer.outputs.values())).tensor_shape.dim[0].size


def locally(predictor, signature, inputs):
    """Number of rows that a predictor answers, or the message; None if it lacks the signature."""
    if signature or set(inputs) != {"image"}:
        return None
    try:
        return len(predictor.predict(inputs["image"])["label"])
    except ValueError as error:
        return f"ValueError {error}"


def table(answers):
    """The answers as text, one request a line."""
    lines = [f"{'request':20} {'path':10} answer"]
    for (name, path), answer in answers.items():
        text = f"{answer} rows" if isinstance(answer, int) else " ".join(answer.split())[:150]
        lines.append(f"{name:20} {path:10} {text}")
    return "\n".join(lines)


def test_every_request_is_answered_and_bad_ones_by_name(models, requests, exported):
    answers = {}
    files = {
        "SavedModel": prediction.open_predictor(exported.path),
        "LiteRT": prediction.open_predictor(exported.path / contract.LITERT_FILE),
    }
    with rest.serving(models) as url, prediction_service.serving(models) as address:
        for name, (signature, inputs, body) in requests.items():
            answers[name, "REST"] = over_rest(url, signature, body)
            answers[name, "gRPC"] = over_grpc(address, signature, inputs)
            for path, predictor in files.items():
                if (answer := locally(predictor, signature, inputs)) is not None:
                    answers[name, path] = answer
    print("\n" + table(answers))
    assert requests.keys() == GOOD.keys() | BAD.keys()
    for (name, path), answer in answers.items():
        good = GOOD | (GOOD_OVER_REST if path == "REST" else GOOD_OVER_GRPC)
        if name in good:
            assert answer == good[name], (name, path)
        else:
            status = "INVALID_ARGUMENT"
            if name == "unknown signature":
                status = "FAILED_PRECONDITION"
            expected = {"REST": "400", "gRPC": status}.get(path, "ValueError")
            assert answer.startswith(expected), (name, path)
            assert re.search(BAD[name], answer, re.DOTALL), (name, path, answer)
