"""Classify image files with an exported model, a line of JSON each."""

import json
import sys

from tools import cli

TOOL = cli.Tool(
    "predict",
    "Classifies image files with an exported model and prints a line of JSON for each. A file that "
    "cannot be read gets a line with its error; the others go on, and the exit code is 1.",
    arguments="IMAGE [IMAGE ...]",
)
TOOL.flag(str, "model", "", "saved_models/NAME, saved_models/NAME/VERSION, or FILE.tflite.")


def main(arguments):
    """See the module."""
    path = cli.required("model", "saved_models/digits")
    if not arguments:
        raise cli.Usage("Name at least one image file.")
    if not path.endswith(".tflite"):
        cli.load_tensorflow()
    from aae_keras import prediction

    failed = False
    for row in prediction.predict_files(prediction.open_predictor(path), arguments):
        print(json.dumps(row), flush=True)
        failed = failed or "error" in row
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    TOOL.run(main)
