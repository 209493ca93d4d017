"""Score a trained run on validation and test."""

import json

from . import cli

TOOL = cli.Tool(
    "evaluate", "Scores a trained run on its validation and test images; leaves metrics.json."
)
TOOL.run_flags()
TOOL.flag(
    bool,
    "baselines",
    False,
    "Score scikit-learn's LabelSpreading and SelfTrainingClassifier on the same split too: is this "
    "data one for which deep networks pay?",
)


@TOOL.main
def main(arguments):
    """See the module."""
    folder = cli.required("run_dir", "runs/digits-seed0")
    cli.check_trained(folder)
    cli.load_tensorflow()
    from aae_keras.experiment.scores import evaluation

    result = evaluation.evaluate_run(folder, with_baselines=cli.FLAGS.baselines, **cli.moved_data())
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    TOOL.run()
