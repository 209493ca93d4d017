"""Draw images with the decoder of a trained run."""

from aae_keras import files

from . import cli

TOOL = cli.Tool(
    "generate",
    "Draws images with the decoder of a trained run: samples of the prior, or of one label; the "
    "style of an image under every label; what lies between two images.",
)
TOOL.run_flags()
TOOL.flag(str, "output", "", "The picture to write, FILE.png.")
TOOL.flag(str, "label", None, "Name of a class, or number of a cluster, to draw.")
TOOL.flag(str, "style_of", None, "Image file whose style to draw under every label.")
TOOL.flag(tuple, "between", [], "Two image files, A,B.")
TOOL.flag(int, "count", 16, "How many images, of the prior, of a label or between two.")
TOOL.flag(int, "seed", 0, "Another seed draws other images.")


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    folder = cli.required("run_dir", "runs/digits-seed0")
    output = cli.required("output", "drawn.png")
    if not output.lower().endswith((".png", ".pdf", ".svg")):
        raise cli.Usage(f"--output must end in .png, .pdf or .svg. Received: {output}")
    if flags.between and len(flags.between) != 2:
        raise cli.Usage("--between takes two image files, --between=A.png,B.png")
    if flags.style_of and (flags.between or flags.label):
        raise cli.Usage("--style_of draws every label of one image: leave the others out.")
    if flags.style_of:
        cli.refuse(["count", "seed"], "has no use with --style_of, which draws one image a label.")
    if flags.between:
        cli.refuse(["seed"], "has no use with --between: nothing is drawn at random.")
    from aae_keras.plots.grids import MOST

    most = MOST if flags.between else 400
    if not 2 <= flags.count <= most:
        raise cli.Usage(f"--count must lie between 2 and {most}. Received: {flags.count}")
    if not 0 <= flags.seed < 2**31:
        raise cli.Usage(f"--seed must lie between 0 and {2**31 - 1}. Received: {flags.seed}")
    cli.check_trained(folder)
    cli.load_tensorflow()
    from aae_keras.experiment.pictures import generation
    from aae_keras.plots.style import with_boxes

    figure = generation.generate(
        folder,
        label=flags.label,
        style_of=flags.style_of,
        between=flags.between or None,
        count=flags.count,
        seed=flags.seed,
        **cli.moved_data(),
    )
    with files.replaced(output) as aside, with_boxes():
        figure.savefig(aside, dpi=150)
    print(output)


if __name__ == "__main__":
    TOOL.run()
