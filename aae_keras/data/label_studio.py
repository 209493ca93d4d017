"""Label Studio's tasks for classifying images: those that it exports, those that it imports.

Its labelling setup is `SETUP`: one choice named `label`, of an image named `image`.
"""

import json
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

SETUP = (
    '<View><Image name="image" value="$image"/>'
    '<Choices name="label" toName="image" choice="single">...</Choices></View>'
)

# Where its server has images: a path there begins with it.
SERVED = "/data/"


def read_tasks(text: str) -> Iterator[tuple[str, str, str]]:
    """Where it stands, image and label of each annotated task of an export.

    Tasks without an annotation, and annotations that were cancelled, are passed over.

    Args:
        text: The JSON export of a project.

    Raises:
        ValueError: If it is no such export; the message begins with where.
    """
    try:
        tasks = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({error}). Export the project again, as JSON.") from error
    if not isinstance(tasks, list):
        raise ValueError("expected a list of tasks. Export the project as JSON.")
    for number, task in enumerate(tasks, 1):
        where = f"task {number}"
        if not isinstance(task, dict) or not isinstance(task.get("annotations"), list):
            raise ValueError(f"{where}: no list annotations. Export as JSON, not as JSON-MIN.")
        for annotation in task["annotations"]:
            if label := _label(annotation, where):
                yield where, _image(task, where), label


def task(image: str, class_name: str = "", score: float = 0.0, model: str = "") -> dict[str, Any]:
    """A task to import, with what a model says of the image.

    Args:
        image: What the image is called there: a URL, or a path.
        class_name: The predicted class; "" for a task without a prediction.
        score: How sure the model is, in [0, 1].
        model: What the model is called.
    """
    if not class_name:
        return {"data": {"image": image}}
    choice = {
        "id": "r0",
        "from_name": "label",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [class_name]},
    }
    prediction = {"model_version": model, "score": score, "result": [choice]}
    return {"data": {"image": image}, "predictions": [prediction]}


def _image(task, where):
    """The image of a task: its path, if a URL names it, without the server's own part."""
    data = task.get("data")
    image = str(data.get("image", "") if isinstance(data, Mapping) else "").strip()
    if not image:
        raise ValueError(f"{where}: data.image is missing or empty. Name the image there.")
    if "://" not in image and not image.startswith(SERVED):
        return image  # a path, whatever letters it has: a colon, a question mark
    parts = urllib.parse.urlsplit(image)
    if parts.path.endswith("/local-files/"):  # /data/local-files/?d=PATH
        if local := urllib.parse.parse_qs(parts.query).get("d"):
            return local[0]
    return urllib.parse.unquote(parts.path).lstrip("/") if parts.scheme else image


def _label(annotation, where):
    """The one choice of an annotation; "" if it was cancelled or has no result."""
    if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
        raise ValueError(f"{where}: an annotation has no list result. Export the project again.")
    if annotation.get("was_cancelled"):
        return ""
    found = []
    for result in annotation["result"]:
        value = result.get("value") if isinstance(result, dict) else None
        choices = value.get("choices") if isinstance(value, dict) else None
        if not isinstance(choices, list):
            raise ValueError(
                f"{where}: a result has no choices. Expected annotations of the setup {SETUP}"
            )
        found += choices
    if len(found) > 1 or not all(isinstance(choice, str) and choice.strip() for choice in found):
        raise ValueError(
            f"{where}: expected one choice, a class's name. Annotate it anew with "
            f'choice="single". Received: {found}'
        )
    return found[0].strip() if found else ""
