"""A run that starts from the weights of a former one, its parent, and what the parent had seen.

`lineage.json` in a run folder holds the parent's revision, the names of the classes, and digests of
the images that training saw, in the run or one it comes from. None whose label taught may score a
run that starts from it; how many of the others do is said.
"""

import dataclasses
import hashlib
from collections.abc import Iterable

import numpy as np

from aae_keras.data import Data
from aae_keras.experiment.run_folder import runs, seals
from aae_keras.files import write_atomically

FILE = "lineage.json"
DIGITS = 16


@dataclasses.dataclass(frozen=True)
class Lineage:
    """What a run folder says of where the run's weights come from.

    Attributes:
        parent: Revision of the run that it started from; "" if there was none.
        class_names: One string per class of its data.
        taught: Digests of the labelled images that taught it or those before it; None where there
            are any and they were left on disk, too many to look at.
        seen: The same of all images that training saw, with or without their labels.
    """

    parent: str
    class_names: tuple[str, ...]
    taught: frozenset[str] | None
    seen: frozenset[str] | None = None


def of(data: Data, revision: str = "", parent: Lineage | None = None) -> Lineage:
    """The `Lineage` of a run that begins.

    Args:
        data: Its `Data`.
        revision: Of the run that it starts from, if there is one.
        parent: That run's own.
    """
    split = data.split
    taught, seen = (parent.taught, parent.seen) if parent else (frozenset(), frozenset())
    taught = _joined(taught, split.images, split.labeled_rows)
    seen = _joined(seen, split.images, np.union1d(split.labeled_rows, split.unlabeled_rows))
    return Lineage(revision, tuple(data.class_names), taught, seen)


def _joined(digests, images, rows):
    """Digests and those of some rows; None where these would have to be read from disk."""
    if digests is None or (len(rows) and images.on_disk):
        return None
    return digests | digests_of(images[rows])


def write(run: runs.Run, lineage: Lineage) -> None:
    """Write a run's `lineage.json`."""
    values = dataclasses.asdict(lineage)
    for name in ("taught", "seen"):
        values[name] = None if values[name] is None else "".join(sorted(values[name]))
    write_atomically(run.folder / FILE, seals.seal(values) + "\n")


def read(run: runs.Run) -> Lineage:
    """Read a run's `lineage.json`.

    Raises:
        RunError: If it is missing or damaged.
    """
    path = run.folder / FILE
    try:
        values = seals.unseal_if_sealed(path.read_bytes())
        taught, seen = (_apart(values.get(name)) for name in ("taught", "seen"))
        return Lineage(values["parent"], tuple(values["class_names"]), taught, seen)
    except FileNotFoundError as error:
        raise runs.RunError(
            f"{path} is missing, so nothing says which images taught that run. Put a copy back, or "
            "train it anew, if an earlier version did."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise runs.RunError(f"{path} is damaged: {error!r}. Put a copy back.") from error


def _apart(digests):
    """A set of digests, from one text or, in runs of earlier versions, a list."""
    if not isinstance(digests, str):
        return digests if digests is None else frozenset(digests)
    return frozenset(digests[at : at + DIGITS] for at in range(0, len(digests), DIGITS))


def digests_of(images: Iterable[np.ndarray]) -> frozenset[str]:
    """Sixteen hexadecimal digits of each image's pixels."""
    return frozenset(hashlib.sha256(image.tobytes()).hexdigest()[:DIGITS] for image in images)
