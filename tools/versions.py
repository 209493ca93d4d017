"""List the versions of an export, or take one out of the server's sight."""

import pathlib

from aae_keras.deployment import versions

from . import cli

TOOL = cli.Tool(
    "versions",
    "Lists the versions under saved_models/NAME with their scores and age. --retire takes one out "
    "of the server's sight, safely while it serves: its files stay, in a hidden folder.",
)
TOOL.flag(str, "name", "", "Folder under the root.")
TOOL.flag(str, "root", "saved_models", "Folder of all exports.")
TOOL.flag(int, "retire", None, "Version to retire.")

# Scores worth a column, the first that there is.
SCORES = ("error_rate", "error_rate_majority", "reconstruction_error")


@TOOL.main
def main(arguments):
    """See the module."""
    base = pathlib.Path(cli.FLAGS.root) / cli.required("name", "digits")
    if cli.FLAGS.retire is not None:
        print(versions.retire(base, cli.FLAGS.retire))
        return
    found = versions.listed(base)
    if not found:
        raise versions.VersionError(
            f"{base} has no version. Make one with python -m tools.export --run_dir=DIR"
        )
    visible = versions.numbers(base)
    print(f"{'version':>16}  {'state':8}  {'age':11}  {'revision':26}  test")
    for version in found:
        manifest = version.manifest or {}
        state = "newest" if version.number in visible[-1:] else "older"
        state = "retired" if version.retired else state
        print(
            f"{version.number:>16}  {state:8}  {versions.age(version.manifest):11}  "
            f"{manifest.get('revision', 'no manifest'):26}  {_score(manifest)}"
        )


def _score(manifest):
    scores = (manifest.get("metrics") or {}).get("test") or {}
    name = next((name for name in SCORES if name in scores), None)
    return "not evaluated" if name is None else f"{name} {scores[name]:.4f}"


if __name__ == "__main__":
    TOOL.run()
