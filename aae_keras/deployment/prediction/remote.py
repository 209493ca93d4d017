"""TensorFlow Serving asked for the class of image files, by its REST or its gRPC interface.

Files are sent as they are: `classify_bytes` decodes and resizes them as training did. A batch that
the server refuses is sent again image by image, since one damaged file fails a whole request.
"""

import base64
import http.client
import io
import json
import logging
import time
import urllib.error
import urllib.parse
import urllib.request

from PIL import Image, UnidentifiedImageError

from aae_keras.deployment import contract
from aae_keras.errors import UserError, first_line

log = logging.getLogger(__name__)

BATCH = 64
BATCH_BYTES = 4_000_000  # whole photographs take the server most of a second each
ATTEMPTS = 5
MAX_TIMEOUT = 86_400.0
FIRST_WAIT = 0.2  # seconds, doubled after each attempt
SENT_AS_THEY_ARE = ("PNG", "JPEG")
MODES_OF_PNG = ("1", "L", "LA", "P", "RGB", "RGBA")


class ServerError(UserError):
    """A server that cannot be asked at all."""


class Refused(Exception):
    """A request that the server answered with an error of its content."""


class Unavailable(Exception):
    """A server that may answer if asked once more."""


def open_server(address, name, version=None, timeout=10.0):
    """A server that has an exported model.

    Args:
        address: `http://HOST:PORT`, `https://HOST:PORT` or `grpc://HOST:PORT`.
        name: Of the model at the server.
        version: Whole number, or None for the one the server would choose.
        timeout: Seconds to wait for an answer.

    Returns:
        An object whose `classify(contents)` maps the contents of PNG or JPEG files to a dict of
        output values for each.

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
    """See `open_server`."""

    def __init__(self, address, name, version=None, timeout=10.0):
        chosen = "" if version is None else f"/versions/{version}"
        self.url = f"{address}/v1/models/{urllib.parse.quote(name)}{chosen}:predict"
        self.timeout = timeout

    def classify(self, contents):
        """See `open_server`."""
        instances = [
            {contract.IMAGE_BYTES: {"b64": base64.b64encode(content).decode()}}
            for content in contents
        ]
        body = {"signature_name": contract.CLASSIFY_BYTES, "instances": instances}
        found = self._post(json.dumps(body).encode())
        rows = found.get("predictions") if isinstance(found, dict) else None
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and contract.CLASSIFY_OUTPUTS.keys() <= row.keys() for row in rows
        ):
            raise ServerError(f"{self.url}: the answer is not that of {contract.CLASSIFY_BYTES}.")
        return rows

    def _post(self, body):
        request = urllib.request.Request(
            self.url, body, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            message = _message(error)
            if error.code in (502, 503, 504):
                raise Unavailable(f"{self.url}: {error.code} {message}") from error
            if error.code == 404:
                raise ServerError(f"{self.url}: {message}") from error
            raise Refused(message) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self.url}: {getattr(error, 'reason', error)}") from error
        except json.JSONDecodeError as error:
            raise ServerError(f"{self.url}: the answer is no JSON.") from error


class GrpcServer:
    """See `open_server`."""

    def __init__(self, address, name, version=None, timeout=10.0):
        import grpc
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        self.address = address
        self.name, self.version, self.timeout = name, version, timeout
        self._channel = grpc.insecure_channel(address)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def classify(self, contents):
        """See `open_server`."""
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
            message = f"{self.address}: {error.details()}"
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise Unavailable(message) from error
            if error.code() == grpc.StatusCode.NOT_FOUND:
                raise ServerError(message) from error
            raise Refused(error.details()) from error
        if not contract.CLASSIFY_OUTPUTS.keys() <= answer.outputs.keys():
            raise ServerError(
                f"{self.address}: the answer is not that of {contract.CLASSIFY_BYTES}."
            )
        found = {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}
        return [
            {name: values[rank] for name, values in found.items()} for rank in range(len(contents))
        ]


def classify_files(server, paths, answer_row):
    """Classify image files, in order.

    Args:
        server: What `open_server` returned.
        paths: Of the files.
        answer_row: What makes a row of a path and its output values.

    Yields:
        A dict per file, as `prediction.predict_files` does.

    Raises:
        ServerError: If the server cannot be reached, or has no such model.
    """
    for batch in _batches(paths):
        contents = {path: found for path, found in batch.items() if isinstance(found, bytes)}
        answers = _answers(server, contents)
        for path, found in batch.items():
            if path in answers:
                yield _row(path, answers[path], answer_row)
            else:
                yield {"image": str(path), "error": str(found)}


def _batches(paths):
    """Dicts by path of a file's content, or of the error in reading it: as much as is sent at once.

    A path named twice begins another batch.
    """
    batch, size = {}, 0
    for path in paths:
        try:
            found = read_file(path)
        except UserError as error:
            found = error
        length = len(found) if isinstance(found, bytes) else 0
        if batch and (len(batch) == BATCH or size + length > BATCH_BYTES or path in batch):
            yield batch
            batch, size = {}, 0
        batch[path] = found
        size += length
    if batch:
        yield batch


def _row(path, found, answer_row):
    if isinstance(found, Refused):
        said = first_line(found).split("[[{{")[0].strip()  # without the graph's own names
        return {"image": str(path), "error": f"{path}: the server refused it: {said}"}
    return answer_row(path, found)


def _answers(server, contents):
    """Dict by path of what the server says, or of the `Refused` that it gives instead."""
    if not contents:
        return {}
    try:
        found = _patiently(server.classify, list(contents.values()))
        if len(found) != len(contents):
            raise ServerError(f"Sent {len(contents)} images. Received: {len(found)} answers")
        return dict(zip(contents, found, strict=True))
    except Refused as refused:
        if len(contents) == 1:
            return dict.fromkeys(contents, refused)
    alone = [_answers(server, {path: content}) for path, content in contents.items()]
    return {path: found for answers in alone for path, found in answers.items()}


def _patiently(ask, contents):
    """Ask, and again with growing pauses while the server is unavailable."""
    wait = FIRST_WAIT
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask(contents)
        except Unavailable as error:
            if attempt == ATTEMPTS:
                raise ServerError(f"No answer after {ATTEMPTS} attempts. {error}") from error
            log.info("%s; attempt %d of %d in %.1f s", error, attempt + 1, ATTEMPTS, wait)
        time.sleep(wait)
        wait *= 2


def read_file(path):
    """The content of an image file, as PNG where it is neither that nor JPEG.

    Raises:
        UserError: If there is no such file, or it is no image.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
        with Image.open(io.BytesIO(content)) as picture:
            if picture.format in SENT_AS_THEY_ARE:
                return content
            if picture.mode not in MODES_OF_PNG and not picture.mode.startswith(("I", "F")):
                picture = picture.convert("RGB")
            again = io.BytesIO()
            picture.save(again, "PNG")
            return again.getvalue()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UserError(f"{path}: there is no such file.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: not a readable image ({error}).") from error


def _message(error):
    try:
        return json.load(error)["error"]
    except (ValueError, KeyError, TypeError):
        return error.reason
