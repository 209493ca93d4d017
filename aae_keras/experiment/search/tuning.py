"""A search for own data: short runs of a configuration with a few fields changed.

Each trial is a miniature of the run that would follow, scored on validation images; the test part
is never looked at. The first trial is the configuration as it is, so that the best is no worse. A
journal in the folder lets a second search go on with what the first has learned.
"""

import contextlib
import dataclasses
import functools
import gc
import logging
import pathlib
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras

from aae_keras.data import neighbours
from aae_keras.errors import first_line
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import training
from aae_keras.experiment.learning.stages import stages_of, with_epochs
from aae_keras.experiment.run_folder import runs
from aae_keras.experiment.search import journal
from aae_keras.experiment.search.criteria import Criterion, criterion_for
from aae_keras.experiment.search.journal import DIVERGED, ENDED, PRUNED, STOPPED, Tried
from aae_keras.experiment.search.search_space import changed_fields, range_of, shortened, space_of

log = logging.getLogger(__name__)

# The score is the mean of so many last epochs: that of one is more luck.
SCORED_EPOCHS = 2


def default_folder(config: Config) -> pathlib.Path:
    """`runs/tune-NAME-seedN`, where the run itself would lie in `runs/NAME-seedN`."""
    folder = runs.default_folder(config)
    return folder.with_name(f"tune-{folder.name}")


class Search:
    """A search in a folder: `run` makes trials until time is up, `best` is the best so far.

    Args:
        config: The `Config` to start from.
        folder: For the journal and each trial's history; `default_folder` if None.
        minutes: That the search may take from here on, reading the data included.
        clock: Function that returns seconds.

    Attributes:
        config: The `Config`.
        folder: As a `pathlib.Path`.
        criterion: The `Criterion` that trials are scored by.

    Raises:
        DataError, RunError, UserError: If the data or the folder cannot be used, the setting has no
            y to score, or there are no validation images.
    """

    def __init__(
        self,
        config: Config,
        folder: pathlib.Path | str | None = None,
        *,
        minutes: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._clock = clock
        self._deadline = clock() + 60 * minutes
        self.config = config
        self.folder = pathlib.Path(folder or default_folder(config))
        distances = self.folder / "distances.npz"
        self._data = factory.load_data(config, functools.partial(neighbours.read, distances))
        log.info("%s", self._data.describe())
        self._short = shortened(with_epochs(config, self._data))
        self._stages = stages_of(self._short, len(self._data.class_names))
        self.criterion = criterion_for(self._stages[-1].config, self._data)
        fingerprint = self._data.split.fingerprint()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._journal = journal.Journal(
            self.folder, config, fingerprint, self.criterion.direction, self._short.epochs
        )
        if self._data.distances is not None:
            neighbours.write(distances, self._data.distances, fingerprint)

    @property
    def left(self) -> float:
        """Seconds until time is up; below 0 since then."""
        return self._deadline - self._clock()

    @property
    def tried(self) -> list[Tried]:
        """The trials that are over, those of earlier searches in the folder first."""
        return self._journal.tried

    @property
    def best(self) -> Tried | None:
        """The best of those that ended, the first of equal ones; None if none has."""
        ended = [tried for tried in self.tried if tried.outcome == ENDED]
        sign = -1 if self.criterion.direction == "maximize" else 1
        return min(ended, key=lambda tried: sign * (tried.score or 0.0), default=None)

    def config_of(self, tried: Tried) -> Config:
        """The configuration, with its whole epochs, as a trial changed it."""
        fields: dict[str, Any] = tried.fields
        return dataclasses.replace(self.config, **fields)

    def run(self, trials: int = 0) -> Iterator[Tried]:
        """Make trials, one after the other, and give each when it is over.

        None begins that would not fit into the time left, judging by the median of those that
        ended. The one that runs when time is up is stopped after its epoch.

        Args:
            trials: That may be over in the folder, at most, stopped ones aside; 0: as many as fit.
        """
        while True:
            over = [tried for tried in self.tried if tried.outcome != STOPPED]
            if trials and len(over) >= trials:
                return
            ended = [tried.seconds for tried in over if tried.outcome == ENDED]
            needed = statistics.median(ended) if ended else 0.0
            if self.left <= 0:
                log.info("Time is up.")
                return
            if needed > self.left:
                log.info("A trial takes about %.0f s, and %.0f s are left.", needed, self.left)
                return
            # Anew where it was stopped: without it nobody knows what the others are better than.
            if not any(tried.as_configured for tried in over):
                self._journal.begin_with(
                    {name: getattr(self.config, name) for name in space_of(self.config)}
                )
            yield self._try(self._journal.ask())

    def _try(self, trial):
        """Make one trial, and write down what became of it."""
        as_configured = trial.user_attrs.get("as_configured", False)
        values = {}
        for name, field in space_of(self.config).items():
            low, high = range_of(self.config, field)
            with journal.uninterrupted():
                values[name] = trial.suggest_float(name, low, high, log=field.log)
        fields = {} if as_configured else changed_fields(self.config, values)
        watch = ScoreEpochs(
            trial,
            self.criterion,
            stages=len(self._stages),
            epochs=self._short.epochs,
            is_late=lambda: self.left <= 0,
            may_prune=not as_configured,
        )
        begin, outcome = self._clock(), STOPPED
        try:
            self._train(dataclasses.replace(self._short, **fields), watch, trial.number)
            outcome = ENDED
        except FloatingPointError as error:
            outcome = DIVERGED
            log.info("Trial %d: %s.", trial.number, first_line(error).split(". ")[0])
        except TrialOver as over:
            outcome = over.outcome
        finally:  # of one that is interrupted too
            self._journal.tell(trial, outcome, watch.score, fields, self._clock() - begin)
        return next(tried for tried in self.tried if tried.number == trial.number)

    def _train(self, config, watch, number):
        """Train in a run folder of its own, of which the history alone is kept."""
        with tempfile.TemporaryDirectory(prefix="aae-keras-") as scratch, _quietly():
            folder = pathlib.Path(scratch) / "run"
            try:
                training.train(config, folder, data=self._data, callbacks=[watch], verbose=0)
            finally:
                gc.collect()  # a model is a cycle, and the next one needs its memory
                with contextlib.suppress(FileNotFoundError):  # none before the first whole epoch
                    shutil.copy(folder / "history.csv", self.folder / f"trial-{number}.csv")


class TrialOver(Exception):
    """Raised to end a trial before its last epoch; it says how that counts."""

    def __init__(self, outcome: str):
        super().__init__(outcome)
        self.outcome = outcome


class ScoreEpochs(keras.callbacks.Callback):
    """Scores the epochs of a trial's last stage, and ends it once it is hopeless or time is up.

    Args:
        trial: Of Optuna, which the scores are reported to.
        criterion: The `Criterion`.
        stages: How many stages the trial has.
        epochs: How many the last of them has.
        is_late: Function that says whether time is up.
        may_prune: Whether the trial may be ended for its scores.
    """

    def __init__(
        self,
        trial: Any,
        criterion: Criterion,
        stages: int,
        epochs: int,
        is_late: Callable[[], bool],
        may_prune: bool,
    ):
        super().__init__()
        self.trial, self.criterion, self.may_prune = trial, criterion, may_prune
        self.stages, self.epochs, self.is_late = stages, epochs, is_late
        self.stage = 0
        self.scores: list[float] = []

    @property
    def score(self) -> float | None:
        """Of the trial: the mean of its last epochs; None before the first."""
        return statistics.fmean(self.scores[-SCORED_EPOCHS:]) if self.scores else None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Count the stages."""
        self.stage += 1

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Score, report, and look at the clock."""
        if self.stage == self.stages:
            self.scores.append(self.criterion.score(self.model, logs or {}))
            with journal.uninterrupted():
                self.trial.report(self.score, len(self.scores))
            if len(self.scores) == self.epochs:
                return
            if self.may_prune and self.trial.should_prune():
                raise TrialOver(PRUNED)
        if self.is_late():
            raise TrialOver(STOPPED)


@contextlib.contextmanager
def _quietly():
    """Without what training says: a search has a line for each trial."""
    library = logging.getLogger("aae_keras")
    level = library.level
    library.setLevel(logging.ERROR)
    try:
        yield
    finally:
        library.setLevel(level)
