"""The run folder: what lies where, how a run begins, resumes, and gives way to another.

config.yaml     the complete configuration, the run's revision, the data's fingerprint
history.csv     one row an epoch
model.keras     the trained model; it stands once the run has ended
metrics.json    written by `evaluate`
figures/        written by `visualize`
report.html     written by `report`
logs/           TensorBoard
backup/         the last whole epoch, while the run is unfinished
"""

import dataclasses
import datetime
import pathlib

import yaml

from aae_keras.errors import UserError
from aae_keras.experiment import presets
from aae_keras.experiment.config import Config
from aae_keras.files import write_atomically


class RunError(UserError):
    """A run folder that is missing, taken, or not what was expected."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One training run on disk.

    Attributes:
        folder: Its `pathlib.Path`.
        config: Its `Config`.
        revision: `YYYYMMDDThhmmssZ-` (UTC start) and 8 digits of the configuration's hash.
        fingerprint: Of the training part of its data and of who sees what in it.
    """

    folder: pathlib.Path
    config: Config
    revision: str
    fingerprint: str = ""

    @property
    def model_file(self) -> pathlib.Path:
        """The trained model."""
        return self.folder / "model.keras"

    @property
    def history_file(self) -> pathlib.Path:
        """One row an epoch."""
        return self.folder / "history.csv"

    @property
    def metrics_file(self) -> pathlib.Path:
        """Scores on validation and test."""
        return self.folder / "metrics.json"

    @property
    def report_file(self) -> pathlib.Path:
        """The page that shows it all."""
        return self.folder / "report.html"

    @property
    def figures(self) -> pathlib.Path:
        """Folder of pictures."""
        return self.folder / "figures"

    @property
    def distances(self) -> pathlib.Path:
        """How far each training image is from its neighbours, where training asks for that."""
        return self.folder / "distances.npz"

    @property
    def logs(self) -> pathlib.Path:
        """Folder of TensorBoard events."""
        return self.folder / "logs"

    @property
    def backup(self) -> pathlib.Path:
        """Folder of the last whole epoch."""
        return self.folder / "backup"


def default_folder(config: Config) -> pathlib.Path:
    """`runs/PRESET-seedN`, with the setting in it where it is not the preset's own."""
    return pathlib.Path("runs") / f"{presets.short_name(config)}-seed{config.seed}"


def name_run(folder: pathlib.Path | str, config: Config, overwrite: bool = False) -> Run:
    """A new run with its revision; nothing is written yet.

    Args:
        folder: Where.
        config: What.
        overwrite: Whether a run that is there may be moved out of the way.

    Raises:
        RunError: If a run is there and may not.
    """
    folder = pathlib.Path(folder)
    if exists(folder) and not overwrite:
        raise RunError(
            f"{folder} holds a run already. Pass --resume to go on with it, --overwrite to "
            "move it to .old and begin anew, or another --run_dir."
        )
    start = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    return Run(folder, config, f"{start}-{config.fingerprint()}")


def begin(run: Run, fingerprint: str) -> Run:
    """Make the folder of a run and write `config.yaml`; a run that is there moves to `.old`.

    Args:
        run: From `name_run`.
        fingerprint: Of its data.

    Returns:
        The run, with the fingerprint.
    """
    if exists(run.folder):
        retire(open_run(run.folder))
    run.folder.mkdir(parents=True, exist_ok=True)
    return write_config(dataclasses.replace(run, fingerprint=fingerprint))


def write_config(run: Run) -> Run:
    """Write a run's `config.yaml`; returns the run."""
    header = f"revision: {run.revision}\ndata_fingerprint: {run.fingerprint!r}\n"
    write_atomically(run.folder / "config.yaml", header + run.config.to_yaml())
    return run


def check_fingerprint(run: Run, fingerprint: str) -> None:
    """Refuse data that is not what a run was trained on.

    Raises:
        RunError: If the fingerprints differ: images that were trained on might be scored as test.
    """
    if fingerprint != run.fingerprint:
        raise RunError(
            f"The training part of {run.config.dataset} has changed since {run.folder} was begun: "
            "its test images may have been trained on. Put the data back as it was, or train a new "
            f"run. Expected fingerprint {run.fingerprint}. Received: {fingerprint}"
        )


def exists(folder: pathlib.Path | str) -> bool:
    """Whether a folder holds a run."""
    return (pathlib.Path(folder) / "config.yaml").exists()


def retire(run: Run) -> None:
    """Move a run's folder to `.old/REVISION` beside it."""
    old = run.folder.parent / ".old"
    old.mkdir(exist_ok=True)
    target = old / run.revision
    count = 1
    while target.exists():
        target = old / f"{run.revision}-{count}"
        count += 1
    run.folder.rename(target)


def open_run(folder: pathlib.Path | str) -> Run:
    """The run in a folder.

    Raises:
        RunError: If there is none.
    """
    folder = pathlib.Path(folder)
    try:
        text = (folder / "config.yaml").read_text()
        config = Config.from_yaml(text)
        header = yaml.safe_load(text)
        revision, fingerprint = header["revision"], header["data_fingerprint"]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(
            f"{folder} holds no run: there is no config.yaml. Train one with "
            f"python -m tools.train --run_dir={folder}"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{folder}/config.yaml cannot be used: {error}") from error
    return Run(folder, config, revision, fingerprint)


def open_trained(folder: pathlib.Path | str) -> Run:
    """The finished run in a folder.

    Raises:
        RunError: If there is none, or it has not been trained to its end.
    """
    run = open_run(folder)
    if not run.model_file.exists():
        raise RunError(
            f"{folder} has no model.keras: its training has not ended. Go on with "
            f"python -m tools.train --run_dir={folder} --resume"
        )
    return run
