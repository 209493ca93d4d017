"""Measure how fast this machine trains, streams, starts and serves."""

import json

from . import cli

GROUPS = {
    "train": "steps of training, and our share of the machine's limit",
    "plus": "the same of the recipes beyond the paper",
    "photos": "the same of the convolutional pair on small colour images (minutes)",
    "scale": "how a step grows with batch and width",
    "setting": "steps of a preset of each learning setting",
    "trick": "what each speed trick of the step brings",
    "stream": "images on disk against images in memory",
    "million": "an epoch of a million images, and its memory (minutes)",
    "start": "from the command to help, first step, scores",
    "bulk": "images a second of predict --images, a loop, and Beam where it is installed (minutes)",
    "serve": "latency and size of exports",
}

TOOL = cli.Tool(
    "benchmark",
    "Measures speed and memory on generated images and prints a table: medians over rounds in "
    "which the candidates take turns. Leave the machine alone meanwhile.",
)
TOOL.flag(
    tuple,
    "only",
    [],
    "Groups of rows, of: " + "; ".join(f"{name} ({what})" for name, what in GROUPS.items()) + ".",
)
TOOL.flag(str, "output", "", "JSON file to write the rows to.")


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    if unknown := set(flags.only) - set(GROUPS):
        raise cli.Usage(f"--only must be of {', '.join(GROUPS)}. Received: {','.join(unknown)}")
    if flags.output:  # a path that cannot be written is better known now
        open(flags.output, "a", encoding="utf-8").close()
    cli.load_tensorflow()
    from .benchmarks import many, measure, serving, startup, streaming, training

    measures = {
        "train": training.rows,
        "plus": training.plus_rows,
        "photos": training.photo_rows,
        "scale": training.scale_rows,
        "setting": training.setting_rows,
        "trick": training.trick_rows,
        "stream": streaming.rows,
        "million": streaming.large_rows,
        "start": startup.rows,
        "bulk": many.rows,
        "serve": serving.rows,
    }
    report = {"machine": measure.machine(), "commit": measure.commit(), "rows": []}
    print(f"{report['machine']}\ncommit {report['commit']}\n")
    print(f"{'':42}{'value':>10}  unit")
    for name in flags.only or GROUPS:
        for row in measures[name]():
            print(f"{row.name:42}{row.value:>10.4g}  {row.unit}", flush=True)
            report["rows"].append({"name": row.name, "value": row.value, "unit": row.unit})
        if flags.output:  # after each group: the last of them takes long
            with open(flags.output, "w", encoding="utf-8") as file:
                json.dump(report, file, indent=2)


if __name__ == "__main__":
    TOOL.run()
