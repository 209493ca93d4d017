"""Clients of TensorFlow Serving's two interfaces: one request, one answer, and its errors."""

import base64
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from aae_keras.deployment import contract
from aae_keras.deployment.prediction import answers
from aae_keras.deployment.prediction.answers import BadAnswer
from aae_keras.errors import UserError

MAX_ANSWER = 64 * 2**20  # bytes: a batch of 64 images with 40 000 classes
MAX_TIMEOUT = 86_400.0  # seconds
# What is no matter of the images: too many requests, a gateway; who asks, or for which model. All
# else may be, so that each image of a refused batch is sent by itself.
_LATER = (408, 425, 429, 502, 503, 504)
_NEVER = (401, 403, 404, 405)
_LATER_GRPC = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "CANCELLED", "RESOURCE_EXHAUSTED")
_NEVER_GRPC = ("NOT_FOUND", "UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED")
# gRPC has one code for a server that is out of memory or asked too often, which is no matter of the
# images, and for a message that is too long, which is.
_TOO_LONG = "larger than max"


class ServerError(UserError):
    """A server that cannot be asked at all."""


class Refused(Exception):
    """A request whose content the server refuses: sending it again would not help."""


class Unavailable(Exception):
    """A server that does not answer now, and may do so later."""


def open_server(
    address: str, name: str, version: int | None = None, timeout: float = 10.0
) -> "RestServer | GrpcServer":
    """Make a client of a server that has an exported model; nothing is sent yet.

    Args:
        address: `http://HOST:PORT`, `https://HOST:PORT` or `grpc://HOST:PORT`.
        name: Name of the model at the server.
        version: Whole number, or None for the one that the server chooses, its newest.
        timeout: Seconds until the whole answer must be there, above 0 and below a day.

    Returns:
        A client. Its `classify(contents)` takes the contents of PNG or JPEG files as a list of
        bytes, and returns a list of dicts, one per file: `contract.CLASSIFY_OUTPUTS` by name.

    Raises:
        ValueError: If the address is none of these, or a number is out of range.
    """
    if not 0 < timeout < MAX_TIMEOUT:
        raise ValueError(f"`timeout` must lie in 0 to {MAX_TIMEOUT} s. Received: {timeout}")
    if version is not None and not 1 <= version <= contract.MAX_VERSION:
        raise ValueError(f"`version` must lie in 1 to {contract.MAX_VERSION}. Received: {version}")
    try:
        parts = urllib.parse.urlsplit(address)
        known = parts.scheme in ("http", "https", "grpc") and parts.hostname and parts.port != 0
    except ValueError:  # half a bracket, or a port that is no number
        known = False
    if known and parts.scheme == "grpc":
        return GrpcServer(parts.netloc, name, version, timeout)
    if known:
        return RestServer(address.rstrip("/"), name, version, timeout)
    raise ValueError(
        f"A server's address is http://HOST:8501 or grpc://HOST:8500. Received: {address}"
    )


class RestServer:
    """A client of the REST interface; `open_server` says what the arguments are."""

    def __init__(self, address: str, name: str, version: int | None = None, timeout: float = 10.0):
        part = "" if version is None else f"/versions/{version}"
        self.url = f"{address}/v1/models/{urllib.parse.quote(name)}{part}:predict"
        self.timeout = timeout

    def classify(self, contents: list[bytes]) -> list[dict[str, Any]]:
        """Classify the contents of image files; see `open_server`."""
        instances = [
            {contract.IMAGE_BYTES: {"b64": base64.b64encode(content).decode()}}
            for content in contents
        ]
        body = {"signature_name": contract.CLASSIFY_BYTES, "instances": instances}
        status, content = self._post(json.dumps(body).encode())
        if len(content) > MAX_ANSWER:
            raise ServerError(f"{self.url}: the answer is longer than {MAX_ANSWER:,} bytes.")
        if status in _LATER:
            raise Unavailable(f"{self.url}: {status} {_message(status, content)}")
        if status in _NEVER or 300 <= status < 400:
            raise ServerError(f"{self.url}: {_message(status, content)}")
        if status >= 400:
            raise Refused(_message(status, content))
        try:
            return answers.predictions(answers.decoded(content), len(contents))
        except BadAnswer as error:
            raise _no_classification(self.url, error) from error

    def _post(self, body):
        """Status and content of the answer, which is there in time or not at all."""
        request = urllib.request.Request(
            self.url, body, headers={"Content-Type": "application/json"}
        )
        try:
            return answers.within(self.timeout, lambda: _exchange(request, self.timeout))
        except TimeoutError as error:
            raise Unavailable(f"{self.url}: no whole answer in {self.timeout:g} s") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = answers.printable(getattr(error, "reason", error))
            raise Unavailable(f"{self.url}: {reason}") from error


class GrpcServer:
    """A client of the gRPC interface; `open_server` says what the arguments are."""

    def __init__(self, address: str, name: str, version: int | None = None, timeout: float = 10.0):
        import grpc
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        self.address = address
        self.name, self.version, self.timeout = name, version, timeout
        self._channel = grpc.insecure_channel(address)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def classify(self, contents: list[bytes]) -> list[dict[str, Any]]:
        """Classify the contents of image files; see `open_server`."""
        import grpc
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.name
        request.model_spec.signature_name = contract.CLASSIFY_BYTES
        if self.version is not None:
            request.model_spec.version.value = self.version
        request.inputs[contract.IMAGE_BYTES].CopyFrom(tf.make_tensor_proto(contents, tf.string))
        try:
            answer = self._stub.Predict(request, timeout=self.timeout)
        except grpc.RpcError as error:
            details = answers.printable(error.details())
            message = f"{self.address}: {details}"
            if error.code().name in _LATER_GRPC and _TOO_LONG not in details:
                raise Unavailable(message) from error
            if error.code().name in _NEVER_GRPC:
                raise ServerError(message) from error
            raise Refused(details) from error
        try:
            columns = {
                name: tf.make_ndarray(answer.outputs[name]).tolist()
                for name in contract.CLASSIFY_OUTPUTS
                if name in answer.outputs
            }
            columns["class_name"] = [name.decode() for name in columns["class_name"]]
            rows = zip(*columns.values(), strict=True)
            named = [dict(zip(columns, row, strict=True)) for row in rows]
            return answers.checked(named, len(contents))
        except (BadAnswer, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _no_classification(self.address, error) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for an answer: a POST could not follow it, and addresses may be wild."""

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> None:
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _exchange(request, timeout):
    """Send a request; status and content of the answer, of one byte too many at most."""
    try:
        answer = urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        content = answer.read(MAX_ANSWER + 1)
        if len(content) <= MAX_ANSWER and getattr(answer, "length", None):
            raise http.client.IncompleteRead(content, answer.length)
        return answer.status, content


def _message(status, content):
    """What the server says of an HTTP error, or its standard reason."""
    try:
        return answers.printable(answers.decoded(content)["error"])
    except (BadAnswer, KeyError, TypeError):
        return http.client.responses.get(status, "an error without words")


def _no_classification(where, error):
    reason = answers.printable(error)
    return ServerError(
        f"{where}: the answer is not that of {contract.CLASSIFY_BYTES}: {reason}. Is it a server "
        "of an export, and of this version?"
    )
