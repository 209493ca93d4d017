"""Search a few fields of a configuration for own data, and print the command of the best."""

import importlib
import shlex

from aae_keras.errors import UserError

from . import cli

TOOL = cli.Tool(
    "tune",
    "Makes short runs of a configuration (a quarter of its epochs, at least two) that differ in "
    "the radius of VAT, the weights of the entropies, the rates and the noise on the input, and "
    "prints the command of the best; the first run is the configuration as it is. The score is the "
    "error rate on validation. Where it cannot be had, for want of labels, it is the mutual "
    "information, in nats, of the categories of the validation images and those of the same images "
    "with noise: 0 if all are in one category. Test images are not looked at.",
)
TOOL.flag(float, "minutes", 10.0, "Minutes that the whole search may take.")
TOOL.flag(
    int, "trials", 0,
    "Short runs at most, with those of earlier calls in the folder; 0: as many as there is time "
    "for.",
)  # fmt: skip
TOOL.flag(
    str, "tune_dir", "",
    "Folder of the search; a second call goes on with what is there. [runs/tune-PRESET-seedN]",
)  # fmt: skip
TOOL.flag(str, "config", "", "YAML file of fields, on top of the preset.")
TOOL.config_flags()


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    if not flags.minutes > 0:
        raise cli.Usage(f"--minutes must be above 0. Received: --minutes={flags.minutes}")
    if flags.trials < 0:
        raise cli.Usage(f"--trials must be at least 0. Received: --trials={flags.trials}")
    config = cli.config_from_flags(base=cli.config_of_run(flags.resume_from))
    importlib.import_module("optuna")  # if it is missing: before the seconds of TensorFlow
    cli.load_tensorflow()
    from aae_keras.experiment.search import tuning

    search = tuning.Search(config, flags.tune_dir, minutes=flags.minutes)
    print(f"{search.criterion.statement}. The test images are not looked at.")
    try:
        for tried in search.run(flags.trials):
            print(line_of(tried, search.criterion), flush=True)
    except KeyboardInterrupt as error:
        if search.best:
            say_best(search)
        raise KeyboardInterrupt(
            f"The same command goes on with what is in {search.folder}."
        ) from error
    if search.best is None:
        raise UserError(none_ended(search, flags.minutes))
    say_best(search)


def none_ended(search, minutes):
    """Why there is no best."""
    if any(tried.outcome == "diverged" for tried in search.tried):
        return "No short run came to its end: a loss became NaN. Lower the rates."
    return (
        f"No short run came to its end. Give more --minutes; the search goes on with what is in "
        f"{search.folder}. Received: --minutes={minutes:g}"
    )


def line_of(tried, criterion):
    """A trial: what it changed, its score, its seconds, and whether it came to its end."""
    if tried.as_configured:
        what = "as configured"
    else:
        what = " ".join(f"{name}={tried.fields[name]:g}" for name in tried.values)
    score = "no score" if tried.score is None else criterion.text(tried.score)
    outcome = "" if tried.outcome == "ended" else f", {tried.outcome}"
    return f"trial {tried.number}: {what}: {score}, {tried.seconds:.0f} s{outcome}"


def say_best(search):
    """The best trial, what the configuration as it is had, and the command of a whole run."""
    from aae_keras.experiment.run_folder import runs

    best, text = search.best, search.criterion.text
    if best.as_configured:
        print(f"best: the configuration as it is, with {text(best.score)}")
    else:
        found = [tried for tried in search.tried if tried.as_configured]
        ended = [tried for tried in found if tried.outcome == "ended"]
        beside = f"; as configured {text(ended[0].score)}" if ended else ""
        print(f"best: trial {best.number}, with {text(best.score)}{beside}")
    config = search.config_of(best)
    flags = cli.flags_of(config)
    if runs.exists(folder := runs.default_folder(config)):
        folder = runs.free_folder(folder.with_name(f"{folder.name}-tuned"))
        flags.append(f"--run_dir={folder}")
    print(cli.as_called(f"python -m tools.train {shlex.join(flags)}"))


if __name__ == "__main__":
    TOOL.run()
