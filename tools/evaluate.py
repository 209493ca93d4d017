"""Score a trained run on validation and test."""

import json

from . import cli

TOOL = cli.Tool(
    "evaluate", "Scores a trained run on its validation and test images; leaves metrics.json."
)
TOOL.run_flags()


@TOOL.main
def main(arguments):
    """See the module."""
    folder = cli.required("run_dir", "runs/digits-seed0")
    cli.check_trained(folder)
    cli.load_tensorflow()
    from aae_keras.experiment import evaluation

    print(json.dumps(evaluation.evaluate_run(folder, **cli.moved_data()), indent=2))


if __name__ == "__main__":
    TOOL.run()
