"""Classifying many images on many machines: an Apache Beam pipeline, for any of Beam's runners.

Files are read and rows are made as `bulk` does; what differs is who shares the work out, that the
rows come in no order, and that work which is killed begins anew. The images, the model and the
output lie where every machine finds them under the same path, as in a folder that all mount.

This file needs the extra `beam`, and nothing imports it but who wants that.
"""

import dataclasses
import json
import logging
import pathlib
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import ModelHandler, RunInference
from apache_beam.options.pipeline_options import PipelineOptions

from aae_keras.deployment.prediction import bulk, listing, tables
from aae_keras.deployment.prediction.files import BATCH, answer_batch, read_batch
from aae_keras.deployment.prediction.listing import Item
from aae_keras.deployment.prediction.local import Predictor
from aae_keras.deployment.prediction.opening import open_predictor
from aae_keras.errors import first_line
from aae_keras.remarks import Remarks

log = logging.getLogger(__name__)

FAILED, REMARKS = "failed", "remarks"  # the outputs of `sort_out` beside the rows


@dataclasses.dataclass(frozen=True)
class Answer:
    """What comes of one image.

    Attributes:
        row: As `predict_files` gives it, with an `error` if it could not be read.
        remarks: What was assumed in reading it: keys of `remarks.REMARKS`.
    """

    row: dict[str, Any]
    remarks: tuple[str, ...] = ()


class Guarded:
    """A predictor with a lock: a worker's threads share it, and an interpreter serves one."""

    def __init__(self, predictor: Predictor):
        self.predictor = predictor
        self.lock = threading.Lock()


class PictureHandler(ModelHandler[Item, Answer, Guarded]):
    """Beam's way to an exported model: `RunInference(PictureHandler(path))` of `Item`s.

    Beam's own handlers for TensorFlow load no SavedModel that Keras 3 exported, and ask a LiteRT
    or ONNX file for one output alone.

    Args:
        path: What `open_predictor` takes, on the worker's machine.
    """

    def __init__(self, path: str | pathlib.Path):
        super().__init__(min_batch_size=BATCH, max_batch_size=BATCH)
        self._path = str(path)

    def load_model(self) -> Guarded:
        """Called once by each process that works."""
        return Guarded(open_predictor(self._path))

    def run_inference(
        self, batch: Sequence[Item], model: Guarded, inference_args: dict[str, Any] | None = None
    ) -> Iterable[Answer]:
        """The answers to some images, in order; files are read outside the lock."""
        read = read_batch(batch, model.predictor, Item.opened)
        with model.lock:
            rows = answer_batch(model.predictor, read)
        remarks = dict(read.remarks)
        return [Answer(row, remarks.get(row["image"], ())) for row in rows]


def sort_out(answer: Answer) -> Iterator[Any]:
    """What a `FlatMap(...).with_outputs(FAILED, REMARKS, main=...)` makes of an answer.

    Yields:
        Its row as a line of JSON, in the main output or in `FAILED`; and for each remark a pair of
        its kind and (1, the image's name in JSON) in `REMARKS`. Text in JSON is ASCII, which
        Beam's coders need: the name of a file may be no UTF-8.
    """
    line = json.dumps(answer.row)
    yield beam.pvalue.TaggedOutput(FAILED, line) if "error" in answer.row else line
    for kind in answer.remarks:
        yield beam.pvalue.TaggedOutput(REMARKS, (kind, (1, json.dumps(answer.row["image"]))))


def predict_all(
    model: str | pathlib.Path, images: str, output: str | pathlib.Path, options: PipelineOptions
) -> None:
    """Classify many images into a file, by a pipeline.

    Each image gets the row that `predict_files` would give it, in any order. Those that cannot be
    read are in `bulk.failures(output)`, which there is only if there are any.

    Args:
        model: What `open_predictor` takes.
        images: What `listing.find` takes.
        output: Path of a file that does not exist yet, whose suffix is a key of `tables.WRITERS`.
        options: Beam's: which runner, and what that wants to know.

    Raises:
        BulkError: If the output exists, or Beam does not take the options.
        DataError: If there are no images.
    """
    output = pathlib.Path(output).absolute()
    tables.check(output)
    bulk.refuse_existing(output)
    try:
        begun = beam.Pipeline(options=options)
    except (ValueError, ImportError, AttributeError) as error:  # no such runner, say
        raise bulk.BulkError(f"Beam does not take these options: {first_line(error)}") from error
    # Beside the output, since the workers read the listing and write the rows.
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
        work = pathlib.Path(name)
        listing.write(images, work / "images.jsonl")
        with begun as pipeline:
            _build(pipeline, pathlib.Path(model).absolute(), work)
        remarks = Remarks()
        for kind, (count, one) in _lines(work, REMARKS):
            remarks.add(json.loads(one), [kind], count)
        for line in remarks.lines():
            log.warning("%s", line)
        if any(work.glob(f"{FAILED}-*")):
            tables.write(_lines(work, FAILED), bulk.failures(output))
        tables.write(_lines(work, "rows"), output)


def _build(pipeline, model, work):
    sorted_out = (
        pipeline
        | "List" >> beam.io.ReadFromText(str(work / "images.jsonl"))
        | "Share out" >> beam.Reshuffle()
        | "Take up" >> beam.Map(_item)
        | "Classify" >> RunInference(PictureHandler(model))
        | "Sort out" >> beam.FlatMap(sort_out).with_outputs(FAILED, REMARKS, main="rows")
    )
    remarks = sorted_out[REMARKS] | beam.CombinePerKey(_together) | beam.Map(json.dumps)
    for name, lines in (
        ("rows", sorted_out.rows),
        (FAILED, sorted_out[FAILED]),
        (REMARKS, remarks),
    ):
        lines | f"Write {name}" >> beam.io.WriteToText(str(work / name), skip_if_empty=True)


def _item(line):
    return Item(*json.loads(line))


def _together(found):
    """The sum of counts, and one name of all, whatever their order."""
    counts, names = zip(*found, strict=True)
    return sum(counts), min(names)


def _lines(work, name):
    """What the lines of JSON of one output hold, over all its files."""
    for file in sorted(work.glob(f"{name}-*")):
        with open(file, encoding="utf-8") as lines:
            yield from map(json.loads, lines)
