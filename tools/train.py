"""Train a preset or a configuration in a run folder, from the start or from its last epoch."""

import os
import pathlib
import statistics

from aae_keras.errors import UserError
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import tf_config
from aae_keras.remarks import count_of

from . import cli

TOOL = cli.Tool(
    "train",
    "Trains a preset and/or a configuration file, with flags on top, and leaves a run folder: "
    "config.yaml, model.keras, history.csv, logs/.",
)
TOOL.flag(str, "config", "", "YAML file of fields, on top of the preset.")
TOOL.flag(str, "run_dir", "", "Run folder. [runs/PRESET-seedN]")
TOOL.flag(bool, "resume", False, "Go on with the run in the folder from its last whole epoch.")
TOOL.flag(bool, "overwrite", False, "Move a run in the folder to .old beside it, begin anew.")
TOOL.flag(
    str,
    "distribute",
    "",
    "Train on more than one device: mirrored, all of this machine; multiworker, the processes that "
    "TF_CONFIG names.",
)
TOOL.config_flags()


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    if flags.resume and flags.overwrite:
        raise cli.Usage("--resume goes on with a run, --overwrite replaces it: choose one.")
    try:
        tf_config.check_way(flags.distribute)
    except UserError as error:
        raise cli.Usage(error) from error
    follows = flags.distribute == "multiworker" and _place().rank > 0
    if follows:  # the first worker says what is trained
        config = Config()
    else:
        config = cli.config_from_flags(
            base=cli.config_of_run(flags.run_dir if flags.resume else flags.resume_from)
        )
    cli.load_tensorflow()
    from aae_keras.experiment.building import hardware
    from aae_keras.experiment.learning import training
    from aae_keras.experiment.run_folder import outcomes, runs

    folder = flags.run_dir or runs.default_folder(config)
    try:
        run = training.train(
            config,
            folder,
            resume=flags.resume,
            overwrite=flags.overwrite,
            distribute=flags.distribute,
        )
    except KeyboardInterrupt as error:
        if not list(pathlib.Path(folder, "backup").glob("epoch-*")):
            raise KeyboardInterrupt("No epoch was finished, so nothing is kept.") from error
        raise KeyboardInterrupt(
            f"The last whole epoch is kept; go on with "
            f"python -m tools.train --run_dir={folder} --resume"
        ) from error
    if follows:
        print(f"revision {run.revision}")
        return
    history = outcomes.read_history(run)
    seconds = statistics.median(row["seconds"] for row in history)
    print(f"revision {run.revision}")
    print(f"model {run.model_file}")
    print(
        f"{count_of(len(history), 'epoch')}, {seconds:.2f} s each (median), "
        f"peak memory {hardware.peak_memory() / 2**30:.2f} GiB"
    )
    if "val_error_rate" in history[-1]:
        print(f"validation error {history[-1]['val_error_rate']:.2%}")


def _place():
    return tf_config.place_of(os.environ.get("TF_CONFIG"))


if __name__ == "__main__":
    TOOL.run()
