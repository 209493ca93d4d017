"""Which runs the rows ask for, what each still needs, and the commands that a user would type."""

import dataclasses
import pathlib
from collections.abc import Sequence

from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.reproduction import results
from aae_keras.experiment.reproduction.rows import Row
from aae_keras.experiment.run_folder import runs

from ..cli import flags_of

# In place of this machine's paths, in whatever is written down.
DATA_DIR, PHOTOS_DIR = "DATA_DIR", "PHOTOS_DIR"
BEGIN, RESUME, EVALUATE, DONE = "begin", "resume", "evaluate", "done"


@dataclasses.dataclass(frozen=True)
class Job:
    """A run that a row asks for.

    Attributes:
        row: The `Row`.
        config: The run's `Config`.
        folder: Its run folder.
    """

    row: Row
    config: Config
    folder: pathlib.Path

    @property
    def name(self) -> str:
        """That of its folder."""
        return self.folder.name

    def state(self) -> str:
        """What is left to do: `begin`, `resume`, `evaluate` or `done`.

        Raises:
            RunError: If the folder holds another run, or a damaged one.
        """
        if not runs.exists(self.folder):
            return BEGIN
        run = runs.open_run(self.folder)
        results.check_same(run, self.config, any_dataset=self.row.photos)
        if not run.model_file.exists():
            return RESUME
        return DONE if run.metrics_file.exists() else EVALUATE

    def commands(self, state: str) -> list[tuple[str, list[str]]]:
        """The tools that are left to call, each with its arguments."""
        where = [f"--run_dir={self.folder}"]
        train = [*flags_of(self.config), *where, *(["--resume"] if state == RESUME else [])]
        moved = [f"--data_dir={self.config.data_dir}"] if self.config.data_dir else []
        moved += [f"--dataset={self.config.dataset}"] if self.row.photos else []
        calls = [("train", train), ("evaluate", [*where, *moved])]
        return {BEGIN: calls, RESUME: calls, EVALUATE: calls[1:], DONE: []}[state]


def jobs_of(
    rows: Sequence[Row],
    seeds: Sequence[int] | None,
    runs_dir: pathlib.Path | str,
    data_dir: str = "",
    photos_dir: str = "",
) -> list[Job]:
    """The runs that rows ask for, row by row, each with its baseline right behind it.

    Args:
        rows: The rows, whose presets there are.
        seeds: Those to run; None for as many as each row states.
        runs_dir: Folder of run folders.
        data_dir, photos_dir: As in `results.config_of`.

    Raises:
        ValueError: If a seed cannot be.
    """
    found = []
    for row in rows:
        for seed in range(row.seeds) if seeds is None else seeds:
            for labels_only in (False, True)[: 1 + row.labels_only]:
                config = results.config_of(
                    row, seed, labels_only=labels_only, data_dir=data_dir, photos_dir=photos_dir
                )
                folder = pathlib.Path(runs_dir) / results.folder_name(row, seed, labels_only)
                found.append(Job(row, config, folder))
    return found


def command_of(row: Row, seed: int | str, *, labels_only: bool = False) -> str:
    """The training command of a row as a user types it, with names in place of paths.

    Args:
        row: The `Row`, whose preset there is.
        seed: A seed, or what stands for it.
        labels_only: As in `results.config_of`.
    """
    config = results.config_of(
        row, labels_only=labels_only, data_dir=DATA_DIR, photos_dir=PHOTOS_DIR
    )
    # A preset's folder has that name by itself.
    where = [f"--run_dir=runs/{results.folder_name(row, seed, labels_only)}"] if row.of else []
    return " ".join(["python -m tools.train", *flags_of(config)[:-1], f"--seed={seed}", *where])
