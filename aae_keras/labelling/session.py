"""What is asked and what has been answered: one truth for all pages that are open at once."""

import dataclasses
import logging
import math
import pathlib
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from aae_keras.data import tables
from aae_keras.data.names import Classes
from aae_keras.data.source import DataError
from aae_keras.labelling.answers import Answers
from aae_keras.labelling.collection import Collection
from aae_keras.remarks import count_of

log = logging.getLogger(__name__)

NONE = -1
LONGEST_NAME = 200  # letters of a class's name


@dataclasses.dataclass(frozen=True)
class Question:
    """An image to label.

    Attributes:
        row: Of the `Collection`.
        image: What tables call it.
        predicted: The class, or the cluster, that a model takes it for; "" if none said.
        confidence: How sure the model is, in [0, 1]; None if none said.
        why: The reason to ask, in words; "" if there is none.
    """

    row: int
    image: str
    predicted: str = ""
    confidence: float | None = None
    why: str = ""


class Refused(ValueError):
    """An answer that is not taken; the message says why, and nothing has changed."""


def read_suggestions(path: pathlib.Path, collection: Collection) -> list[Question]:
    """The questions of a table of suggestions, in its order, each image once.

    Args:
        path: A CSV file with a column `image`, and `predicted`, `confidence`, `why` if there are.
        collection: That its images are of.

    Raises:
        DataError: If it cannot be read, or names what is no image of the data.
    """
    found: dict[int, Question] = {}
    others = ("predicted", "confidence", "why")
    for where, image, predicted, confidence, why in tables.read_rows(path, ("image",), others):
        row = collection.find(tables.Answer(where, image, ""))
        sure = _confidence(where, confidence)
        question = Question(row, collection.names[row], predicted, sure, why)
        found.setdefault(row, question)
    if not found:
        raise DataError(f"{path}: names no image. Expected a row for each image to label.")
    return list(found.values())


def unlabelled(collection: Collection) -> list[Question]:
    """A question for each training image that the data itself has no label of, in order.

    Raises:
        DataError: If there is none.
    """
    rows = [row for row in collection.train if collection.labels[row] == NONE]
    if not rows:
        raise DataError(
            "Every training image has a label in the data already. Name those to look at with "
            "--images=FILE.csv, a table with the column image."
        )
    return [Question(row, collection.names[row]) for row in rows]


class Session:
    """The questions, the classes and the answers; every method may be called by any thread.

    Attributes:
        questions: Those that a table of labels can name, by their number.
        answers: The file.

    Args:
        collection: The images.
        questions: What to ask.
        answers: Where answers go.
        class_names: Classes to offer beside those that the data and the file have.

    Raises:
        DataError: If training would refuse the file of answers, or a name.
    """

    def __init__(
        self,
        collection: Collection,
        questions: Sequence[Question],
        answers: Answers,
        class_names: Sequence[str] = (),
    ):
        self.collection = collection
        self.answers = answers
        self.questions = _nameable(questions)
        self._lock = threading.RLock()
        labels, names = collection.labels, collection.class_names
        if answers.given:
            labels, names = collection.joined(answers.path)
        self._classes = Classes(names)
        for name in class_names:
            self._add_class(name)
        # What the data itself says, and what a table has of it under another spelling of its name.
        self._said = {
            number: self._classes.names[labels[question.row]]
            for number, question in enumerate(self.questions)
            if labels[question.row] != NONE and question.image not in answers.given
        }
        self._number = {question.image: n for n, question in enumerate(self.questions)}
        # Every change since the start, for pages that must be told of what others did.
        self._changes = [
            (self._number[image], label)
            for image, label in answers.given.items()
            if image in self._number
        ]

    @property
    def done(self) -> int:
        """How many of the questions are answered."""
        return sum(question.image in self.answers.given for question in self.questions)

    def classes(self) -> list[str]:
        """Names of the classes, in their order."""
        with self._lock:
            return list(self._classes.names)

    def asked(self) -> list[dict[str, Any]]:
        """The questions as a page has them."""
        fields = ("image", "predicted", "confidence", "why")
        return [{name: getattr(q, name) for name in fields} for q in self.questions]

    def since(self, seen: int) -> dict[str, Any]:
        """What a page must be told that has seen so many changes, and the classes there are.

        Returns:
            A dict: `seen` to ask with next time, `changes` as pairs of a question's number and its
            label now ("" for none), `classes`.
        """
        with self._lock:
            changes = self._changes[max(seen, 0) :]
            return {"seen": len(self._changes), "changes": changes, "classes": self.classes()}

    def answer(self, numbers: Sequence[int], label: str) -> None:
        """Give the images of some questions a label, all or none; on the disk when it returns.

        Raises:
            IndexError: If there is no such question.
            Refused: If the class is not known, or an image has another label already.
            OSError: If the file cannot be written.
        """
        with self._lock:
            images = [self._question(number).image for number in numbers]
            if label not in self._classes.names:
                raise Refused(f"There is no class {label!r}. Add it first.")
            for number in numbers:
                said = self._said.get(number, label)
                if said != label:
                    raise Refused(
                        f"The data itself has {self.questions[number].image} as {said!r}, and "
                        "training refuses two labels. Correct the data, or skip the image."
                    )
            new = [n for n in dict.fromkeys(numbers) if self._label(n) != label]
            try:
                self.answers.add(images, label)
            except ValueError as error:
                raise Refused(str(error)) from error
            self._changes += [(number, label) for number in new]

    def undo(self, numbers: Sequence[int]) -> None:
        """Take the labels of some questions' images away, of all or of none.

        Raises:
            IndexError: If there is no such question.
            Refused: If one has none.
            OSError: If the file cannot be written.
        """
        with self._lock:
            images = [self._question(number).image for number in numbers]
            for image in images:
                if image not in self.answers.given:
                    raise Refused(f"{image} has no answer to undo.")
            self.answers.undo(images)
            self._changes += [(number, "") for number in numbers]

    def add_class(self, name: str) -> str:
        """Offer a class more, unless it is there already; returns its name as it is written.

        Raises:
            Refused: If training would refuse the name.
        """
        with self._lock:
            try:
                return self._add_class(name)
            except DataError as error:
                raise Refused(str(error)) from error

    def png(self, number: int, most: int) -> bytes:
        """The image of a question, see `Collection.png`.

        Raises:
            IndexError: If there is no such question.
        """
        return self.collection.png(self._question(number).row, most)

    def close(self) -> None:
        """Wait for an answer that is being written, and take none any more."""
        self._lock.acquire()

    def _question(self, number):
        if not 0 <= number < len(self.questions):
            raise IndexError(f"There is no image {number}.")
        return self.questions[number]

    def _label(self, number):
        return self.answers.given.get(self.questions[number].image)

    def _add_class(self, name):
        name = tables.checked("The name of a class", name)
        if len(name) > LONGEST_NAME:
            raise DataError(f"The name of a class has {len(name)} letters, {LONGEST_NAME} at most.")
        self._classes.add(name, "The name of a class")
        return name


def _nameable(questions: Iterable[Question]) -> list[Question]:
    """The questions whose images a table can name; the others are logged."""
    kept: list[Question] = []
    left: list[Question] = []
    for question in questions:
        (kept if tables.can_name(question.image) else left).append(question)
    if left:
        log.warning(
            "Left out %s whose names no table can hold, for spaces around them or line breaks in "
            "them. Rename them: %r", count_of(len(left), "image"), left[0].image,
        )  # fmt: skip
    return kept


def _confidence(where, text):
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise DataError(
            f"{where}, column confidence: expected a number from 0 to 1. Received: {text}"
        )
    return value
