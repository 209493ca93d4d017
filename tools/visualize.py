"""Draw the pictures of a trained run."""

from . import cli

TOOL = cli.Tool(
    "visualize", "Draws the pictures of a trained run from its validation images; leaves figures/."
)
TOOL.run_flags()


@TOOL.main
def main(arguments):
    """See the module."""
    folder = cli.required("run_dir", "runs/digits-seed0")
    cli.check_trained(folder)
    cli.load_tensorflow()
    from aae_keras.experiment.pictures import figures

    for path in figures.plot_run(folder, **cli.moved_data()):
        print(path)


if __name__ == "__main__":
    TOOL.run()
