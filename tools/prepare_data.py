"""Prepare a tensorflow-datasets folder, from original files on disk or by download."""

from . import cli

TOOL = cli.Tool(
    "prepare_data",
    "Makes a tensorflow-datasets folder that training reads offline: from the original files in "
    "--from, or downloaded where that is not given.",
)
TOOL.flag(str, "dataset", "", "Name of the set, such as mnist.")
TOOL.flag(str, "data_dir", "", "Folder to make; training gets the same --data_dir.")
TOOL.flag(str, "from", "", "Folder with the set's original files; needs no network.")


@TOOL.main
def main(arguments):
    """See the module."""
    name = cli.required("dataset", "mnist")
    data_dir = cli.required("data_dir", "data/tfds")
    cli.load_tensorflow()
    from aae_keras.data import preparation

    print(preparation.prepare(name, data_dir, cli.FLAGS["from"].value or None))


if __name__ == "__main__":
    TOOL.run()
