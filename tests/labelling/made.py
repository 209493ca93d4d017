"""A folder of small images to label, a session about them, and a client that is no browser."""

import contextlib
import http.client
import json
import pathlib
import threading

from aae_keras.labelling import answers, collection, session
from aae_keras.labelling.server import Server
from tests.folders import write_images

HOSTILE = "<script>alert(1)</script>"


def folder(root: pathlib.Path, count: int = 6) -> pathlib.Path:
    """One image of a, one of b, and `count` without a label: unlabeled/000.png, ..."""
    write_images(root, {"a": 1, "b": 1, "unlabeled": count})
    return root


def name(number: int) -> str:
    return f"unlabeled/{number:03d}.png"


@contextlib.contextmanager
def begun(root, path, classes=(), questions=None):
    """The session about a folder's images without a label."""
    images = collection.open_collection(str(root))
    with answers.opened(path) as file:
        yield session.Session(images, questions or session.unlabelled(images), file, classes)


@contextlib.contextmanager
def served(root, path, classes=()):
    """A server of that session."""
    with begun(root, path, classes) as made:
        about = {"dataset": HOSTILE, "labels": str(path), "command": "python -m tools.train"}
        with serving(made, about) as server:
            yield server


@contextlib.contextmanager
def serving(made, about):
    """A server of a session, in a thread of its own."""
    with Server(made, about) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(url, path, body=None, method=None, **headers):
    """Status and content of an answer; a `body` that is no bytes is sent as JSON."""
    host, _, token = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=30)
    if body is not None:
        headers.setdefault("Content_Type", "application/json")
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    method = method or ("GET" if body is None else "POST")
    path = path if path.startswith("/") else f"/{token}{path}"
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def post(url, path, seen=0, **values):
    """Status, and what JSON or text came."""
    status, content = ask(url, path, {"seen": seen, **values})
    return status, json.loads(content) if status == 200 else content.decode()
