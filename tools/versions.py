"""List the versions of an export, or take one out of the server's sight."""

import sys

from aae_keras.deployment import contract, integrity, versions

from . import cli

TOOL = cli.Tool(
    "versions",
    "Lists the versions under saved_models/NAME with their scores and age. --retire takes one out "
    "of the server's sight, safely while it serves: its files stay, in a hidden folder.",
)
TOOL.flag(str, "name", "", "Folder under the root.")
TOOL.flag(str, "root", "saved_models", "Folder of all exports.")
TOOL.flag(int, "retire", None, "Version to retire.")
TOOL.flag(
    bool, "check", False, "Compare every file of every version with the checksum in its manifest."
)

# Scores worth a column, the first that there is.
SCORES = ("error_rate", "error_rate_majority", "reconstruction_error")


@TOOL.main
def main(arguments):
    """See the module."""
    base = versions.base_of(cli.FLAGS.root, cli.required("name", "digits"))
    if cli.FLAGS.retire is not None:
        cli.refuse(["check"], "compares all versions; --retire takes one away. Give one of them.")
        print(versions.retire(base, cli.FLAGS.retire))
        return
    found = versions.listed(base)
    if not found:
        raise versions.VersionError(
            f"{base} has no version. Make one with python -m tools.export --run_dir=DIR"
        )
    if cli.FLAGS.check:
        if not all([_is_whole(version) for version in found]):
            sys.exit(1)
        return
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


def _is_whole(version):
    """Print whether the files of a version are as they were written; False if one is not."""
    try:
        known = integrity.check(version.folder)
    except integrity.DamagedError as error:
        print(f"{version.number:>16}  {error}")
        return False
    if not (version.folder / contract.MANIFEST).exists():
        print(f"{version.number:>16}  no {contract.MANIFEST}: copy it anew, or export it again")
        return False
    print(f"{version.number:>16}  {'whole' if known else 'exported without checksums'}")
    return True


def _score(manifest):
    metrics = manifest.get("metrics")
    scores = metrics.get("test") if isinstance(metrics, dict) else None
    scores = scores if isinstance(scores, dict) else {}
    name = next((name for name in SCORES if isinstance(scores.get(name), float)), None)
    return "not evaluated" if name is None else f"{name} {scores[name]:.4f}"


if __name__ == "__main__":
    TOOL.run()
