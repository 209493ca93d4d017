"""The page's server: what a browser on this machine may ask, and what is refused.

It listens on 127.0.0.1 alone. Who does not know the token of its address is refused, and so is a
page of another site, also where its name was made to lead here (DNS rebinding): `Host` must name
this machine, and `Origin` be the same. Images are named by number, never by path; of files it sends
those in `FILES`, and no others.
"""

import http.server
import importlib.resources
import json
import re
import secrets
import urllib.parse
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aae_keras.errors import UserError
from aae_keras.labelling.collection import LARGE, SMALL
from aae_keras.labelling.session import Refused, Session

HOST = "127.0.0.1"
# What a browser calls this server, which may reach it through a tunnel from a port of its own.
OURS = re.compile(rf"({re.escape(HOST)}|localhost)(:\d+)?")
MOST_BYTES = 65_536  # of what a page may send at once
SECONDS = 30  # that a browser may take to send it

_KINDS = {"css": "text/css", "html": "text/html", "js": "text/javascript"}
# By what the page calls them: its own files, and what it shares with the report's page.
FILES = {"": ("labelling", "index.html")} | {
    f"{room}/page/{name}": (room, name)
    for room, names in {
        "labelling": ("label.css", "label.js", "asking.js", "keys.js", "pace.js", "tiles.js"),
        "report": ("page.css", "dom.js"),
    }.items()
    for name in names
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'; require-trusted-types-for 'script'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_IMAGE = re.compile(r"(image|small)/([0-9]{1,9})")


class Server(http.server.ThreadingHTTPServer):
    """Serves a session to any number of pages, each request in a thread of its own.

    Attributes:
        url: The page's address, with the token in it.

    Args:
        session: What is asked and answered.
        about: What the page says of it, JSON: `dataset`, `labels`, `command`.
        port: To listen on; 0 for any that is free.

    Raises:
        UserError: If the port is taken.
    """

    daemon_threads = True

    def __init__(self, session: Session, about: Mapping[str, Any], port: int = 0):
        self.session = session
        self.about = dict(about)
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise UserError(
                f"--port={port} cannot be listened on: {error.strerror}. Pass another; 0 takes one "
                "that is free."
            ) from error
        self.url = f"http://{HOST}:{self.server_port}/{self.token}/"


class _Refusal(Exception):
    """A request that is refused.

    Args:
        status: Of the answer.
        message: Its text.
    """

    def __init__(self, status: HTTPStatus, message: str):
        super().__init__(message)
        self.status = status


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    timeout = SECONDS

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Plain text in place of a page. Python has its own code for methods it does not know."""
        is_method = code == HTTPStatus.NOT_IMPLEMENTED
        status = HTTPStatus.METHOD_NOT_ALLOWED if is_method else HTTPStatus(code)
        self._send(status, "text/plain", (message or status.phrase).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a log would hold the token."""

    def version_string(self) -> str:
        return "aae_keras"

    def _answer(self, function):
        try:
            self._check()
            kind, content = function(self.path.split("/", 2)[2])
            status = HTTPStatus.OK
        except _Refusal as refusal:
            status, kind, content = refusal.status, "text/plain", str(refusal).encode()
        except IndexError as error:
            status, kind, content = HTTPStatus.NOT_FOUND, "text/plain", str(error).encode()
        except Refused as error:
            status, kind, content = HTTPStatus.CONFLICT, "text/plain", str(error).encode()
        except UserError as error:  # an image that cannot be read
            status, kind = HTTPStatus.UNPROCESSABLE_ENTITY, "text/plain"
            content = str(error).encode(errors="replace")
        except TimeoutError:
            status, kind, content = HTTPStatus.REQUEST_TIMEOUT, "text/plain", b"Sent too slowly."
        except OSError as error:
            status, kind = HTTPStatus.INSUFFICIENT_STORAGE, "text/plain"
            text = f"{error.filename or self.server.session.answers.path}: {error.strerror}. "
            content = f"{text}Nothing of this answer is kept.".encode(errors="replace")
        try:
            self._send(status, kind, content)
        except ConnectionError:
            self.close_connection = True  # the page was closed meanwhile

    def _check(self):
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not OURS.fullmatch(hosts[0]):
            raise _Refusal(HTTPStatus.FORBIDDEN, "Another host.")
        for origin in self.headers.get_all("Origin") or []:
            if origin != f"http://{hosts[0]}":
                raise _Refusal(HTTPStatus.FORBIDDEN, "Another origin.")
        token = self.path.split("/", 2)[1:2] or [""]
        if not secrets.compare_digest(token[0].encode(), self.server.token.encode()):
            raise _Refusal(HTTPStatus.FORBIDDEN, "Open the address that the command has printed.")
        if self.path.count("/") < 2:
            raise _Refusal(HTTPStatus.NOT_FOUND, "The address ends with a slash.")

    def _get(self, path):
        session = self.server.session
        place, _, query = path.partition("?")
        if place in FILES:
            room, name = FILES[place]
            file = importlib.resources.files(f"aae_keras.{room}") / "page" / name
            return _KINDS[name.rpartition(".")[2]], file.read_bytes()
        if place == "session":
            return _json({**self.server.about, "questions": session.asked(), **session.since(0)})
        if place == "changes":
            seen = urllib.parse.parse_qs(query).get("seen", [""])[0]
            if not (seen.isascii() and seen.isdigit() and len(seen) < 10):
                raise _Refusal(HTTPStatus.BAD_REQUEST, "Expected ?seen=NUMBER.")
            return _json(session.since(int(seen)))
        if found := _IMAGE.fullmatch(place):
            most = SMALL if found[1] == "small" else LARGE
            return "image/png", session.png(int(found[2]), most)
        raise _Refusal(*self._no_such(place, _POSTED))

    def _post(self, path):
        if path not in _POSTED:
            known = {*FILES, "session", "changes"}
            raise _Refusal(*self._no_such(path, known if not _IMAGE.fullmatch(path) else {path}))
        asked = self._body()
        fields = _POSTED[path]
        if not isinstance(asked, dict) or asked.keys() != {"seen", *fields}:
            raise _Refusal(
                HTTPStatus.BAD_REQUEST, f"Expected an object of {', '.join(['seen', *fields])}."
            )
        values = [_checked(name, asked[name]) for name in fields]
        seen = _checked("seen", asked["seen"])
        session = self.server.session
        if path == "answer":
            session.answer(*values)
        elif path == "undo":
            session.undo(*values)
        else:
            session.add_class(*values)
        return _json(session.since(seen))

    def _body(self):
        """What a page has sent as JSON; what is too long is not read."""
        lengths = self.headers.get_all("Content-Length") or []
        if len(lengths) != 1 or "Transfer-Encoding" in self.headers:
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED, "Expected one Content-Length.")
        if not (lengths[0].isascii() and lengths[0].isdigit()):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "Content-Length is no number.")
        if len(lengths[0]) > 9 or int(lengths[0]) > MOST_BYTES:
            message = f"At most {MOST_BYTES} bytes are taken."
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
        if self.headers.get_content_type() != "application/json":
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Expected application/json.")
        body = self.rfile.read(int(lengths[0]))
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _Refusal(HTTPStatus.BAD_REQUEST, f"Not JSON: {error}") from error

    def _no_such(self, path, others):
        if path in others:
            return HTTPStatus.METHOD_NOT_ALLOWED, "Another method is needed here."
        return HTTPStatus.NOT_FOUND, "There is nothing here."

    def _send(self, status, kind, content):
        self.send_response(status)
        text = kind if kind.startswith("image/") else f"{kind}; charset=utf-8"
        headers = {"Content-Type": text, "Content-Length": str(len(content)), **_HEADERS}
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, POST"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


# What each kind of request holds, in the order of the session's arguments.
_POSTED = {"answer": ("numbers", "label"), "undo": ("numbers",), "classes": ("name",)}
_TYPES = {"numbers": "a list of whole numbers", "label": "a text", "name": "a text"}


def _checked(name, value):
    """A value of a request; refused if it is of another type."""
    expected = _TYPES.get(name, "a whole number")
    if expected == "a text":
        fits = isinstance(value, str)
    elif expected == "a whole number":
        fits = type(value) is int
    else:
        fits = isinstance(value, list) and value and all(type(item) is int for item in value)
    if not fits:
        raise _Refusal(HTTPStatus.BAD_REQUEST, f"`{name}` must be {expected}.")
    return value


def _json(value):
    return "application/json", json.dumps(value).encode()
