"""Make the results: train and evaluate the rows of RESULTS.md, and write its tables."""

import logging
import pathlib
from collections.abc import Sequence

from aae_keras.errors import UserError
from aae_keras.experiment.configuration.presets import PRESETS
from aae_keras.experiment.reproduction.rows import ABLATIONS, ROWS, Row, row_of
from aae_keras.files import in_turn, write_atomically

from . import cli

log = logging.getLogger("aae_keras")

TOOL = cli.Tool(
    "reproduce",
    "Trains and evaluates the rows of RESULTS.md, each seed with its labels-only network beside "
    "it, and writes RESULTS.md and the README's table from all runs there are and those that "
    "docs/results/ keeps the scores of. Runs that are done are skipped, interrupted ones go on.",
)
TOOL.flag(tuple, "rows", [], "Rows to run; all when empty. Of: " + ", ".join(r.name for r in ROWS))
TOOL.flag(
    bool,
    "ablations",
    False,
    "In place of the rows themselves, run their recipes with one part after the other taken away; "
    "of the rows " + ", ".join(sorted({row.of for row in ABLATIONS})) + ".",
)
TOOL.flag(tuple, "seeds", [], "Seeds to run, such as 0,1,2; when empty, as many as the row states.")
TOOL.flag(str, "data_dir", "", "Folder of tensorflow-datasets; its own default when empty.")
TOOL.flag(str, "photos_dir", "", "Folder of class folders, for the rows of photos.")
TOOL.flag(str, "runs_dir", "runs", "Folder that the run folders lie in.")
TOOL.flag(int, "jobs", 1, "How many runs are made side by side.")
TOOL.flag(bool, "table_only", False, "Write the tables from the runs there are; train nothing.")


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    if flags.jobs < 1:
        raise cli.Usage(f"--jobs must be at least 1. Received: --jobs={flags.jobs}")
    try:
        asked = [row_of(name, (*ROWS, *ABLATIONS)) for name in dict.fromkeys(flags.rows)]
    except ValueError as error:
        raise cli.Usage(error) from error
    seeds = list(dict.fromkeys(cli.whole_numbers("seeds", "0,1,2")))
    if flags.ablations:
        asked = ablations_of(asked)
    if flags.table_only:
        unused = ("rows", "seeds", "ablations", "jobs", "data_dir", "photos_dir")
        cli.refuse(unused, "is for runs, and --table_only makes none: it has all rows there are.")
    rows = [] if flags.table_only else runnable(asked, flags.photos_dir)
    reproduce(
        rows,
        seeds or None,
        data_dir=flags.data_dir,
        photos_dir=flags.photos_dir,
        runs_dir=flags.runs_dir,
        at_once=flags.jobs,
    )


def ablations_of(asked: Sequence[Row]) -> list[Row]:
    """The ablations of the rows asked for, or all there are.

    Raises:
        Usage: If a row that was asked for has none.
    """
    of = {row.of for row in ABLATIONS}
    lacking = [row.name for row in asked if row.name not in of]
    if lacking:
        raise cli.Usage(f"--ablations has none of {', '.join(lacking)}. There are: {sorted(of)}")
    names = {row.name for row in asked} or of
    return [row for row in ABLATIONS if row.of in names]


def runnable(asked: Sequence[Row], photos_dir: str) -> list[Row]:
    """The rows to run: those asked for, or all that can be.

    Raises:
        Usage: If one that was asked for cannot be run.
    """
    reasons = {}
    for row in asked or ROWS:
        if row.preset not in PRESETS:
            reasons[row.name] = "it has no preset yet"
        elif row.photos and not photos_dir:
            reasons[row.name] = "it needs your images: pass --photos_dir=FOLDER of class folders"
    if reasons and asked:
        listing = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise cli.Usage(f"These rows cannot be run. {listing}.")
    for name, reason in reasons.items():
        log.info("%s is not run: %s.", name, reason)
    return [row for row in asked or ROWS if row.name not in reasons]


def reproduce(
    rows: Sequence[Row],
    seeds: Sequence[int] | None = None,
    *,
    table: Sequence[Row] = (*ROWS, *ABLATIONS),
    data_dir: str = "",
    photos_dir: str = "",
    runs_dir: str = "runs",
    at_once: int = 1,
    documents: str = ".",
) -> None:
    """Make the runs of rows, then write the tables of all runs there are.

    Args:
        rows: What to run; nothing if empty.
        seeds: Those to run; None for as many as each row states.
        table: All rows, for the tables.
        data_dir, photos_dir: Where data lies.
        runs_dir: Where runs lie.
        at_once: How many are made side by side.
        documents: Folder of RESULTS.md, README.md and docs/.

    Raises:
        UserError: If a run failed, once the others have ended and the tables stand.
    """
    from .reproduction import plan, running

    try:
        jobs = plan.jobs_of(rows, seeds, runs_dir, data_dir, photos_dir)
    except ValueError as error:
        raise cli.Usage(error) from error
    try:
        failed = running.run_all(jobs, at_once, say_begin, say_end)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt("The same command goes on with what was not finished.") from error
    write_tables(table, runs_dir, pathlib.Path(documents))
    if failed:
        raise UserError(f"{len(failed)} of {len(jobs)} runs failed: {', '.join(failed)}")


def say_begin(job, state):
    """A line when a run begins."""
    words = {"begin": "begins", "resume": "goes on", "evaluate": "is evaluated"}
    log.info("%s %s", job.name, words[state])


def say_end(job, error):
    """A line when a run ends: its figures, or what went wrong."""
    from .reproduction import tables

    if error is None:
        print(f"{job.name}: {tables.outcome(job.row, job.folder)}", flush=True)
    else:
        log.error("%s failed: %s", job.name, error)


def write_tables(table, runs_dir, documents):
    """Keep the results of all runs there are; write RESULTS.md and the README's table from them."""
    with in_turn(documents, "no other reproduce writes the tables"):
        _write_tables(table, runs_dir, documents)


def _write_tables(table, runs_dir, documents):
    from aae_keras.experiment.reproduction import archive, results

    from .reproduction import tables

    kept = documents / "docs" / "results"
    found = [archive.with_kept(results.collect(row, runs_dir), kept) for row in table]
    for row_runs in found:
        archive.write(kept, row_runs)
    notes = documents / "docs" / "results_notes.md"
    text = tables.results_page(found, notes.read_text("utf-8") if notes.exists() else "")
    write_atomically(documents / "RESULTS.md", text)
    print(documents / "RESULTS.md")
    readme, block = documents / "README.md", tables.readme_block(found)
    if block and readme.exists() and tables.README_BEGIN in readme.read_text("utf-8"):
        write_atomically(readme, tables.filled(readme.read_text("utf-8"), block))
        print(readme)


if __name__ == "__main__":
    TOOL.run()
