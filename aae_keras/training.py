"""Training a run from its first epoch, or from its last whole one, to `model.keras`."""

import contextlib
import logging
import os
import resource
import sys
import time

import keras

from aae_keras import callbacks, factory, runs

log = logging.getLogger(__name__)


def train(config, folder=None, *, resume=False, overwrite=False, build=None, verbose="auto"):
    """Train a configuration in a run folder.

    Args:
        config: A `Config`. With `resume` it must be the run's own, but for `epochs`.
        folder: The run folder; `runs/PRESET-seedN` if None.
        resume: Go on with the run in the folder from its last whole epoch.
        overwrite: Move a run that is in the folder out of the way.
        build: Function of (config, data) that returns a compiled model, for networks of your
            own; `factory.build_model` if None.
        verbose: As in `keras.Model.fit`.

    Returns:
        The `Run`, trained.

    Raises:
        DataError, RunError: If the data or the folder cannot be used.
        FloatingPointError: If a loss stops being finite; the last whole epoch stays.
    """
    folder = folder or runs.default_folder(config)
    run = reopen(folder, config) if resume else None
    if run and run.model_file.exists():
        log.warning("%s has been trained to its end (revision %s).", run.folder, run.revision)
        return run
    data = factory.load_data(config)  # before the folder is touched: its faults leave no trace
    model = (build or factory.build_model)(config, data)
    run = run or runs.create(folder, config, overwrite)
    log.info("Revision %s in %s", run.revision, run.folder)
    log.info("%s", data.describe())
    backup = callbacks.Backup(run.backup, data, run.history_file)
    start = backup.restore(model)
    if resume:
        log.info("Resuming after epoch %d of %d.", start, config.epochs)
    fit(model, data, config, run, backup, start, verbose)
    save_atomically(model, run.model_file)
    backup.remove()
    return run


def fit(model, data, config, run, backup, start, verbose="auto"):
    """`model.fit` with the callbacks of a run; its progress goes to stderr."""
    if verbose == "auto":
        verbose = 1 if sys.stderr.isatty() else 2
    clock = EpochClock()
    tensorboard = keras.callbacks.TensorBoard(str(run.logs), write_graph=False)
    with contextlib.redirect_stdout(sys.stderr):
        model.fit(
            data.train,
            validation_data=data.validation,
            epochs=config.epochs,
            initial_epoch=start,
            verbose=verbose,
            callbacks=[clock, callbacks.StopOnNaN(), backup, tensorboard],
        )


class EpochClock(keras.callbacks.Callback):
    """Adds to an epoch's logs, and so to its history, how many seconds it took."""

    def on_epoch_begin(self, epoch, logs=None):
        """Start the watch."""
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Read it."""
        logs["seconds"] = round(time.perf_counter() - self.start, 3)


def reopen(folder, config):
    """The run in a folder, if `config` asks for nothing else than the run itself.

    Raises:
        RunError: If there is none, or a field but `epochs` differs.
    """
    run = runs.open_run(folder)
    ours, theirs = config.to_dict(), run.config.to_dict()
    other = [name for name in ours if ours[name] != theirs[name] and name != "epochs"]
    if other:
        listing = ", ".join(f"{name} is {theirs[name]!r}, not {ours[name]!r}" for name in other)
        raise runs.RunError(
            f"{folder} was begun with another configuration: {listing}. Only epochs may change "
            "when a run is resumed."
        )
    return run


def save_atomically(model, path):
    """Write a `.keras` file aside and rename it into place."""
    aside = path.with_name(f".writing-{path.name}")
    model.save(aside)
    os.replace(aside, path)


def peak_memory():
    """The most memory this process has held, in bytes."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * (1 if sys.platform == "darwin" else 1024)
