"""Name the images whose labels would help most."""

import sys

from aae_keras.experiment.configuration.presets import OWN_CLUSTERS

from . import cli

TOOL = cli.Tool(
    "suggest",
    "Names the unlabelled training images of a trained run whose labels would help most; leaves "
    "suggestions.csv and suggestions.json. Without a run, --dataset alone first trains a model "
    "that finds groups without labels; then the flags of a configuration are taken too.",
)
TOOL.flag(str, "run_dir", "", "The run folder; with it --dataset, --data_dir, --labels have moved.")
TOOL.flag(int, "count", 50, "How many images.")
TOOL.flag(
    str,
    "method",
    "auto",
    "typical: the densest images of groups without a label, for few labels; uncertain: those "
    "between two classes, for many; auto: from the one to the other by how many there are; random.",
)
TOOL.flag(str, "output", "", "The table, FILE.csv. [suggestions.csv in the run folder]")
TOOL.flag(str, "config", "", "YAML file of fields, where there is no run yet.")
TOOL.config_flags(OWN_CLUSTERS)

MOVED = {"dataset", "data_dir", "labels"}


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    if flags.count < 1:
        raise cli.Usage(f"--count must be at least 1. Received: --count={flags.count}")
    if flags.output and not flags.output.endswith(".csv"):
        raise cli.Usage(f"--output must end in .csv. Received: {flags.output}")
    if not flags.run_dir and not flags.dataset:
        raise cli.Usage(
            "--run_dir=RUN is needed, for example --run_dir=runs/digits-seed0; or "
            "--dataset=FOLDER, where there is no run yet"
        )
    given = {*cli.given_fields(), *(["config"] if flags.config else [])}
    if flags.run_dir and (other := sorted(given - MOVED)):
        raise cli.Usage(f"--{other[0]} is for training, and the run of --run_dir is trained.")
    from aae_keras.labelling.acquisition import METHODS

    if flags.method not in METHODS:
        raise cli.Usage(f"--method is one of {', '.join(METHODS)}. Received: {flags.method}")
    if flags.run_dir:
        cli.check_trained(flags.run_dir)
        cli.load_tensorflow()
        folder, moved = flags.run_dir, cli.moved_data()
    else:
        folder, moved = trained_without_labels(), {}
    from aae_keras.labelling import suggesting

    output = flags.output or None
    for path in suggesting.suggest(folder, flags.count, flags.method, output, **moved):
        print(path)


def trained_without_labels():
    """The folder of a run on --dataset that finds groups of images, made now."""
    from aae_keras.experiment.configuration.presets import preset
    from aae_keras.experiment.run_folder import runs

    config = cli.config_from_flags(preset(OWN_CLUSTERS))
    folder = runs.default_folder(config)
    if runs.exists(folder):
        raise cli.Usage(
            f"{folder} holds a run on this data: take it, with --run_dir={folder}; or move it away."
        )
    print(f"There is no run yet: one without labels is trained in {folder}.", file=sys.stderr)
    cli.load_tensorflow()
    from aae_keras.experiment.learning import training

    return training.train(config, folder).folder


if __name__ == "__main__":
    TOOL.run()
