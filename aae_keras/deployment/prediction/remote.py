"""Classifying image files with TensorFlow Serving, by its REST or its gRPC interface.

Files are sent as they are: `classify_bytes` decodes and resizes them as training did. A batch that
the server refuses is sent again image by image, since one damaged file fails a whole request; an
image refused alone is sent once more as a plain PNG, if it can be read here.
"""

import logging
import pathlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

from aae_keras.deployment.prediction.clients import (
    GrpcServer,
    Refused,
    RestServer,
    ServerError,
    Unavailable,
)
from aae_keras.deployment.prediction.files import answer_row
from aae_keras.errors import UserError, first_line
from aae_keras.images import ImageError, plain_png
from aae_keras.pictures import check_regular

log = logging.getLogger(__name__)

BATCH = 64
BATCH_BYTES = 4_000_000  # whole photographs take the server most of a second each
ATTEMPTS = 5
FIRST_WAIT = 0.2  # seconds, doubled after each attempt
SENT_UNCHANGED = (b"\x89PNG", b"\xff\xd8\xff")  # PNG and JPEG


def classify_files(
    server: RestServer | GrpcServer, paths: Sequence[str | pathlib.Path]
) -> Iterator[dict[str, Any]]:
    """Classify image files, in order.

    Args:
        server: What `clients.open_server` returned.
        paths: Paths of the files.

    Yields:
        A dict per file, as `prediction.predict_files` does.

    Raises:
        ServerError: If the server cannot be reached, or has no such model.
    """
    for batch in _batches(paths):
        contents = {path: content for path, content in batch.items() if isinstance(content, bytes)}
        found = _answers(server, contents)
        for path, content_or_error in batch.items():
            if path in found:
                yield _row(path, found[path])
            else:
                yield {"image": str(path), "error": str(content_or_error)}


def _batches(paths):
    """The contents of files, or the errors in reading them: a dict by path of what is sent at once.

    A path that is named twice begins another batch.
    """
    batch, size = {}, 0
    for path in paths:
        try:
            content = read_file(path)
        except UserError as error:
            content = error
        length = len(content) if isinstance(content, bytes) else 0
        if batch and (len(batch) == BATCH or size + length > BATCH_BYTES or path in batch):
            yield batch
            batch, size = {}, 0
        batch[path] = content
        size += length
    if batch:
        yield batch


def _row(path, answer):
    """The row of a file that was sent."""
    if isinstance(answer, Refused):
        reason = first_line(answer).split("[[{{")[0].strip()  # without the graph's own names
        return {"image": str(path), "error": f"{path}: the server refused it: {reason}"}
    return answer_row(path, answer)


def _answers(server, contents):
    """Dict by path of the server's answers; a file that it refuses alone has its `Refused`."""
    if not contents:
        return {}
    try:
        rows = _with_retries(server.classify, list(contents.values()))
        return dict(zip(contents, rows, strict=True))
    except Refused as refused:
        if len(contents) == 1:
            return {path: _sent_plainly(server, path, refused) for path in contents}
    found = {}
    for path, content in contents.items():
        found |= _answers(server, {path: content})
    return found


def _sent_plainly(server, path, refused):
    """The answer to a refused file, sent as a plain PNG: the server's decoder may know less."""
    try:
        (answer,) = _with_retries(server.classify, [plain_png(path)])
    except ImageError:
        return refused
    except Refused as again:
        return again
    return answer


def _with_retries(classify, contents):
    """The answers of a server, called again after growing pauses while it is unavailable."""
    wait = FIRST_WAIT
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return classify(contents)
        except Unavailable as error:
            if attempt == ATTEMPTS:
                raise ServerError(
                    f"No answer after {ATTEMPTS} attempts. Is it up, at this address? {error}"
                ) from error
            log.info("%s; attempt %d of %d in %.1f s", error, attempt + 1, ATTEMPTS, wait)
        time.sleep(wait)
        wait *= 2


def read_file(path: str | pathlib.Path) -> bytes:
    """Read the content of an image file; one that is neither PNG nor JPEG is converted to PNG.

    Raises:
        ImageError: If there is no such file, or it is no image.
    """
    check_regular(path)
    try:
        content = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: cannot be read: {error.strerror}.") from error
    return content if content.startswith(SENT_UNCHANGED) else plain_png(path)
