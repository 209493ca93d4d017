"""Results that outlive their run folders: a small file per row, committed beside the tables."""

import dataclasses
import json
import logging
import pathlib

from aae_keras.errors import UserError, first_line
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.reproduction.results import INDIFFERENT, Result, Runs, config_of
from aae_keras.experiment.reproduction.rows import Row
from aae_keras.experiment.run_folder import records
from aae_keras.files import write_atomically

log = logging.getLogger(__name__)

# What makes two runs of a row differ, and is no part of the recipe.
_OF_A_RUN = ("seed", *INDIFFERENT)


def write(folder: pathlib.Path, found: Runs) -> None:
    """Write the results of a row, with the recipe that gave them; no file for a row without any.

    Args:
        folder: Where the files of all rows lie; made if need be.
        found: The `Runs` of the row.
    """
    kept = {}
    for key, of_network in _networks(found).items():
        if of_network:
            recipe = _recipe(found.row, key == "labels_only")
            kept[key] = {"config": recipe, "runs": [dataclasses.asdict(r) for r in of_network]}
    if kept:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(_file(folder, found.row), json.dumps(kept, indent=1) + "\n")


def with_kept(found: Runs, folder: pathlib.Path) -> Runs:
    """The runs of a row, and the results kept of seeds that have no finished run any more.

    Args:
        found: The `Runs` there are.
        folder: As in `write`.

    Returns:
        The `Runs`. Results of another recipe are counted in the log and left out.

    Raises:
        UserError: If the file is damaged.
    """
    path = _file(folder, found.row)
    if not path.exists():
        return found
    try:
        kept = json.loads(path.read_text("utf-8"))
        merged = {
            key: _merged(of_network, _read(kept.get(key), found.row, key, path))
            for key, of_network in _networks(found).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{path} is damaged: {first_line(error)}. Restore it, or delete it: the results of "
            "its runs are lost then."
        ) from error
    return dataclasses.replace(found, **merged)


def _networks(found):
    return {"results": found.results, "labels_only": found.labels_only}


def _file(folder, row):
    return folder / f"{row.name}.json"


def _merged(fresh, kept):
    """Of each seed the result of its run folder, else what was kept; sorted by seed."""
    by_seed = {result.seed: result for result in (*kept, *fresh)}
    return tuple(by_seed[seed] for seed in sorted(by_seed))


def _read(kept, row: Row, key: str, path):
    """The results kept of one network of a row; none if another recipe gave them."""
    if kept is None:
        return ()
    # A field that came later had its default's effect.
    found = {**Config().to_dict(), **kept["config"]}
    wanted = _recipe(row, key == "labels_only")
    other = sorted(
        name
        for name in wanted.keys() | found.keys()
        if name not in _OF_A_RUN and wanted.get(name) != found.get(name)
    )
    if other:
        log.warning(
            "Left out: %d results in %s, of another recipe (%s). Once the file is written "
            "anew, its former content is in the repository's history alone.",
            len(kept["runs"]),
            path,
            ", ".join(other),
        )
        return ()
    return tuple(_result(values) for values in kept["runs"])


def _result(values):
    record = values["record"]
    record = records.Record(**record | {"commits": tuple(record["commits"])})
    return Result(**values | {"record": record})


def _recipe(row, labels_only):
    recipe = config_of(row, labels_only=labels_only).to_dict()
    return {name: value for name, value in recipe.items() if name not in _OF_A_RUN}
