"""Answers of a server with values and bytes changed: predictions as they were, or a message."""

import copy
import json

from aae_keras.deployment.prediction import clients
from tests.servers.raw import http, saying

GOOD = {"label": 1, "class_name": "b", "confidence": 0.75, "probabilities": [0.25, 0.75]}
ODD = (None, True, -1, 2**70, 0.5, float("nan"), float("inf"), "x", "", [], [[]], {}, [None], "\0")


def case(random):
    """The bytes that a server sends."""
    answer = copy.deepcopy({"predictions": [GOOD]})
    row = answer["predictions"][0]
    kind = random.randrange(5)
    if kind == 0:
        row[random.choice(list(row))] = random.choice(ODD)
    elif kind == 1:
        row["probabilities"][random.randrange(2)] = random.choice(ODD)
    elif kind == 2:
        answer["predictions"] = random.choice([*ODD, [GOOD] * 3, [[]]])
    status = random.choice(
        ["200 OK"] * 5 + ["400 Bad", "404 Not", "500 Worse", "503 Later", "302 X"]
    )
    encoding = random.choice(["utf-8"] * 5 + ["utf-16", "utf-32-be", "utf-7"])
    content = bytearray(http(json.dumps(answer).encode(encoding), status))
    if kind >= 3:
        for _ in range(random.randrange(4)):
            content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    if random.random() < 0.2:
        del content[random.randrange(len(content)) :]
    return bytes(content)


def check(content):
    """What came of them: `predictions` or `message`."""
    with saying(content) as address:
        server = clients.open_server(address, "tiny", timeout=5.0)
        try:
            (row,) = server.classify([b"\x89PNG"])
        except (clients.ServerError, clients.Unavailable, clients.Refused) as error:
            assert str(error).isprintable(), str(error)
            return "message"
    assert 0 <= row["label"] < len(row["probabilities"]) and isinstance(row["class_name"], str)
    assert all(-0.01 < value < 1.01 for value in (*row["probabilities"], row["confidence"]))
    return "predictions"
