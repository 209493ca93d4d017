"""Who trains together: the cluster that TF_CONFIG names, as Kubernetes, Kubeflow and Ray set it."""

import dataclasses
import json
from typing import Any

from aae_keras.errors import UserError

# What `--distribute` may be; "" is one device.
WAYS = ("", "mirrored", "multiworker")
# In TensorFlow's order: a chief comes before the workers, and is the first of them without one.
_JOBS = ("chief", "worker")
_EXAMPLE = (
    '{"cluster": {"worker": ["HOST1:2222", "HOST2:2222"]}, "task": {"type": "worker", "index": 0}}'
)


@dataclasses.dataclass(frozen=True)
class Place:
    """The place of a process in its cluster.

    Attributes:
        rank: From 0, which is the chief: it alone writes.
        addresses: `HOST:PORT` of each worker, by rank.
    """

    rank: int
    addresses: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many workers there are."""
        return len(self.addresses)


def check_way(way: str) -> None:
    """Raise `UserError` if a value of `--distribute` is none of `WAYS`."""
    if way not in WAYS:
        raise UserError(
            f"--distribute must be one of {', '.join(filter(None, WAYS))}. "
            f"Received: --distribute={way}"
        )


def place_of(text: str | None) -> Place:
    """The place that a value of the environment variable TF_CONFIG gives a process.

    Raises:
        UserError: If it is missing or says something else.
    """
    if not text:
        raise UserError(
            "--distribute=multiworker reads the environment variable TF_CONFIG, which is not set. "
            f"It must be JSON such as {_EXAMPLE}"
        )
    try:
        value = json.loads(text)
        cluster, task = value["cluster"], value["task"]
        addresses = [address for job in _JOBS for address in _listed(cluster, job)]
        kind, index = task["type"], int(task["index"])
        if unknown := set(cluster) - set(_JOBS):
            raise ValueError(f"jobs are {' and '.join(_JOBS)}, not {', '.join(sorted(unknown))}")
        if not 0 <= index < len(_listed(cluster, kind)):
            raise ValueError(f"no {kind} has the index {index}")
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"TF_CONFIG must be JSON such as {_EXAMPLE}. "
            f"Received: {text[:200]!r} ({type(error).__name__}: {error})"
        ) from error
    before = len(_listed(cluster, "chief")) if kind == "worker" else 0
    return Place(before + index, tuple(addresses))


def _listed(cluster: dict[str, Any], job: str) -> list[str]:
    addresses = cluster.get(job, [])
    if not (isinstance(addresses, list) and all(isinstance(a, str) for a in addresses)):
        raise TypeError(f"{job} must be a list of HOST:PORT")
    return addresses
