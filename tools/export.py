"""Export the encoder of a trained run for TF Serving and LiteRT."""

from aae_keras.serving import FORMATS
from tools import cli

TOOL = cli.Tool(
    "export",
    "Exports the encoder of a trained run to saved_models/NAME/VERSION/, verified against the "
    "Keras model before the version appears.",
)
TOOL.run_flags()
TOOL.flag(str, "name", "", "Folder under the root. [the preset]")
TOOL.flag(str, "root", "saved_models", "Folder of all exports.")
TOOL.flag(int, "version", None, "Whole number. [UTC time as YYYYMMDDhhmmss]")
TOOL.flag(tuple, "formats", list(FORMATS), "What to write.")


def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    folder = cli.required("run_dir", "runs/digits-seed0")
    if flags.version is not None and flags.version < 1:
        raise cli.Usage(f"--version must be 1 or more. Received: {flags.version}")
    unknown = set(flags.formats) - set(FORMATS)
    if unknown or not flags.formats:
        raise cli.Usage(
            f"--formats must be of {', '.join(FORMATS)}. Received: {','.join(flags.formats)}"
        )
    cli.load_tensorflow()
    from aae_keras import export

    name, where = flags.name or None, cli.moved_data()
    print(export.export_run(folder, name, flags.version, flags.formats, flags.root, **where))


if __name__ == "__main__":
    TOOL.run(main)
