"""What a server answers: in time, not without end, and of the form that was asked for, or refused.

A server is whoever listens at an address. Nothing that it sends may be printed as a prediction, or
end in a traceback, unless it is one.
"""

import concurrent.futures
import json
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aae_keras.deployment import contract

Result = TypeVar("Result")

SLACK = 1e-3  # how far a probability may leave [0, 1], or confidence lie from it: few digits
LONGEST_TEXT = 300  # characters of a server's own words that are printed


class BadAnswer(Exception):
    """An answer that is not what was asked for."""


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """What a function returns, if it returns in time; one that does not is left to itself.

    A socket's own timeout is of each piece: an answer of a byte a second would take for ever.

    Raises:
        TimeoutError: If it does not.
        Exception: What the function raises.
    """
    future: concurrent.futures.Future[Result] = concurrent.futures.Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result(seconds)


def decoded(content: bytes) -> Any:
    """JSON as Python's values.

    Raises:
        BadAnswer: If it is none.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:  # other encodings, and numbers without end, too
        raise BadAnswer("it is no JSON") from error


def predictions(answer: Any, count: int) -> list[dict[str, Any]]:
    """The rows of TensorFlow Serving's JSON for so many images, each checked.

    Raises:
        BadAnswer: If it is anything else.
    """
    rows = answer.get("predictions") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise BadAnswer("it has no list of predictions")
    return checked(rows, count)


def checked(rows: Sequence[Any], count: int) -> list[dict[str, Any]]:
    """The answers to so many images: dicts with the values of `contract.CLASSIFY_OUTPUTS`.

    Args:
        rows: What a server says of each image, from JSON or NumPy.
        count: How many images it was sent.

    Raises:
        BadAnswer: If there is another number of them, or one is no classification.
    """
    if len(rows) != count:
        raise BadAnswer(f"it has {len(rows)} predictions for {count} images")
    found = [_row(row) for row in rows]
    if len({len(row["probabilities"]) for row in found}) > 1:
        raise BadAnswer("its predictions have unequal numbers of probabilities")
    return found


def printable(text: Any) -> str:
    """A server's own words on one line, as a terminal can show them."""
    text = " ".join(str(text).split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if len(shown) <= LONGEST_TEXT else f"{shown[:LONGEST_TEXT]} ..."


def _row(row):
    if not isinstance(row, dict) or not contract.CLASSIFY_OUTPUTS.keys() <= row.keys():
        raise BadAnswer(f"a prediction lacks one of {', '.join(contract.CLASSIFY_OUTPUTS)}")
    probabilities = row["probabilities"]
    if not isinstance(probabilities, list) or not probabilities:
        raise BadAnswer("its probabilities are no list")
    if not all(_is_share(value) for value in (*probabilities, row["confidence"])):
        raise BadAnswer("a probability or a confidence is no number in [0, 1]")
    label, name = row["label"], row["class_name"]
    if type(label) is not int or not 0 <= label < len(probabilities):
        raise BadAnswer(f"a label is none of 0 to {len(probabilities) - 1}")
    if not isinstance(name, str) or abs(probabilities[label] - row["confidence"]) > SLACK:
        raise BadAnswer("a class name is no text, or a confidence is not that of its label")
    return row


def _is_share(value):
    return type(value) in (int, float) and math.isfinite(value) and -SLACK <= value <= 1 + SLACK
