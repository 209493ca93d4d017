"""What the page's server refuses, each with its status; what two pages see; what a kill leaves."""

import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from aae_keras.data import tables
from aae_keras.labelling import server as server_module
from aae_keras.labelling.server import FILES, MOST_BYTES
from tests.labelling import made
from tests.labelling.made import ask, post

SERVE = """
    import contextlib, pathlib, sys
    from tests.labelling import made
    with made.served(*map(pathlib.Path, sys.argv[1:])) as server:
        print(server.url, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def server(root, path):
    with made.served(root, path, [made.HOSTILE]) as server:
        yield server


ANSWER = {"seen": 0, "numbers": [0], "label": "a"}


@pytest.mark.parametrize(
    "asked, options, status",
    [
        ("/", {}, 403),  # no token
        ("/session", {}, 403),
        ("/wrong/session", {}, 403),
        ("/wrong/answer", {"body": ANSWER}, 403),
        ("//session", {}, 403),
        ("session", {"Host": "evil.example"}, 403),
        ("session", {"Host": "127.0.0.1.evil.example"}, 403),
        ("session", {"Host": "localhost:8888", "Origin": "http://localhost:9999"}, 403),
        ("session", {"Origin": "http://evil.example"}, 403),
        ("answer", {"body": ANSWER, "Origin": "null"}, 403),
        ("image/6", {}, 404),
        ("image/-1", {}, 404),
        ("image/0/", {}, 404),
        ("image/00000000000", {}, 404),
        ("image/../../../etc/passwd", {}, 404),
        ("image/%2e%2e%2fphotos", {}, 404),
        ("image/unlabeled/000.png", {}, 404),
        ("labelling/page/../session.py", {}, 404),
        ("labelling/page/package.json", {}, 404),
        ("labels.csv", {}, 404),
        ("answer", {"body": ANSWER | {"numbers": [6]}}, 404),
        ("answer", {}, 405),
        ("image/0", {"body": ANSWER}, 405),
        ("session", {"body": ANSWER}, 405),
        ("session", {"method": "PUT"}, 405),
        ("session", {"method": "HEAD"}, 405),
        ("answer", {"method": "DELETE"}, 405),
        ("answer", {"method": "OPTIONS"}, 405),
        ("answer", {"body": ANSWER, "Content_Type": "text/plain"}, 415),
        ("answer", {"body": ANSWER, "Content_Type": "application/x-www-form-urlencoded"}, 415),
        ("answer", {"body": b"{"}, 400),
        ("answer", {"body": b"\xff"}, 400),
        ("answer", {"body": b"[" * 60_000}, 400),
        ("answer", {"body": []}, 400),
        ("answer", {"body": ANSWER | {"more": 1}}, 400),
        ("answer", {"body": ANSWER | {"numbers": []}}, 400),
        ("answer", {"body": ANSWER | {"numbers": [True]}}, 400),
        ("answer", {"body": ANSWER | {"label": None}}, 400),
        ("answer", {"body": ANSWER | {"seen": "0"}}, 400),
        ("changes?seen=x", {}, 400),
        ("answer", {"body": ANSWER | {"label": "zebra"}}, 409),
        ("undo", {"body": {"seen": 0, "numbers": [0]}}, 409),
        ("classes", {"body": {"seen": 0, "name": "A"}}, 409),
    ],
)
def test_what_is_refused(server, asked, options, status):
    assert ask(server.url, asked, **options)[0] == status
    assert not server.session.answers.path.exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8888", "127.0.0.1:65000"])
def test_a_tunnel_may_have_a_port_of_its_own(server, host):
    """`ssh -L 8888:127.0.0.1:PORT`: the browser names the port that it sees."""
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert ask(server.url, "session", **headers)[0] == 200
    assert ask(server.url, "answer", ANSWER, **headers)[0] == 200


def test_a_long_body_is_refused_before_it_is_read(server):
    """No byte of it is ever sent: an answer comes all the same."""
    host = server.url.split("/")[2]
    for length, status in ((str(MOST_BYTES + 1), 413), ("9" * 30, 413), ("-1", 400), (None, 411)):
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.putrequest("POST", f"/{server.token}/answer")
        connection.putheader("Content-Type", "application/json")
        if length is not None:
            connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()


def test_a_slow_body_is_given_up(server, monkeypatch):
    monkeypatch.setattr(server_module._Handler, "timeout", 0.2)
    connection = http.client.HTTPConnection(server.url.split("/")[2], timeout=30)
    connection.putrequest("POST", f"/{server.token}/answer")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "50")
    connection.endheaders(b"{")
    assert connection.getresponse().status == 408
    connection.close()


def test_it_listens_on_this_machine_alone_and_its_token_is_long(server):
    assert server.server_address[0] == "127.0.0.1"
    assert re.fullmatch(r"[\w-]{32}", server.token)  # 24 bytes of chance


def test_every_answer_carries_the_policy(server):
    connection = http.client.HTTPConnection(server.url.split("/")[2], timeout=30)
    for path in (f"/{server.token}/", f"/{server.token}/image/0", "/", f"/{server.token}/none"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy and "http" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        connection.close()


def test_all_of_the_page_is_served_and_nothing_else_is_asked_for(server):
    page = ask(server.url, "")[1].decode()
    for room in ("labelling", "report"):
        folder = pathlib.Path("aae_keras", room, "page")
        held = {file.name for file in folder.iterdir() if file.suffix in (".js", ".css")}
        sent = {name for there, name in FILES.values() if there == room} - {"index.html"}
        assert sent <= held and (room == "report" or sent == held)
    for name, (room, file) in FILES.items():
        status, content = ask(server.url, name)
        assert (status, content) == (
            200, pathlib.Path("aae_keras", room, "page", file).read_bytes(),
        )  # fmt: skip
    assert "<script>" not in page and "style=" not in page and "http:" not in page
    for linked in re.findall(r'(?:src|href)="([^"#:]+)"', page):
        assert linked in FILES


def test_a_page_labels_and_undoes(server, path):
    status, session = ask(server.url, "session")
    session = json.loads(session)
    assert status == 200 and session["dataset"] == made.HOSTILE
    assert session["classes"] == ["a", "b", made.HOSTILE] and len(session["questions"]) == 6
    assert ask(server.url, "image/0")[1].startswith(b"\x89PNG")
    assert post(server.url, "answer", numbers=[0, 1], label=made.HOSTILE)[1]["seen"] == 2
    assert post(server.url, "undo", seen=2, numbers=[1])[1]["changes"] == [[1, ""]]
    assert [(a.image, a.label) for a in tables.read_table(path)] == [(made.name(0), made.HOSTILE)]


def test_an_image_that_cannot_be_read_says_why(server, root):
    (root / made.name(2)).write_bytes(b"\x89PNG broken")
    status, content = ask(server.url, "image/2")
    assert status == 422 and b"not a readable image" in content


def test_a_full_disk_is_said_and_nothing_is_kept(server, path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("aae_keras.labelling.answers.os.fsync", full)
        patch.setattr(
            "aae_keras.labelling.answers.begin", lambda path, _: path.write_text("image,label\n")
        )
        status, message = post(server.url, "answer", numbers=[0], label="a")
    assert status == 507 and "No space left on device. Nothing of this answer is kept" in message
    assert path.read_text() == "image,label\n" and server.session.done == 0


def test_pages_at_once_overwrite_nothing(server, path):
    """Six clients answer all images, each in its own order: one label of each image stands."""
    outcomes = []

    def label_all(number):
        for place in np.random.default_rng(number).permutation(6).tolist():
            status, _ = post(server.url, "answer", numbers=[place], label="ab"[number % 2])
            outcomes.append((place, "ab"[number % 2], status))

    threads = [threading.Thread(target=label_all, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = [(answer.image, answer.label) for answer in tables.read_table(path)]
    assert sorted(image for image, _ in rows) == [made.name(n) for n in range(6)]
    assert {status for *_, status in outcomes} <= {200, 409}
    for place, label, status in outcomes:  # whoever was told that it is saved finds it there
        assert (dict(rows)[made.name(place)] == label) == (status == 200)


def start(root, path):
    """A server in a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVE), root, path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.exhaustive)])
def test_a_kill_loses_no_answer_and_doubles_none(tmp_path, path, kills):
    """Killed at chance moments while a client answers and undoes; the next server goes on."""
    root = made.folder(tmp_path / "photos", count=200)
    random = np.random.default_rng(0)
    expected = {}
    for _ in range(kills):
        process, url = start(root, path)
        until, delay = int(random.integers(1, 20)), float(random.uniform(0, 0.01))
        kill = threading.Timer(delay, process.send_signal, [signal.SIGKILL])
        answered = 0
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            while True:
                place, label = int(random.integers(200)), str(random.choice(["a", "b"]))
                before, wanted = expected.get(place), None if place in expected else label
                what = {"path": "answer", "label": label} if wanted else {"path": "undo"}
                status, _ = post(url, numbers=[place], **what)
                assert status == 200
                expected[place] = wanted
                expected = {key: value for key, value in expected.items() if value}
                answered += 1
                if answered == until:
                    kill.start()
        process.wait()
        process.stdout.close()
        process.stdin.close()
        with made.begun(root, path) as begun:  # mends it
            found = dict(begun.since(0)["changes"])
            assert len(tables.read_table(path)) == len(found)  # none twice
        assert found.get(place) in (before, wanted)  # the one that was not acknowledged
        expected.pop(place, None)
        assert {key: value for key, value in found.items() if key != place} == expected
        expected = found


def test_the_tool_ends_with_what_comes_next(tmp_path, path):
    root = made.folder(tmp_path / "photos")
    command = [
        sys.executable, "-m", "tools.label", f"--dataset={root}", f"--labels={path}",
        "--classes=cat,dog",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    url = process.stdout.readline().strip()
    assert post(url, "answer", numbers=[0, 4], label="cat")[0] == 200
    second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode == 1 and "Traceback" not in second.stderr
    assert f"{path} is being written by another python -m tools.label" in second.stderr
    process.send_signal(signal.SIGINT)
    said, messages = process.communicate(timeout=60)
    assert process.returncode == 0, messages
    assert said == (
        f"2 answers in {path} (2 of 6 images shown here). Next: python -m tools.train "
        f"--dataset={root} --labels={path}\n"
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["labels.csv", "photos"]


def test_the_tool_ends_without_an_answer(tmp_path, path):
    """What comes next would fail: there is no table to train with."""
    root = made.folder(tmp_path / "photos")
    command = [sys.executable, "-m", "tools.label", f"--dataset={root}", f"--labels={path}"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    url = process.stdout.readline().strip()
    assert post(url, "undo", numbers=[0])[0] == 409  # nothing to undo: it serves now
    process.send_signal(signal.SIGINT)
    said, messages = process.communicate(timeout=60)
    assert process.returncode == 0, messages
    assert said == f"No image has got a label, so {path} says nothing yet.\n"
