"""Export the encoder of a trained run for TF Serving, LiteRT and ONNX."""

import sys

from aae_keras import interrupts
from aae_keras.deployment import contract, versions

from . import cli

TOOL = cli.Tool(
    "export",
    "Exports the encoder of a trained run to saved_models/NAME/VERSION/, verified against the "
    "Keras model before the version appears. Prints its path, and on stderr how its files agree.",
)
TOOL.run_flags()
TOOL.flag(str, "name", "", "Folder under the root. [the preset]")
TOOL.flag(str, "root", "saved_models", "Folder of all exports.")
TOOL.flag(int, "version", None, "Whole number. [UTC time as YYYYMMDDhhmmss]")
TOOL.flag(
    tuple,
    "formats",
    list(contract.DEFAULT_FORMATS),
    f"What to write, of {', '.join(contract.FORMATS)} (onnx needs the extra `onnx`, "
    "requirements-onnx.txt; web and micro are LiteRT files for one image at a time).",
)
TOOL.flag(
    tuple,
    "quantize",
    ["none"],
    f"LiteRT files to write, of {', '.join(contract.LITERT_FILES)}.",
)
TOOL.flag(
    bool,
    "with_decoder",
    False,
    "The SavedModel answers decode, reconstruct, generate and score_novelty too.",
)


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    folder = cli.required("run_dir", "runs/digits-seed0")
    if flags.version is not None and not 1 <= flags.version <= contract.MAX_VERSION:
        raise cli.Usage(f"--version must be 1 or more, below 2^63. Received: {flags.version}")
    for name, known in (("formats", contract.FORMATS), ("quantize", contract.LITERT_FILES)):
        given = flags[name].value
        if set(given) - set(known) or not given:
            raise cli.Usage(f"--{name} must be of {', '.join(known)}. Received: {','.join(given)}")
    if "litert" not in flags.formats:
        cli.refuse(["quantize"], "is for the format litert, which --formats leaves out.")
    if flags.with_decoder and "saved_model" not in flags.formats:
        raise cli.Usage("--with_decoder is for the format saved_model, which --formats leaves out.")
    if flags.name:
        versions.base_of(flags.root, flags.name)
    cli.check_trained(folder)
    cli.load_tensorflow()
    from aae_keras.deployment import export

    from . import exported

    with interrupts.deferred():  # so that a path is printed if, and only if, it is published
        try:
            version = export.export_run(
                folder,
                flags.name or None,
                flags.version,
                flags.formats,
                flags.root,
                quantize=flags.quantize,
                with_decoder=flags.with_decoder,
                **cli.moved_data(),
            )
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt("Nothing was published.") from error
        print(version, flush=True)
    print(exported.table(version), file=sys.stderr)


if __name__ == "__main__":
    TOOL.run()
