"""Write the page that shows what a trained run has learned."""

import shlex

from . import cli

TOOL = cli.Tool(
    "report",
    "Writes a page about a trained run from its validation images: scores, a map, mistakes, live "
    "drawing. It opens from disk in any browser; leaves report.html.",
)
TOOL.run_flags()


@TOOL.main
def main(arguments):
    """See the module."""
    folder = cli.required("run_dir", "runs/digits-seed0")
    cli.check_trained(folder)
    cli.load_tensorflow()
    from aae_keras.report import writing

    print(writing.write_report(folder, training_command(folder), **cli.moved_data()))


def training_command(folder):
    """What trains a run like that of a folder, as a user would write it."""
    from aae_keras.experiment.run_folder import runs

    flags = cli.flags_of(runs.open_run(folder).config)
    return cli.as_called(shlex.join(["python", "-m", "tools.train", *flags]))


if __name__ == "__main__":
    TOOL.run()
