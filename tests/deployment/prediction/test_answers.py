"""What a client makes of answers that no server of an export gives."""

import json
import threading

import pytest

from aae_keras.deployment.prediction import answers, clients
from tests.servers.raw import http, saying

GOOD = {"label": 1, "class_name": "b", "confidence": 0.75, "probabilities": [0.25, 0.75]}


def rows(*changes):
    """An answer with a row for each dict of changes."""
    return json.dumps({"predictions": [GOOD | change for change in changes]})


def asked(answer, timeout=20.0, **options):
    with saying(answer, **options) as address:
        server = clients.open_server(address, "tiny", timeout=timeout)
        return server.classify([b"\x89PNG"])


def test_a_good_answer_is_taken_as_it_is():
    assert asked(http(rows({"more": None}))) == [GOOD | {"more": None}]
    assert asked(http(rows({}).encode("utf-16"))) == [GOOD]  # JSON may be, and says so


@pytest.mark.parametrize(
    "body",
    [
        *("", "[]", "3", "null", "{}", "<html>", '{"predictions": null}', '{"predictions": 3}'),
        *('{"predictions": []}', '{"predictions": [1]}', '{"predictions": [null]}'),
        *(
            "[" * 100_000,
            "9" * 5000,
            '{"predictions": [' + "9" * 5000 + "]}",
            b"\xff\xfe\x00",
            b"\0",
        ),
        *(rows({}, {}), json.dumps({"predictions": [{"label": 1}]})),
        *(rows({name: None}) for name in GOOD),
        *(rows({name: []}) for name in GOOD),
        *(rows({"label": label}) for label in (-1, 2, 2**63, 0.5, True, "1", 0)),
        *(rows({"confidence": value}) for value in (float("nan"), float("inf"), -1, 2, "0.75")),
        rows({"confidence": 1e999}),
        *(rows({"probabilities": value}) for value in ([0.25, None], [[0.25, 0.75]], [0.25, -1e9])),
        *(rows({"probabilities": [0.25, value]}) for value in (float("nan"), True, "1")),
        rows({"class_name": {"b64": "Yg=="}}),
    ],
)
def test_any_other_answer_is_an_error_of_the_server(body):
    with pytest.raises(clients.ServerError, match="the answer is not that of classify_bytes: "):
        asked(http(body))


def test_rows_of_unequal_lengths_are_refused():
    one, two = GOOD, GOOD | {"probabilities": [0.25, 0.75, 0]}
    assert answers.checked([one, one], 2) == [one, one]
    with pytest.raises(answers.BadAnswer, match="unequal numbers"):
        answers.checked([one, two], 2)


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"\0", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 x\r\n\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        http("{}", "503 Later"),
        b"HTTP/1.1 503 Later\r\nContent-Length: 99\r\n\r\n{}",
    ],
)
def test_half_an_answer_is_none_and_the_server_is_asked_again(answer):
    with pytest.raises(clients.Unavailable, match="http://127.0.0.1:"):
        asked(answer)


@pytest.mark.parametrize(
    "error", ["null", "3", "[]", '{"error": null}', '{"error": [1]}', "\0", ""]
)
def test_a_refusal_without_words_is_one_too(error):
    with pytest.raises(clients.Refused):
        asked(http(error, "400 Bad Request"))


@pytest.mark.parametrize("place", ["http://[", "http://\1", "/", "http://localhost:1/x"])
def test_no_redirection_is_followed(place):
    with pytest.raises(clients.ServerError, match="tiny:predict: Found"):
        asked(http("", "302 Found", f"Location: {place}\r\n"))


def test_a_servers_words_are_one_printable_line():
    words = json.dumps({"error": "no\n\x1b[2Jscreen " + "x" * 500})
    with pytest.raises(clients.ServerError) as caught:
        asked(http(words, "404 Not Found"))
    assert ": no ?[2Jscreen xxx" in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("answer", [http(rows({})), b"HTTP/1.1 200 OK\r\nA: ", b""])
def test_there_is_one_deadline_for_the_whole_answer(answer):
    """Each byte comes long before a socket would time out, in body or head, and never the last."""
    with pytest.raises(clients.Unavailable, match="no whole answer in 0.3 s|timed out"):
        asked(answer[:-1], timeout=0.3, every=0.01)


def test_an_answer_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(clients, "MAX_ANSWER", 1000)
    with pytest.raises(clients.ServerError, match="longer than 1,000 bytes"):
        asked(http(b" " * 1001))
    assert asked(http(rows({}).ljust(1000))) == [GOOD]


def test_what_is_done_within_a_time_returns_or_raises_as_it_is():
    assert answers.within(20, lambda: 3) == 3
    with pytest.raises(KeyError):
        answers.within(20, lambda: {}[1])
    with pytest.raises(TimeoutError):
        answers.within(0.01, threading.Event().wait)
