"""Training a run from its first epoch, or from its last whole one, to `model.keras`."""

import dataclasses
import functools
import logging
import os
import pathlib
from collections.abc import Callable, Sequence

import keras

from aae_keras.data import Data, neighbours
from aae_keras.errors import UserError
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.changes import MOVABLE, difference
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import lineage, merging, parents, starts
from aae_keras.experiment.learning.callbacks import Backup, StayOwner
from aae_keras.experiment.learning.devices import Group, started
from aae_keras.experiment.learning.drawing import DrawFigures
from aae_keras.experiment.learning.fitting import fit
from aae_keras.experiment.learning.stages import (
    Stage,
    epochs_before,
    stages_of,
    start_from,
    with_epochs,
    with_other_epochs,
)
from aae_keras.experiment.run_folder import ownership, runs, seals
from aae_keras.experiment.run_folder.outcomes import write_csv
from aae_keras.files import flush, naming_a_full_disk
from aae_keras.models import AdversarialModel

log = logging.getLogger(__name__)


def train(
    config: Config,
    folder: pathlib.Path | str | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    build: Callable[[Config, Data], AdversarialModel] | None = None,
    data: Data | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: str | int = "auto",
    distribute: str = "",
) -> runs.Run:
    """Train a configuration in a run folder.

    Args:
        config: A `Config`. With `resume` it must be the run's own, but for `epochs` and where the
            data lies.
        folder: The run folder; `runs/PRESET-seedN` if None.
        resume: Go on with the run in the folder from its last whole epoch.
        overwrite: Move a run that is in the folder out of the way.
        build: Function of (config, data) that returns a compiled model, for networks of your
            own; `factory.build_model` if None.
        data: The configuration's `Data`, where it has been read; it is read if None.
        callbacks: Keras callbacks of your own; exact resume does not cover their state. Of several
            workers each runs them.
        verbose: As in `keras.Model.fit`.
        distribute: `mirrored`: on all devices of this machine. `multiworker`: as one of the
            processes that the environment variable TF_CONFIG names, each of which calls this; the
            first decides configuration and folder.

    Returns:
        The `Run`, trained. A worker that is not the first has it in no folder of its own.

    Raises:
        DataError, RunError, UserError: If the data or the folder cannot be used, another process
            trains in it, it goes away meanwhile, the disk is full, a resumed run's data is not
            what it was, or another worker ends.
        FloatingPointError: If a loss stops being finite; the last whole epoch stays.
        Whatever ends a new run before its first whole epoch, the folder is left as it was.
    """
    folder = pathlib.Path(folder or runs.default_folder(config))
    build = build or factory.build_model
    with started(distribute) as group:
        if not group.is_chief:
            return _follow(group, folder, build, data, callbacks)
        return _lead(group, config, folder, resume, overwrite, build, data, callbacks, verbose)


def _lead(group, config, folder, resume, overwrite, build, data, callbacks, verbose):
    """`train` where the folder is written."""
    if resume:
        reopen(folder, config)  # before the lock: a folder without a run is left alone
        with ownership.owned(folder) as lock:
            begun = runs.open_run(folder).config.epochs
            run = reopen(folder, config)  # another may have gone on with it until now
            if run.model_file.exists():
                log.warning("%s has been trained to its end (revision %s).", folder, run.revision)
                group.tell({"config": "", "revision": run.revision})
                return run
            plan = _plan(group, run, data, build, begun)
            rows = _rows_so_far(plan)
            if config.resume_from and not rows:
                plan.parent = _same_parent(plan)
            runs.write_config(plan.run)
            return _finish(plan, lock, callbacks, verbose, rows)
    # Before the folder is touched: faults of the data and of the networks leave no trace.
    plan = _plan(group, runs.name_run(folder, config, overwrite), data, build)
    if config.resume_from:
        if overwrite and folder.resolve() == pathlib.Path(config.resume_from).resolve():
            raise runs.RunError(f"{folder} is what the run starts from. Pass another --run_dir.")
        plan.parent = parents.open_parent(config, plan.data)
    if overwrite:
        runs.make_way(folder)
    with ownership.owned(folder) as lock, runs.undone_before_its_first_epoch(plan.run, lock):
        plan.run = runs.begin(plan.run, plan.data.split.fingerprint())
        parent = plan.parent
        descent = (parent.run.revision, parent.lineage) if parent else ()
        lineage.write(plan.run, lineage.of(plan.data, *descent))
        if plan.data.distances is not None:
            neighbours.write(plan.run.distances, plan.data.distances, plan.run.fingerprint)
        return _finish(plan, lock, callbacks, verbose)


@dataclasses.dataclass
class _Plan:
    """What is trained: `model` is that of the first stage, which may start from a `parent`."""

    group: Group
    run: runs.Run
    data: Data
    stages: list[Stage]
    model: AdversarialModel
    backup: Backup
    build: Callable[[Config, Data], AdversarialModel]
    parent: parents.Parent | None = None

    def built(self, stage: Stage) -> AdversarialModel:
        """The model of a later stage."""
        return _built(self.group, self.build, stage.config, self.data)


def _built(group, build, config, data):
    with group.scope():
        model = build(config, data)
    group.check_model(model)
    return model


def _same_parent(plan):
    """The run that an interrupted one without a whole epoch began from."""
    parent = parents.open_parent(plan.run.config, plan.data)
    expected = lineage.read(plan.run).parent
    if parent.run.revision != expected:
        raise runs.RunError(
            f"{plan.run.folder} began from another run than {parent.run.folder} holds now. Train a "
            f"new one. Expected revision {expected}. Received: {parent.run.revision}"
        )
    return parent


def _plan(group, run, data, build, begun=None):
    """What is trained, of a run that was begun with so many epochs; None for those it has."""
    begun = begun or run.config.epochs
    if group.is_chief:
        told = {"config": run.config.to_yaml(), "revision": run.revision, "begun": begun}
        group.tell(told)
    if data is None:
        data = factory.load_data(run.config, functools.partial(neighbours.read, run.distances))
    if group.is_chief:  # not before: where the data cannot be read there will be no such revision
        log.info("Revision %s in %s", run.revision, run.folder)
    log.info("%s", data.describe())
    group.check(run.config, data)
    if begun != run.config.epochs:
        run = dataclasses.replace(run, config=with_other_epochs(run.config, begun, data))
    stages = stages_of(with_epochs(run.config, data), len(data.class_names))
    backup = Backup(run.backup, data, run.history_file, run.revision, group.count)
    model = _built(group, build, stages[0].config, data)
    return _Plan(group, run, data, stages, model, backup, build)


def _rows_so_far(plan):
    """The history of a run that is gone on with, once it is clear that it may be."""
    run, stages = plan.run, plan.stages
    runs.check_fingerprint(run, plan.data.split.fingerprint())
    rows = plan.backup.saved_history()
    last = len(rows) - epochs_before(stages[-1], rows)
    if last > stages[-1].config.epochs:
        raise runs.RunError(
            f"{run.folder} has {last} whole epochs already. Received: epochs={run.config.epochs}"
        )
    total = sum(stage.config.epochs for stage in stages)
    log.info("Resuming after epoch %d of %d.", len(rows), total)
    return rows


def _finish(plan, lock, callbacks, verbose, rows=()):
    """Train from the last whole epoch, or the first, to `model.keras`."""
    run, data, model, backup, group = plan.run, plan.data, plan.model, plan.backup, plan.group
    fingerprint = data.split.fingerprint()
    drawing = [DrawFigures(data, run, backup)] if run.config.draw_every else []
    each_epoch = [StayOwner(lock), backup, *drawing, *callbacks]
    reached = rows[-1].get("stage", 1) if rows else 1
    for stage in plan.stages[reached - 1 :]:  # what the others learned is in the checkpoint
        if len(plan.stages) > 1:
            backup.stage = stage.number
            log.info("Stage %d of %d: %s.", stage.number, len(plan.stages), stage.config.setting)
        if stage.number > 1:
            former, model = model, plan.built(stage)
        if rows and stage.number == reached:
            backup.restore(model)
        elif plan.parent:
            log.info(
                "Starts from revision %s in %s.", plan.parent.run.revision, run.config.resume_from
            )
            named = plan.parent.is_to_be_named
            _start(plan, model, plan.parent.model, with_y=named, merges=named)
            plan.parent = None  # its memory
        elif stage.number > 1 and not stage.anew:
            if stage.starts:
                former = starts.best(stage.starts, model, data, backup, plan.built)
            merges = bool(run.config.pretrain_clusters)
            keeps = run.config.pretrain_keeps_y or merging.are_merged(model, former)
            _start(plan, model, former, with_y=merges and keeps, merges=merges)
        group.tell({"stage": stage.number, "rows": backup.history, "fingerprint": fingerprint})
        fit(model, data, run, each_epoch, stage, backup.history, verbose, group)
        if stage.start:
            backup.keep(stage.start)
    lock.check()
    save_atomically(model, run)
    backup.remove()
    group.tell({"stage": 0})
    return run


def _start(plan, model, former, *, with_y, merges):
    """Give a model what a former one has learned, whose clusters may be merged to its y."""
    start_from(model, former, with_y=with_y)
    if merges:
        naming = merging.start_from_clusters(model, former, plan.data)
        write_disagreements(naming, plan.data, plan.run)


def _follow(group, folder, build, data, callbacks):
    """`train` in a worker that writes nothing: it trains as the chief says."""
    told = group.tell()
    run = runs.Run(folder, Config(), told["revision"])
    log.info("The first worker says what is trained: revision %s.", run.revision)
    if not told["config"]:
        return run
    run = dataclasses.replace(run, config=Config.from_yaml(told["config"]))
    plan = _plan(group, run, data, build, told["begun"])
    model = plan.model
    while (told := group.tell())["stage"]:
        stage = plan.stages[told["stage"] - 1]
        if stage.number > 1:
            model = plan.built(stage)
        fingerprint = plan.data.split.fingerprint()
        if fingerprint != told["fingerprint"]:
            raise UserError(
                f"The data of this worker is not the first one's: {run.config.dataset} must be the "
                f"same in all. Expected fingerprint {told['fingerprint']}. Received: {fingerprint}"
            )
        fit(model, plan.data, run, callbacks, stage, told["rows"], 0, group)
    return run


def write_disagreements(naming: merging.Naming, data: Data, run: runs.Run) -> None:
    """Say how many labels agree with the clusters, and write down those that do not.

    Args:
        naming: What the clusters became.
        data: The `Data`.
        run: The `Run`, in whose folder `disagreements.csv` lists them, a table of labels.
    """
    count = naming.agreeing + len(naming.disagreeing)
    if not count:
        return
    log.info("%d of %d labels agree with their cluster.", naming.agreeing, count)
    split = data.split
    rows = [
        {"image": split.names[row], "label": split.class_names[split.labels[row]]}
        for row in naming.disagreeing
    ]
    if rows:
        write_csv(run.folder / "disagreements.csv", rows)
        log.info("disagreements.csv lists the others: look whether their labels are right.")


def reopen(folder: pathlib.Path | str, config: Config) -> runs.Run:
    """The run in a folder, to go on with as `config` says.

    Raises:
        RunError: If there is none, a field differs that is neither `epochs` nor of `MOVABLE`, or it
            has ended and `config` asks for other epochs.
    """
    run = runs.open_run(folder)
    if config.epochs != run.config.epochs or not config.least_steps:
        # `changed` takes this along for a new run; the size of this one's batches follows from it.
        config = dataclasses.replace(config, least_steps=run.config.least_steps)
    may_change = ("epochs", *MOVABLE)
    names = [name for name in config.to_dict() if name not in may_change]
    other, listing = difference(config, run.config, names)
    if other:
        raise runs.RunError(
            f"{folder} was begun with another configuration: {listing}. Only "
            f"{', '.join(may_change)} may change when a run is resumed."
        )
    if run.model_file.exists():
        runs.signature(run)
    if run.model_file.exists() and config.epochs != run.config.epochs:
        raise runs.RunError(
            f"{folder} has ended after {run.config.epochs} epochs and its checkpoint is gone. "
            f"Train a new run for another length. Received: epochs={config.epochs}"
        )
    return dataclasses.replace(run, config=config)


def save_atomically(model: keras.Model, run: runs.Run) -> None:
    """Write a run's model aside, sign it, and rename it into place.

    The signature ties it to the configuration, by the revision, and to the history.
    """
    path = run.model_file
    aside = path.with_name(f".writing-{path.name}")
    size = sum(weight.numpy().nbytes for weight in model.weights)
    history = seals.file_checksum(run.history_file)
    try:
        with naming_a_full_disk(path, size, "go on with --resume."):
            model.save(aside)
            seals.sign_model(aside, {"revision": run.revision, "history_sha256": history})
            flush(aside)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    os.replace(aside, path)
    flush(path.parent)  # before the backup, the only other copy, is removed
