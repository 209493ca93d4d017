"""How a run was made: commit, command, machine and minutes, in a file beside its scores."""

import dataclasses
import pathlib

from aae_keras.errors import UserError, first_line
from aae_keras.experiment.run_folder import seals
from aae_keras.files import write_atomically

FILE = "reproduced.json"


@dataclasses.dataclass(frozen=True)
class Record:
    """What `tools.reproduce` notes of a run.

    Attributes:
        commits: Those its processes ran at, in order, each once; `-dirty` at the end of one where
            the code had been changed since. A run that was resumed may have several.
        command: The training command; names stand for the paths of the machine.
        machine: One line about it, with the versions of TensorFlow and Keras.
        seconds: Wall seconds of training and evaluation, start-up and resumes included; None where
            they are not known.
        at_once: How many runs shared the machine, at most.
    """

    commits: tuple[str, ...]
    command: str
    machine: str
    seconds: float | None
    at_once: int = 1

    def after(self, before: "Record | None") -> "Record":
        """This record of a run that goes on, with what an earlier one has of it."""
        if before is None:
            return self
        seconds = None
        if before.seconds is not None and self.seconds is not None:
            seconds = round(before.seconds + self.seconds, 1)
        return dataclasses.replace(
            self,
            commits=tuple(dict.fromkeys((*before.commits, *self.commits))),
            seconds=seconds,
            at_once=max(before.at_once, self.at_once),
        )

    def write(self, folder: pathlib.Path) -> None:
        """Write it into a run folder."""
        values = dataclasses.asdict(self)
        write_atomically(folder / FILE, seals.seal(values, indent=2) + "\n")


# Of a run that somebody else began: what it has taken so far cannot be told.
UNKNOWN = Record(("not recorded",), "", "", None)


def read(folder: pathlib.Path) -> Record | None:
    """The record in a run folder; None if `tools.reproduce` did not make the run.

    Raises:
        UserError: If it is damaged.
    """
    try:
        values = seals.unseal_if_sealed((folder / FILE).read_bytes())
        return Record(**values | {"commits": tuple(values["commits"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{folder / FILE} is damaged: {first_line(error)}. Delete it, and the run counts as "
            "one whose commit is not known."
        ) from error
