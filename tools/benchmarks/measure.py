"""Timing that a noisy machine does not spoil: candidates in turn, medians over rounds."""

import dataclasses
import os
import platform
import statistics
import subprocess
import time

import numpy as np

import aae_keras
from aae_keras.data import capacity
from aae_keras.experiment.building import hardware

from .. import cli

ROUNDS = 5
# The first lines of a script for a process of its own.
LOAD_TENSORFLOW = f"from {cli.__package__} import cli\ncli.load_tensorflow()\n"


@dataclasses.dataclass(frozen=True)
class Row:
    """A measured figure.

    Attributes:
        name: `group/what`.
        value: The figure.
        unit: Of what.
    """

    name: str
    value: float
    unit: str


def in_turn(candidates, rounds=ROUNDS):
    """Median seconds of each candidate, taken in turn so that a slow minute hits all of them.

    Args:
        candidates: Dict of functions without arguments; each is called once before the clock runs.
        rounds: How often each is timed.

    Returns:
        Dict of seconds.
    """
    for run in candidates.values():
        run()
    seconds = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def latencies(run, calls=400):
    """Seconds of single calls: dict of `p50` and `p99`."""
    for _ in range(calls // 10):
        run()
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return {f"p{q}": float(np.percentile(seconds, q)) for q in (50, 99)}


def machine(accelerator="no GPU used"):
    """One line about this machine, with what the caller knows of its GPU."""
    model = hardware.processor().get("model name") or platform.processor() or platform.machine()
    fast = ", ".join(hardware.bfloat16_instructions()) or "no bfloat16 instructions"
    memory = capacity.memory() / 2**30
    return f"{model} ({fast}), {os.cpu_count()} cores, {memory:.0f} GiB, {accelerator}"


def commit() -> str:
    """The commit of the code that runs; `-dirty` where it has been changed. Documents do not count.

    An installation has no commit: its version stands in place of it.
    """
    if cli.__package__ != "tools":
        return f"version {aae_keras.__version__}"
    head = _git("rev-parse", "--short=7", "HEAD")
    changed = _git("status", "--porcelain", "--", "aae_keras", "tools")
    return f"{head or 'unknown'}{'-dirty' if changed else ''}"


def _git(*arguments):
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    except FileNotFoundError:  # no git on this machine
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
