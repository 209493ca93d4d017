"""A look-alike of TensorFlow Serving's REST interface: its paths and its JSON."""

import base64
import contextlib
import http.server
import json
import re
import threading

import numpy as np
import tensorflow as tf

from tests.servers.graph_mode import BadRequest, NotFound

PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>\d+))?:(?P<method>predict|classify)"
)


def answer(models, path, body):
    """The JSON object that answers a request.

    Args:
        models: Dict by name of dicts by version of `ServedModel`s.
        path: Of the URL.
        body: Text of the request.
    """
    found = PATH.fullmatch(path)
    if not found or found["name"] not in models:
        raise NotFound(f"Servable not found for request: {path}")
    versions = models[found["name"]]
    version = int(found["version"] or max(versions))
    if version not in versions:
        raise NotFound(f"Servable not found for request: Specific({found['name']}, {version})")
    model = versions[version]
    try:
        request = json.loads(body)
    except ValueError as error:
        raise BadRequest(f"JSON Parse error: {error}") from error
    name = request.get("signature_name", "")
    if found["method"] == "classify":
        return classified(model, name, request)
    signature = model.signature(name)
    if ("instances" in request) == ("inputs" in request):
        raise BadRequest('Missing "inputs" or "instances" key, or both are there')
    by_row = "instances" in request
    inputs = of_rows(request["instances"], signature) if by_row else request["inputs"]
    if not isinstance(inputs, dict):
        if len(signature.inputs) != 1:
            raise BadRequest("inputs is a plain value/list, but expecting an object/map")
        inputs = {next(iter(signature.inputs)): inputs}
    # The server walks through the signature's inputs: what else there is it does not see.
    known = {key: value for key, value in inputs.items() if key in signature.inputs}
    outputs = model.run(
        name, {key: tensor(key, value, signature.inputs[key]) for key, value in known.items()}
    )
    plain = {key: to_json(key, value) for key, value in outputs.items()}
    if not by_row:
        return {"outputs": plain if len(plain) > 1 else next(iter(plain.values()))}
    rows = [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]
    return {"predictions": rows if len(plain) > 1 else next(iter(plain.values()))}


def classified(model, name, request):
    """Classify: a list of examples in, a list of pairs of class and score for each out."""
    examples = []
    for features in request["examples"]:
        example = tf.train.Example()
        for key, value in features.items():
            content = base64.b64decode(value["b64"])
            example.features.feature[key].bytes_list.value.append(content)
        examples.append(example)
    found = model.classify(name, examples)
    pairs = zip(found["classes"], found["scores"], strict=True)
    return {
        "results": [[[c.decode(), float(s)] for c, s in zip(*row, strict=True)] for row in pairs]
    }


def of_rows(instances, signature):
    """Row format to column format."""
    if not isinstance(instances, list):
        raise BadRequest("Excepting 'instances' value to be a list")
    if not instances:
        raise BadRequest("No values in 'instances' array")
    if not isinstance(instances[0], dict) or "b64" in instances[0]:
        return instances
    if any(not isinstance(row, dict) or row.keys() != instances[0].keys() for row in instances):
        raise BadRequest("instances must all have the same names")
    return {key: [row[key] for row in instances] for key in instances[0]}


def tensor(key, value, info):
    """An array of a JSON value, in the type that the signature asks for."""
    dtype = tf.as_dtype(info.dtype)
    if dtype == tf.string:
        return np.array(strings(key, value), dtype=object)
    try:
        found = np.array(value)
    except ValueError as error:
        raise BadRequest(f'input "{key}": lists of unequal length') from error
    number = np.issubdtype(found.dtype, np.number) and not (
        dtype.is_integer and np.issubdtype(found.dtype, np.floating)
    )
    if not number:
        raise BadRequest(f'input "{key}": JSON value is not of expected type: {dtype.name}')
    return found.astype(dtype.as_numpy_dtype)


def strings(key, value):
    """Bytes of JSON: text, or base64 in an object."""
    if isinstance(value, list):
        return [strings(key, item) for item in value]
    if isinstance(value, dict) and value.keys() == {"b64"}:
        return base64.b64decode(value["b64"])
    if isinstance(value, str):
        return value.encode()
    raise BadRequest(f'input "{key}": JSON value is not of expected type: string')


def to_json(key, value):
    """JSON of an output: bytes as text, or base64 where its name ends in `_bytes`."""
    if value.dtype != object:
        return value.tolist()

    def text(item):
        if isinstance(item, list):
            return [text(each) for each in item]
        return {"b64": base64.b64encode(item).decode()} if key.endswith("_bytes") else item.decode()

    return text(value.tolist())


@contextlib.contextmanager
def serving(models, failures=()):
    """A server of models for as long as the context lasts; gives its address.

    Args:
        models: See `answer`.
        failures: Status codes to answer the first requests with, one each.
    """
    left = list(failures)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if left:
                return self.say(left.pop(0), {"error": "not now"})
            try:
                self.say(200, answer(models, self.path, body))
            except BadRequest as error:
                self.say(400, {"error": str(error)})
            except NotFound as error:
                self.say(404, {"error": str(error)})

        def say(self, status, found):
            content = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
