"""Classify a great many image files on many machines, by Apache Beam and a runner of its."""

import pathlib
import sys

from . import bulk, cli, predict

TOOL = cli.Tool(
    "predict_beam",
    "Classifies the image files that `predict --images` takes, into the same file, by an Apache "
    "Beam pipeline: on as many machines as its runner has. Images, model and output lie where each "
    "of them finds them under the same path. Behind -- stand Beam's own options, such as "
    "--flink_master=HOST:8081.",
    arguments="[-- --BEAM_OPTION=VALUE ...]",
)
TOOL.flag(
    str, "model", "", "saved_models/NAME, saved_models/NAME/VERSION, FILE.tflite or FILE.onnx."
)
TOOL.flag(str, "images", "", "FOLDER, 'PATTERN', LIST.txt or FILE.tfrecord.")
TOOL.flag(str, "output", "", "FILE.jsonl, .csv or .parquet, for the rows, which come in no order.")
TOOL.flag(str, "runner", "DirectRunner", "Beam's: FlinkRunner, SparkRunner, ...; this machine's.")


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    cli.required("model", "saved_models/digits")
    images, output = (cli.required(name, example) for name, example in predict.BOTH.items())
    if stray := [word for word in arguments if not word.startswith("--")]:
        raise cli.Usage(f"{stray[0]!r}: only Beam's options may follow --, each --NAME=VALUE.")
    from apache_beam.options.pipeline_options import PipelineOptions

    from aae_keras.deployment.prediction import beam, tables

    output = pathlib.Path(output)
    tables.check(output)
    options = PipelineOptions([f"--runner={flags.runner}", *arguments])
    known = options.get_all_options().keys()
    for name in sorted(options.get_all_options(retain_unknown_options=True).keys() - known):
        print(f"--{name} is none of Beam's options; it is left to the runner.", file=sys.stderr)
    beam.predict_all(predict.opened().path, images, output, options)
    if not bulk.say_where(output):
        sys.exit(1)


if __name__ == "__main__":
    TOOL.run()
