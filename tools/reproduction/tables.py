"""The text of RESULTS.md and of the README's table: from the runs of the rows to Markdown."""

import pathlib
import textwrap
from collections.abc import Iterable, Sequence

from aae_keras.errors import UserError
from aae_keras.experiment.configuration.presets import PRESETS
from aae_keras.experiment.reproduction import results, summaries
from aae_keras.experiment.reproduction.results import Result, Runs
from aae_keras.experiment.reproduction.rows import UNITS, Figure, Row
from aae_keras.experiment.reproduction.summaries import Summary
from aae_keras.experiment.run_folder import runs

from .plan import command_of

README_BEGIN, README_END = "<!-- results -->", "<!-- /results -->"
HEADER = """\
# Results

`python -m tools.reproduce` writes this page from the runs there are; what is changed by hand here
is lost. Errors are of the test part, by `tools.evaluate`. `±` is the sample standard deviation over
the seeds, each of which draws labels, weights, order and noise of its own. Minutes are the median
of whole commands: training with all its stages and evaluation, start-up included, of the runs that
were made one at a time, where there are any.
"""
ABLATION = """
## What each part of `{name}` brings

The recipe with one part taken away, in about equal minutes, by
`python -m tools.reproduce --rows={name} --ablations --data_dir=DATA_DIR`.

"""
SEEDS = """
## Every seed

"Labels alone" is the same network with the same seed, taught by the labelled images alone.
"""
COMMANDS = """
## Commands

`python -m tools.reproduce --rows=ROW --data_dir=DATA_DIR` makes all runs of a row. A single run is
made by its line below, with seed S, and scored by `python -m tools.evaluate --run_dir=DIR`, where
DIR is the folder that training names.
"""


def results_page(found: Sequence[Runs], notes: str = "") -> str:
    """The whole of RESULTS.md.

    Args:
        found: The `Runs` of every row, those without any among them.
        notes: Text that is put below a heading as it is; "" for none.
    """
    whole = [row_runs for row_runs in found if not row_runs.row.of]
    parts = [HEADER, "\n", *main_table(whole), *ablations(found)]
    if any(row_runs.seeds for row_runs in found):
        parts += [SEEDS, "\n", *seeds_table(found), *origin(found)]
    parts += [COMMANDS, "\n", *commands(found)]
    if notes:
        parts += ["\n## Notes\n\n", notes.rstrip() + "\n"]
    return "".join(parts)


def main_table(found: Iterable[Runs]) -> list[str]:
    """Lines of the table of rows; a row with several figures has a line for each."""
    lines = _head(
        "row", "labels", "figure", "here", "seeds", "worst seed", "labels alone", "paper",
        "best published", "goal", "minutes a run", "epochs",
    )  # fmt: skip
    for row_runs in found:
        row = row_runs.row
        epochs = _epochs(row_runs)
        for figure in row.figures:
            first = figure is row.headline
            over_seeds = summaries.summary(figure, row_runs.results)
            alone = summaries.summary(figure, row_runs.labels_only) if first else None
            lines.append(
                _line(
                    f"`{row.name}`" if first else "",
                    row.labels if first else "",
                    figure.name,
                    mean(figure, over_seeds) if over_seeds else _absent(row_runs),
                    f"{over_seeds.count if over_seeds else 0} of {row.seeds}",
                    _worst(figure, over_seeds),
                    _alone(figure, alone, over_seeds),
                    figure.paper,
                    figure.best,
                    _goals(row_runs, figure, over_seeds),
                    minutes(row_runs.results) if first else "",
                    epochs if first else "",
                )
            )
    return lines


def ablations(found: Sequence[Runs]) -> list[str]:
    """Lines of a table for each recipe whose parts were taken away; none if none was run."""
    lines = []
    whole = {row_runs.row.name: row_runs for row_runs in found}
    of = dict.fromkeys(row_runs.row.of for row_runs in found if row_runs.row.of)
    for name in (name for name in of if name in whole):
        group = [row_runs for row_runs in found if row_runs.row.of == name and row_runs.seeds]
        if not group:
            continue
        figures = whole[name].row.figures
        lines += [ABLATION.format(name=name)]
        lines += _head("taken away", *(f.name for f in figures), "seeds", "minutes a run", "epochs")
        for row_runs in [whole[name], *group]:
            part = row_runs.row.name.removeprefix(f"{name}-without-").replace("-", " ")
            over_seeds = [summaries.summary(figure, row_runs.results) for figure in figures]
            lines.append(
                _line(
                    part if row_runs.row.of else "nothing",
                    *(
                        mean(figure, one) if one else _absent(row_runs)
                        for figure, one in zip(figures, over_seeds, strict=True)
                    ),
                    str(len(row_runs.results)),
                    minutes(row_runs.results),
                    _epochs(row_runs),
                )
            )
    return lines


def seeds_table(found: Iterable[Runs]) -> list[str]:
    """Lines of the table of runs: every seed of every row."""
    lines = _head("row", "seed", "here", "labels alone", "minutes", "epochs", "commit")
    for row_runs in found:
        row = row_runs.row
        here = {result.seed: result for result in row_runs.results}
        beside = {result.seed: result for result in row_runs.labels_only}
        for seed in row_runs.seeds:
            result, alone = here.get(seed), beside.get(seed)
            values = [_value(figure, result) for figure in row.figures] if result else []
            lines.append(
                _line(
                    f"`{row.name}`",
                    str(seed),
                    "; ".join(filter(None, values)) or _gap(seed, row_runs.unfinished),
                    _value(row.headline, alone)
                    if alone
                    else _gap(seed, row_runs.labels_only_unfinished) * row.labels_only,
                    minutes([result]) if result else "",
                    str(result.epochs) if result else "",
                    ", ".join(result.record.commits) if result else "",
                )
            )
    return lines


def origin(found: Iterable[Runs]) -> list[str]:
    """Lines that say on which machines and at which commits the runs were made."""
    machines: dict[str, list[str]] = {}
    at: dict[str, list[str]] = {}
    lines = ["\n## Machine and commit\n\n"]
    for row_runs in found:
        by_commit: dict[str, list[int]] = {}
        for result in (*row_runs.results, *row_runs.labels_only):
            name = result.record.machine or "not recorded"
            _add(machines, name, row_runs.row.name)
            for commit in result.record.commits:
                _add(by_commit, commit, result.seed)
                _add(at, commit, row_runs.row.name)
        if len(by_commit) > 1:
            each = [f"{c}: seeds {', '.join(map(str, sorted(s)))}" for c, s in by_commit.items()]
            name = row_runs.row.name
            lines.append(f"* **`{name}` has runs of several commits**: {'; '.join(each)}.\n")
    for name, rows in machines.items():
        lines.append(f"* Machine: {name}{_of(rows, machines)}.\n")
    for commit, rows in at.items():
        lines.append(f"* Commit: {commit}{_of(rows, at)}.\n")
    return lines


def commands(found: Iterable[Runs]) -> list[str]:
    """Lines of the training command of each row, and of its baseline."""
    lines, missing = [], []
    for row in (row_runs.row for row_runs in found if row_runs.seeds or not row_runs.row.of):
        if row.preset not in PRESETS:
            missing.append(row.name)
            continue
        lines.append(f"    {command_of(row, 'S')}\n")
        if row.labels_only:
            lines.append(f"    {command_of(row, 'S', labels_only=True)}\n")
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        lines.append(f"\n{_wrapped(f'Presets yet to come: {names}.')}\n")
    return lines


def readme_block(found: Iterable[Runs]) -> str:
    """The README's table with the sentence below it; "" if none of its rows has been run."""
    shown = [row_runs for row_runs in found if row_runs.row.readme and row_runs.results]
    if not shown:
        return ""
    lines = _head(
        "data, labels", "test error here", "labels alone, same network", "paper, full training",
        "minutes a run",
    )  # fmt: skip
    commits: set[str] = set()
    machines: dict[str, list[str]] = {}
    for row_runs in shown:
        figure = row_runs.row.headline
        over_seeds = summaries.summary(figure, row_runs.results)
        alone = summaries.summary(figure, row_runs.labels_only)
        lines.append(
            _line(
                row_runs.row.readme,
                f"{mean(figure, over_seeds)} ({_seeds(over_seeds)})" if over_seeds else "",
                _alone(figure, alone, over_seeds),
                figure.paper,
                minutes(row_runs.results),
            )
        )
        for result in row_runs.results:
            _add(machines, result.record.machine.partition(";")[0] or "?", row_runs.row.name)
            commits.update(result.record.commits)
    sentence = (
        "Mean and standard deviation over seeds, each with labels of its own, on "
        f"{' and '.join(f'{name}{_of(rows, machines)}' for name, rows in machines.items())}, at "
        f"{f'commit {commits.pop()}' if len(commits) == 1 else 'several commits'}. `python -m "
        "tools.reproduce --rows=ROW --data_dir=DATA_DIR` makes a row again; "
        "[RESULTS.md](RESULTS.md) has every row by its name, every seed with its commit, the goals "
        "and what was missed."
    )
    return "".join(lines) + "\n" + _wrapped(sentence)


def filled(readme: str, block: str) -> str:
    """A README with a block between its two markers.

    Raises:
        UserError: If it has not got both.
    """
    before, begin, rest = readme.partition(README_BEGIN)
    _, end, after = rest.partition(README_END)
    if not (begin and end):
        raise UserError(
            f"README.md must have the lines {README_BEGIN} and {README_END}, in this order, where "
            "its table of results is to stand. Received: a README without them"
        )
    return f"{before}{begin}\n\n{block.strip()}\n\n{end}{after}"


def outcome(row: Row, folder: pathlib.Path) -> str:
    """The figures of a finished run in a line, with its minutes."""
    result = results.read_result(runs.open_trained(folder))
    parts = [f"{f.name} {_value(f, result)}" for f in row.figures if f.key in result.scores]
    parts += [] if result.minutes is None else [f"{result.minutes:.1f} minutes"]
    return ", ".join(parts)


def mean(figure: Figure, over_seeds: Summary) -> str:
    """A mean with its deviation: `1.25 ± 0.07 %`."""
    if over_seeds.stddev is None:
        return figure.printed(over_seeds.mean)
    places = UNITS[figure.unit][1]
    return f"{over_seeds.mean:.{places}f} ± {figure.printed(over_seeds.stddev)}"


def minutes(of_runs: Sequence[Result]) -> str:
    """Median minutes, with a word where runs shared the machine; "" if they are not known."""
    median = summaries.median_minutes(of_runs)
    if median is None:
        return ""
    at_once = sorted({result.record.at_once for result in summaries.timed(of_runs)})
    shared = "" if at_once == [1] else f" ({' or '.join(map(str, at_once))} at once)"
    return f"{median:.1f}{shared}"


def _epochs(row_runs):
    return " or ".join(map(str, sorted({result.epochs for result in row_runs.results})))


def _gap(seed, unfinished):
    return "not finished" if seed in unfinished else "not run"


def _alone(figure, alone, over_seeds):
    """What labels alone give; with the number of seeds where it is another."""
    if alone is None:
        return ""
    same = over_seeds is not None and alone.count == over_seeds.count
    return mean(figure, alone) + ("" if same else f" ({_seeds(alone)})")


def _absent(row_runs):
    if row_runs.results:
        return "not scored"
    return "not finished" if row_runs.unfinished else "not run"


def _worst(figure, over_seeds):
    if over_seeds is None:
        return ""
    return f"{figure.printed(over_seeds.worst)} (seed {over_seeds.worst_seed})"


def _goals(row_runs, figure, over_seeds):
    """The goals with what became of them; few seeds can miss one, but not reach it yet."""
    whole = over_seeds is not None and over_seeds.count >= row_runs.row.seeds
    words = {None: "", True: ": met" if whole else ": met so far", False: ": **missed**"}
    return "; ".join(goal.text + words[goal.met] for goal in summaries.goals(row_runs, figure))


def _value(figure, result):
    """A figure of one run; "" if it has no such score."""
    one = summaries.summary(figure, [result])
    return "" if one is None else figure.printed(one.mean)


def _seeds(over_seeds):
    return f"{over_seeds.count} seed" + ("s" if over_seeds.count > 1 else "")


def _add(lists, key, value):
    """Append a value to the list of a key, unless it is there."""
    values = lists.setdefault(key, [])
    if value not in values:
        values.append(value)


def _of(rows, among):
    """Which rows something is true of, where it is not of all."""
    return f" ({', '.join(rows)})" if len(among) > 1 else ""


def _wrapped(text):
    return textwrap.fill(text, 110, break_on_hyphens=False, break_long_words=False)


def _head(*names):
    return [_line(*names), "|" + "---|" * len(names) + "\n"]


def _line(*cells):
    return "| " + " | ".join(cells) + " |\n"
