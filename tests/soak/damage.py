"""One bit of a run folder flipped: the file is named, or all that is read back is as it was."""

import contextlib
import functools
import pathlib
import tempfile

import numpy as np

from aae_keras import models
from aae_keras.data import neighbours
from aae_keras.errors import UserError
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import lineage
from aae_keras.experiment.run_folder import checkpoints, outcomes, records, runs, seals
from tests import made, tiny

HISTORY = [{"epoch": epoch, "loss": 0.5 / epoch, "seconds": 1.0} for epoch in (1, 2)]
DIGESTS = frozenset(seals.checksum(text)[: lineage.DIGITS] for text in "abc")
STATE = np.arange(30, dtype="float32")


def write(folder):
    """A run folder with all that is ever read back, of a run that nobody trained."""
    config = Config(epochs=len(HISTORY))
    run = made.make_run(folder, config, trained=False, scored=False)
    outcomes.write_csv(run.history_file, [row | {"revision": run.revision} for row in HISTORY])
    model = tiny.basic()
    model.compile(jit_compile=False)
    model.save(run.model_file)
    history = seals.file_checksum(run.history_file)
    seals.sign_model(run.model_file, {"revision": run.revision, "history_sha256": history})
    scores = {"test": {"error_rate": 0.0125}, "minutes": 3.5, "revision": run.revision}
    run.metrics_file.write_text(seals.seal(scores, indent=2))
    lineage.write(run, lineage.Lineage(run.revision, ("cat", "dog"), DIGESTS))
    neighbours.write(run.distances, np.arange(20, dtype="float32"), run.fingerprint)
    run.backup.mkdir()
    for epochs in (1, 2):
        state = {"0000": STATE + epochs - 1}
        place = run.backup / f"epoch-{epochs:06d}"
        checkpoints.write(place, epochs, HISTORY[:epochs], state, run.revision)
    return run


def _distances(run):
    found = neighbours.read(run.distances, run.fingerprint)
    return None if found is None else found.tolist()


def _checkpoint(run):
    found = checkpoints.newest_whole(run.backup, run.revision)
    return found.epochs, found.history, found.arrays["0000"].tolist()


def _model(run):
    weights = [weight.tobytes() for weight in models.load_model(run.model_file).get_weights()]
    return runs.signature(run), weights


# Who reads each file, as values to compare.
READERS = {
    "config.yaml": lambda run: runs.open_run(run.folder),
    "history.csv": outcomes.read_history,
    "metrics.json": lambda run: outcomes.read_metrics(run)["test"],
    "model.keras": _model,
    "lineage.json": lineage.read,
    "reproduced.json": lambda run: records.read(run.folder),
    "distances.npz": _distances,
    "progress.json": _checkpoint,
    "state.npz": _checkpoint,
}
# What stands in for a damaged one, after a warning: it is computed again, or the epoch before.
SPARED = dict.fromkeys(["progress.json", "state.npz"], (1, HISTORY[:1], STATE.tolist()))


class Made:
    """A whole run folder, its files, and what is read of them."""

    def __init__(self):
        self._kept = tempfile.TemporaryDirectory(prefix="aae-keras-")
        self.run = write(pathlib.Path(self._kept.name) / "run")
        self.files = sorted(path for path in self.run.folder.rglob("*") if path.is_file())
        self.read = {name: reader(self.run) for name, reader in READERS.items()}


@functools.cache
def whole():
    return Made()


def case(random):
    """Which file of the folder, which of its bytes and bits."""
    path = random.choice(whole().files)
    return path, random.randrange(path.stat().st_size), random.randrange(8)


@contextlib.contextmanager
def _flipped(path, place, bit):
    content = path.read_bytes()
    changed = bytearray(content)
    changed[place] ^= 1 << bit
    path.write_bytes(changed)
    try:
        yield
    finally:
        path.write_bytes(content)


def check(case):
    """What came of it: `named`, `harmless`, or `done without`."""
    name = case[0].name
    with _flipped(*case):
        try:
            found = READERS[name](whole().run)
        except UserError as error:
            assert name in str(error), f"another file is named: {error}"
            return "named"
    if found == whole().read[name]:
        return "harmless"
    assert found == SPARED.get(name), f"{name} changed in silence: {found}"
    return "done without"
