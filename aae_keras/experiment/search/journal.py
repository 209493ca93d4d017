"""The journal of a search: what Optuna proposes, what became of it, in a file that is gone on with.

Optuna is imported here alone, and when a journal is opened.
"""

import contextlib
import dataclasses
import logging
import pathlib
import signal
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from aae_keras.experiment.configuration.changes import MOVABLE
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.run_folder import runs

log = logging.getLogger(__name__)

FILE = "journal.log"
# Trials before the first may be pruned, and before the sampler proposes by what it has seen.
FREE_TRIALS = 4
# How a trial comes to its end.
ENDED, PRUNED, DIVERGED, STOPPED = "ended", "pruned", "diverged", "stopped"


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the end: Optuna's lock breaks where it is interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[tuple[Any, Any]] = []

    def hold(number: int, frame: Any) -> None:
        held.append((number, frame))

    former = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    for number, frame in held[:1]:
        handler = former[number]
        if callable(handler):
            handler(number, frame)


@dataclasses.dataclass(frozen=True)
class Tried:
    """A trial that is over.

    Attributes:
        number: From 0, in the order of their beginnings.
        fields: The fields of `Config` that it set; none if it is the configuration as it is.
        values: Those that were searched, by name, without their followers.
        score: By the search's criterion; of one that did not end, so far; None if it has none.
        seconds: That it took.
        outcome: `ended`; `pruned`, as worse than the median at its epoch; `diverged`, as a loss
            became NaN; `stopped`, as time was up or it was interrupted.
        as_configured: Whether it is the configuration as it is.
    """

    number: int
    fields: dict[str, float]
    values: dict[str, float]
    score: float | None
    seconds: float
    outcome: str
    as_configured: bool


class Journal:
    """The trials of a search in a folder, and what proposes them: TPE, seeded, and median pruning.

    Args:
        folder: Where its file lies.
        config: The search's `Config`; its seed is the sampler's.
        fingerprint: Of the data.
        direction: `minimize` or `maximize` the score.
        epochs: That a trial is scored in.

    Raises:
        RunError: If the file is that of a search of another configuration, or of other data.
    """

    def __init__(
        self, folder: pathlib.Path, config: Config, fingerprint: str, direction: str, epochs: int
    ):
        import optuna

        self._states = optuna.trial.TrialState
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        _end_last_line(folder / FILE)
        backend = optuna.storages.journal.JournalFileBackend(str(folder / FILE))
        self._study = optuna.create_study(
            storage=optuna.storages.JournalStorage(backend),
            study_name="tune",
            load_if_exists=True,
            direction=direction,
            # The first third of the epochs is not judged by.
            pruner=optuna.pruners.MedianPruner(FREE_TRIALS, n_warmup_steps=epochs // 3 + 1),
        )
        # Others than before where the search goes on: the same seed would draw the same values.
        seed = np.random.SeedSequence([config.seed, len(self._study.trials)]).generate_state(1)
        self._study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=FREE_TRIALS, seed=int(seed[0])
        )
        self._check(folder, config, fingerprint)

    @property
    def tried(self) -> list[Tried]:
        """The trials that are over, by their numbers."""
        trials = self._study.get_trials(deepcopy=False)
        return [_tried(trial) for trial in trials if "outcome" in trial.user_attrs]

    def begin_with(self, values: Mapping[str, float]) -> None:
        """Have the configuration's own values proposed next."""
        with uninterrupted():
            self._study.enqueue_trial(dict(values), user_attrs={"as_configured": True})

    def ask(self) -> Any:
        """A trial of Optuna's, to be begun."""
        with uninterrupted():
            return self._study.ask()

    def tell(
        self,
        trial: Any,
        outcome: str,
        score: float | None,
        fields: dict[str, float],
        seconds: float,
    ) -> None:
        """Write down what became of a trial."""
        with uninterrupted():
            notes = {"fields": fields, "score": score, "seconds": round(seconds, 1)}
            for name, note in {**notes, "outcome": outcome}.items():
                trial.set_user_attr(name, note)
            states = self._states
            if outcome == ENDED:
                self._study.tell(trial, score)
            else:  # one that was stopped says nothing of its values
                self._study.tell(trial, state=states.FAIL if outcome == STOPPED else states.PRUNED)

    def _check(self, folder, config, fingerprint):
        """Refuse to go on with what is no search of the same."""
        ours, theirs = config.to_dict(), self._study.user_attrs.get("config")
        if theirs is not None:  # what was not there yet was as it is without a word
            theirs = Config().to_dict() | theirs
        else:
            self._study.set_user_attr("fingerprint", fingerprint)
            self._study.set_user_attr("config", ours)
            return
        other = [
            f"{name} is {theirs.get(name)!r}, not {ours[name]!r}"
            for name in ours
            if ours[name] != theirs.get(name) and name not in MOVABLE
        ]
        if other:
            raise runs.RunError(
                f"{folder} was begun with another configuration: {', '.join(other)}. Pass another "
                "--tune_dir, or the flags it was begun with."
            )
        if fingerprint != self._study.user_attrs["fingerprint"]:
            raise runs.RunError(
                f"The training part of {config.dataset} has changed since {folder} was begun, so "
                "that scores cannot be compared. Pass another --tune_dir."
            )


def _end_last_line(path):
    """Remove a last line that was cut short, by a kill or a full disk, which is logged."""
    with contextlib.suppress(FileNotFoundError), open(path, "r+b") as file:
        whole = file.read().rpartition(b"\n")[0]
        end = len(whole) + 1 if whole else 0
        if file.tell() > end:
            log.warning("%s: its last line was cut short, and is removed.", path)
            file.truncate(end)


def _tried(trial):
    notes = trial.user_attrs
    return Tried(
        trial.number,
        notes["fields"],
        dict(trial.params),
        notes["score"],
        notes["seconds"],
        notes["outcome"],
        notes.get("as_configured", False),
    )
