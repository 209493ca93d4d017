"""Classify image files with an exported model or a server that has one, few or a million."""

import pathlib
import sys

from . import cli

TOOL = cli.Tool(
    "predict",
    "Classifies image files with an exported model and prints a line of JSON for each. A file that "
    "cannot be read gets a line with its error; the others go on, and the exit code is 1. A "
    "million go from --images to --output, which the same command goes on with after a kill.",
    arguments="IMAGE [IMAGE ...]",
)
TOOL.flag(
    str, "model", "", "saved_models/NAME, saved_models/NAME/VERSION, FILE.tflite or FILE.onnx."
)
TOOL.flag(
    str,
    "images",
    "",
    "FOLDER, 'PATTERN', LIST.txt or FILE.tfrecord, in place of IMAGE ...",
    "Many images",
)
TOOL.flag(
    str, "output", "", "FILE.jsonl, .csv or .parquet, for the rows of --images.", "Many images"
)
TOOL.flag(str, "server", "", "TensorFlow Serving instead: http://HOST:8501 or grpc://HOST:8500.")
TOOL.flag(str, "format", "jsonl", "What is printed: jsonl, csv or label-studio.")
TOOL.flag(str, "name", "digits", "What the model is called at the server.", "At a server")
TOOL.flag(int, "version", None, "Its version. [the server's choice]", "At a server")
TOOL.flag(float, "timeout", 10.0, "Seconds to wait for an answer.", "At a server")
BOTH = {"images": "photos/", "output": "labels.jsonl"}  # one needs the other
SERVER_FLAGS = ("name", "version", "timeout")


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    if flags.model and flags.server:
        raise cli.Usage("--model and --server exclude each other: choose one.")
    if not flags.server:
        cli.required("model", "saved_models/digits, or --server=http://localhost:8501")
        cli.refuse(SERVER_FLAGS, "is for --server; a version is chosen by its folder.")
    if flags.images or flags.output:
        if not all_from_images(arguments):
            sys.exit(1)
        return
    if not arguments:
        raise cli.Usage("Name at least one image file.")
    lines = printer()
    failed = []
    rows = (from_server if flags.server else from_files)(arguments)
    for line in lines(noting(rows, failed), flags.model or flags.name):
        print(line, flush=True)
    if failed:
        sys.exit(1)


def printer():
    """The function that makes text of rows, of the format that is asked for."""
    from aae_keras.deployment.prediction.printing import FORMATS

    if cli.FLAGS.format not in FORMATS:
        raise cli.Usage(f"--format is one of {', '.join(FORMATS)}. Received: {cli.FLAGS.format}")
    return FORMATS[cli.FLAGS.format]


def noting(rows, failed):
    """The same rows; those that failed are put into a list as well."""
    for row in rows:
        if "error" in row:
            failed.append(row)
        yield row


def from_files(paths):
    """Rows of an exported model."""
    from aae_keras.deployment import prediction

    return prediction.predict_files(opened(), paths)


def all_from_images(arguments):
    """Classify what --images names; whether all of it could be read."""
    from . import bulk

    images, output = (cli.required(name, example) for name, example in BOTH.items())
    if cli.FLAGS.server or arguments:
        raise cli.Usage("--images takes the place of IMAGE ... and needs --model.")
    cli.refuse(["format"], "is of what is printed; the name of --output says its own.")
    from aae_keras.deployment.prediction import tables

    tables.check(pathlib.Path(output))
    return bulk.predict(opened(), images, pathlib.Path(output))


def opened():
    """The predictor of --model, which classifies."""
    from aae_keras.deployment import prediction

    path = prediction.locate(cli.FLAGS.model)
    if path.is_dir():
        cli.load_tensorflow()
    predictor = prediction.open_predictor(path)
    if not predictor.has_latent_y:
        raise cli.Usage(f"{path} has no latent y, so it classifies nothing: it can only encode.")
    return predictor


def from_server(paths):
    """Rows of a server."""
    flags = cli.FLAGS
    if flags.server.startswith("grpc:"):
        cli.load_tensorflow()
    from aae_keras.deployment.prediction import clients, remote

    try:
        server = clients.open_server(flags.server, flags.name, flags.version, flags.timeout)
    except ValueError as error:
        raise cli.Usage(error) from error
    return remote.classify_files(server, paths)


if __name__ == "__main__":
    TOOL.run()
