"""The run folder: how a run begins, resumes, and gives way to another.

What lies in it is in docs/run_folder.md.
"""

import contextlib
import dataclasses
import datetime
import difflib
import itertools
import logging
import pathlib
import re
import shutil
from collections.abc import Iterator
from typing import Any

from aae_keras.errors import UserError
from aae_keras.experiment.configuration import flat_yaml, presets
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.run_folder import ownership, seals
from aae_keras.experiment.run_folder.ownership import Lock
from aae_keras.files import write_atomically

log = logging.getLogger(__name__)

_REVISION = re.compile(r"[A-Za-z0-9-]{1,100}")  # it names a folder under .old


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
        """Folder of the last two whole epochs."""
        return self.folder / "backup"


def default_folder(config: Config) -> pathlib.Path:
    """`runs/PRESET-seedN`, with the setting in it where it is not the preset's own.

    A run that starts from another has `-round2` behind that one's name, then `-round3`, beside it.
    """
    if config.resume_from:
        former = pathlib.Path(config.resume_from).absolute()
        name, _, number = former.name.rpartition("-round")
        if not (name and number.isdigit()):
            name, number = former.name, "1"
        return pathlib.Path(config.resume_from).parent / f"{name}-round{int(number) + 1}"
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
            f"{folder} holds a run already. Pass --overwrite to move it to .old and begin anew, "
            f"another --run_dir, or --run_dir={folder} --resume alone to go on by its own recipe."
        )
    if not exists(folder) and (folder / "model.keras").exists():
        raise RunError(
            f"{folder} holds a model.keras without a config.yaml: nothing says what it is. Put its "
            "config.yaml back, or move it away."
        )
    start = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    return Run(folder, config, f"{start}-{config.fingerprint()}")


def begin(run: Run, fingerprint: str) -> Run:
    """Write the `config.yaml` of a run into its folder, where nothing may be of a run before it.

    Args:
        run: From `name_run`.
        fingerprint: Of its data.

    Returns:
        The run, with the fingerprint.
    """
    shutil.rmtree(run.backup, ignore_errors=True)  # of a run whose config.yaml is gone
    return write_config(dataclasses.replace(run, fingerprint=fingerprint))


@contextlib.contextmanager
def undone_before_its_first_epoch(run: Run, lock: Lock) -> Iterator[None]:
    """Around a new run: if it fails before an epoch is whole, its folder is left as it was."""
    # Another may have begun here between the first look and the lock.
    name_run(run.folder, run.config)
    before = set(run.folder.iterdir())
    try:
        yield
    except BaseException:
        if lock.stands() and not any(run.backup.glob("epoch-*")):
            for path in set(run.folder.iterdir()) - before:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        raise


def write_config(run: Run) -> Run:
    """Write a run's `config.yaml`; returns the run."""
    header = f"revision: {run.revision}\ndata_fingerprint: {run.fingerprint!r}\n"
    text = seals.seal_lines(header + run.config.to_yaml())
    write_atomically(run.folder / "config.yaml", text)
    return run


def check_still_there(run: Run) -> None:
    """Refuse to write about a run into its folder once another one lies there.

    Raises:
        RunError: If it was moved away, or begun anew, since it was opened.
    """
    if not exists(run.folder) or open_run(run.folder).revision != run.revision:
        raise RunError(
            f"{run.folder} no longer holds the run {run.revision}: it was moved away or trained "
            "anew meanwhile. Nothing was written; run the same command again."
        )


def check_fingerprint(run: Run, fingerprint: str, dataset: str = "") -> None:
    """Refuse data that is not what a run was trained on.

    Args:
        run: The run.
        fingerprint: Of the data that is there now.
        dataset: Where that was read, if it lies elsewhere now.

    Raises:
        RunError: If the fingerprints differ: images that were trained on might be scored as test.
    """
    if fingerprint == run.fingerprint:
        return
    config = run.config
    table = f", or its table of labels {config.labels}," if config.labels else ""
    told = f"The training part of {config.dataset}{table} has changed since {run.folder} was begun"
    if dataset and dataset != config.dataset:
        told = f"{dataset} is not {config.dataset}, of {run.folder}, or has changed since"
    raise RunError(
        f"{told}: its test images may have been trained on. Pass the data of the run as it was, or "
        f"train a new run. Expected fingerprint {run.fingerprint}. Received: {fingerprint}"
    )


def exists(folder: pathlib.Path | str) -> bool:
    """Whether a folder holds a run."""
    return (pathlib.Path(folder) / "config.yaml").exists()


def free_folder(folder: pathlib.Path) -> pathlib.Path:
    """A folder, or that name with the first of `-2`, `-3`, ... behind it that holds no run."""
    numbered = (folder.with_name(f"{folder.name}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([folder], numbered) if not exists(path))


def _how_to_get(folder):
    """What somebody can do who names a run that is not there."""
    beside = [path for path in folder.parent.glob("*") if exists(path)]
    names = [path.name for path in beside]
    if like := difflib.get_close_matches(folder.name, names, n=3):
        return f"Runs of a like name are there: {', '.join(like)}."
    return (
        f"Train one with python -m tools.train --run_dir={folder} and the --dataset or --preset "
        "that it is to have."
    )


def make_way(folder: pathlib.Path) -> None:
    """Move a run that is in a folder to `.old`.

    Raises:
        UserError: If somebody trains in it.
    """
    with ownership.owned(folder):
        if exists(folder):
            retire(open_run(folder))


def retire(run: Run) -> None:
    """Move a run's folder to `.old/REVISION` beside it."""
    folder = run.folder.resolve()
    old = folder.parent / ".old"
    old.mkdir(exist_ok=True)
    target = old / run.revision
    count = 1
    while target.exists():
        target = old / f"{run.revision}-{count}"
        count += 1
    folder.rename(target)
    (target / ownership.FILE).unlink(missing_ok=True)
    if run.folder.is_symlink():
        folder.mkdir()  # the next run goes where the link leads too
    log.info("The run that was in %s lies in %s.", run.folder, target)


def open_run(folder: pathlib.Path | str) -> Run:
    """The run in a folder.

    Raises:
        RunError: If there is none.
    """
    folder = pathlib.Path(folder)
    try:
        text = (folder / "config.yaml").read_text("utf-8")
        seals.check_lines(text)
        config = Config.from_yaml(text)
        header = flat_yaml.read(text)
        (revision, _), (fingerprint, _) = header["revision"], header["data_fingerprint"]
        if not (isinstance(revision, str) and _REVISION.fullmatch(revision)):
            raise ValueError(
                f"`revision` must be letters, digits and dashes. Received: {revision!r}"
            )
        if not isinstance(fingerprint, str):
            raise TypeError(f"`data_fingerprint` must be text. Received: {fingerprint!r}")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(
            f"{folder} holds no run: there is no config.yaml. {_how_to_get(folder)}"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{folder}/config.yaml cannot be used: {error}") from error
    return Run(folder, config, revision, fingerprint)


def open_trained(folder: pathlib.Path | str) -> Run:
    """The finished run in a folder.

    Raises:
        RunError: If there is none, it has not been trained to its end, or its model is damaged or
            of another run.
    """
    run = open_run(folder)
    if not run.model_file.exists():
        raise RunError(
            f"{folder} has no model.keras: its training has not ended. Go on with "
            f"python -m tools.train --run_dir={folder} --resume"
        )
    signature(run)
    return run


def signature(run: Run) -> dict[str, Any]:
    """What a run's `model.keras` says of itself: `revision` and `history_sha256`.

    Returns:
        A dict; empty for a model of earlier versions.

    Raises:
        RunError: If the file is damaged or of another run.
    """
    try:
        found = seals.signature(run.model_file)
    except (OSError, ValueError) as error:
        raise RunError(
            f"{run.model_file} is damaged: {error}. Put a copy back, or train the run anew."
        ) from error
    if found.get("revision", run.revision) != run.revision:
        raise RunError(
            f"{run.model_file} is of another run. Put the run's own back. Expected revision "
            f"{run.revision}. Received: {found['revision']}"
        )
    return found
