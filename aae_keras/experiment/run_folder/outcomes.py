"""What a run has left, read back and checked: its history and its scores."""

import csv
import io
import math
import pathlib
from collections.abc import Sequence
from typing import Any

from aae_keras.errors import first_line
from aae_keras.experiment.run_folder import runs, seals
from aae_keras.files import write_atomically


def write_csv(path: pathlib.Path | str, rows: Sequence[dict[str, Any]]) -> None:
    """Write dicts as CSV, a line each; a value that a row lacks is left empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue())


def read_history(run: runs.Run) -> list[dict[str, float]]:
    """Read the history of a run.

    Args:
        run: The `Run`.

    Returns:
        The rows of its `history.csv`, one dict of floats per epoch, without the empty cells and
        without the revision.

    Raises:
        RunError: If the file is missing, empty, cut, edited, or of another run; or the model that
            it is compared with is.
    """
    path = run.history_file
    try:
        text = path.read_bytes().decode()
        rows = list(csv.DictReader(io.StringIO(text)))
    except FileNotFoundError as error:
        raise runs.RunError(
            f"{run.folder} has no history.csv. Put a copy back, or train the run anew."
        ) from error
    except (ValueError, csv.Error) as error:
        raise _damaged(path, "it is no text, or no table") from error
    for line, row in enumerate(rows, start=2):
        # One that is too short has None for cells, one that is too long has None for a name.
        if None in row or None in row.values():
            raise _damaged(path, f"line {line} has another number of cells than the first")
    revisions = {row.pop("revision") for row in rows if "revision" in row}
    if other := revisions - {run.revision}:
        _refuse(path, run, ", ".join(sorted(other)))
    history = [_numbers(path, line, row) for line, row in enumerate(rows, start=2)]
    if not history:
        raise _damaged(path, "it has no rows, one for each epoch")
    # A run of earlier versions may have a history without numbers of its epochs.
    if [row.get("epoch", rank) for rank, row in enumerate(history, 1)] != [
        *range(1, len(history) + 1)
    ]:
        raise _damaged(path, f"its epochs are not 1 to {len(history)}, each once")
    expected = runs.signature(run).get("history_sha256") if run.model_file.exists() else None
    if expected and seals.checksum(text) != expected:
        raise _damaged(path, "it is not what training wrote: it was cut or edited")
    return history


def read_metrics(run: runs.Run) -> dict[str, Any] | None:
    """What `metrics.json` holds; None if there is none.

    Args:
        run: The `Run`.

    Returns:
        Dict with the scores of `test`, a dict, and more; see `evaluation.evaluate_run`.

    Raises:
        RunError: If the file is damaged, of another shape, or of another run.
    """
    path = run.metrics_file
    again = f"Write it anew with python -m tools.evaluate --run_dir={run.folder}"
    try:
        metrics = seals.unseal_if_sealed(path.read_bytes())
        _check_scores(metrics)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise runs.RunError(f"{path} is damaged: {first_line(error)}. {again}") from error
    if metrics.get("revision", run.revision) != run.revision:
        _refuse(path, run, metrics["revision"], again)
    return metrics


def _check_scores(metrics):
    """Refuse what a table, a page or a manifest would print as if it were a score."""
    if "test" not in metrics:
        raise ValueError("it has no scores of test")
    for part in ("test", "validation"):
        scores = metrics.get(part, {})
        if not isinstance(scores, dict):
            raise TypeError(f"{part} is no set of scores")
        for name, value in scores.items():
            if type(value) not in (int, float) or not math.isfinite(value):
                raise ValueError(f"{part}.{name} is no finite number, but {value!r}")
    minutes = metrics.get("minutes", 0)
    if type(minutes) not in (int, float) or not math.isfinite(minutes):
        raise ValueError(f"minutes is no finite number, but {minutes!r}")


def _numbers(path, line, row):
    try:
        return {name: float(cell) for name, cell in row.items() if cell}
    except ValueError as error:
        raise _damaged(path, f"line {line}: {first_line(error)}") from error


def _damaged(path, what):
    return runs.RunError(
        f"{path} is damaged: {what}. Put a copy back; while a run is unfinished, --resume writes "
        "it anew."
    )


def _refuse(path, run, revision, remedy="Put the run's own back."):
    raise runs.RunError(
        f"{path} is of another run. {remedy} Expected revision {run.revision}. Received: {revision}"
    )
