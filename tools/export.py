"""Export the encoder of a trained run for TF Serving and LiteRT."""

from tools import cli

TOOL = cli.Tool(
    "export",
    "Exports the encoder of a trained run to saved_models/NAME/VERSION/, verified against the "
    "Keras model before the version appears.",
)
TOOL.flag(str, "run_dir", "", "The run folder.")
TOOL.flag(str, "name", "", "Folder under the root. [the preset]")
TOOL.flag(str, "root", "saved_models", "Folder of all exports.")
TOOL.flag(int, "version", None, "Whole number. [UTC time as YYYYMMDDhhmmss]")
TOOL.flag(tuple, "formats", ["saved_model", "litert"], "What to write.")


def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    folder = cli.required("run_dir", "runs/digits-seed0")
    if flags.version is not None and flags.version < 1:
        raise cli.Usage(f"--version must be 1 or more. Received: {flags.version}")
    cli.load_tensorflow()
    from aae_keras import export

    name = flags.name or None
    print(export.export_run(folder, name, flags.version, flags.formats, root=flags.root))


if __name__ == "__main__":
    TOOL.run(main)
