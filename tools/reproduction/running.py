"""Making the runs, each a subprocess as a user would start it; what stops them, and who is told."""

import contextlib
import dataclasses
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from aae_keras import files
from aae_keras.errors import UserError
from aae_keras.experiment.run_folder import records, runs

from .. import cli
from ..benchmarks import measure
from .plan import BEGIN, DONE, Job, command_of

POLL_SECONDS = 0.2
# A run whose minder is killed has lost at most this much of its time from the record.
RECORD_SECONDS = 30
# After Ctrl-C, for the step that a run is in; then it is killed, and its last whole epoch stays.
STOP_SECONDS = 60
VERSIONS = f"""{measure.LOAD_TENSORFLOW}
import json, keras, tensorflow
gpus = len(tensorflow.config.list_physical_devices("GPU"))
print(json.dumps([tensorflow.__version__, keras.__version__, gpus]))
"""


class Running:
    """A job under way: one subprocess after the other, its log, its record.

    Args:
        job: The `Job`.
        state: From `Job.state`.
        note: Its `records.Record` so far, without seconds.

    Raises:
        UserError: If another process works on the run.
    """

    def __init__(self, job: Job, state: str, note: records.Record):
        self.job = job
        self.note = note
        unknown = None if state == BEGIN else records.UNKNOWN
        self.before = records.read(job.folder) or unknown
        self.calls = job.commands(state)
        self.log_path = job.folder.with_name(f"{job.name}.log")
        job.folder.parent.mkdir(parents=True, exist_ok=True)
        self.log = open(self.log_path, "a", encoding="utf-8")
        # Held by the subprocesses too: one that outlives a killed minder is still found.
        if not files.lock(self.log, job.folder.parent, "nothing else makes the same run"):
            self.log.close()
            raise UserError("Another process works on it. Wait for its end, or stop it.")
        self.log.truncate(0)
        self.start = self.recorded = time.monotonic()
        self._call()

    def _call(self):
        self.tool, arguments = self.calls.pop(0)
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{cli.__package__}.{self.tool}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            process_group=0,  # Ctrl-C is for us: we stop it once, and wait
        )

    def ended(self) -> bool:
        """Whether all is done, or something failed; begins what comes next, keeps the record."""
        code = self.process.poll()
        if code is None:
            if time.monotonic() - self.recorded > RECORD_SECONDS:
                self.write_record()
            return False
        if code == 0 and self.calls:
            self._call()
            return False
        self.close()
        return True

    def close(self) -> None:
        """Write the record a last time, and let others have the run."""
        self.write_record()
        self.log.close()

    def write_record(self) -> None:
        """Write the run's record, if the run has begun."""
        self.recorded = time.monotonic()
        if runs.exists(self.job.folder):
            now = dataclasses.replace(self.note, seconds=round(self.recorded - self.start, 1))
            now.after(self.before).write(self.job.folder)

    def error(self) -> str | None:
        """What went wrong, in a line; None if nothing did."""
        code = self.process.returncode
        if code == 0:
            return None
        lines = [line for line in self.log_path.read_text(errors="replace").splitlines() if line]
        ours = [line for line in lines if line.startswith(f"{self.tool}: ")]
        last = (ours or lines or ["It said nothing."])[-1]
        by = f" (killed by {signal.Signals(-code).name})" if code < 0 else ""
        return f"{last}{by} See {self.log_path}"


def run_all(
    jobs: Sequence[Job],
    at_once: int,
    began: Callable[[Job, str], None],
    ended: Callable[[Job, str | None], None],
) -> list[str]:
    """Make runs, some side by side; those that are done are passed over.

    Args:
        jobs: The `Job`s, begun in this order.
        at_once: How many run side by side.
        began: Called with a job and its state when it begins.
        ended: Called with a job and its error, None for a good end.

    Returns:
        Names of the runs that failed.

    Raises:
        KeyboardInterrupt: On Ctrl-C, once all runs have stopped.
    """
    waiting, active, failed = list(jobs), list[Running](), []
    described = None

    def finish(job, error):
        if error is not None:
            failed.append(job.name)
        ended(job, error)

    try:
        while waiting or active:
            while waiting and len(active) < at_once:
                job = waiting.pop(0)
                try:
                    state = job.state()
                    if state == DONE:
                        continue
                    described = described or machine()
                    labels_only = job.config.setting == "labels-only"
                    command = command_of(job.row, job.config.seed, labels_only=labels_only)
                    note = records.Record((measure.commit(),), command, described, 0.0, at_once)
                    active.append(Running(job, state, note))
                    began(job, state)
                except (UserError, OSError) as error:  # this run's: others are begun all the same
                    finish(job, str(error))
            time.sleep(POLL_SECONDS)
            for running in [running for running in active if running.ended()]:
                active.remove(running)
                finish(running.job, running.error())
    finally:
        stop(active)
    return failed


def stop(active: Sequence[Running]) -> None:
    """Interrupt what still runs, and wait for it; a second Ctrl-C kills it."""
    for running in active:
        running.process.send_signal(signal.SIGINT)
    with contextlib.suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
        for running in active:
            running.process.wait(STOP_SECONDS)
    for running in active:
        running.process.kill()
        running.process.wait()
        running.close()


def machine() -> str:
    """One line about this machine and its TensorFlow."""
    script = [sys.executable, "-c", VERSIONS]
    done = subprocess.run(script, capture_output=True, text=True)
    if done.returncode:
        *_, said = ["it said nothing", *done.stderr.strip().splitlines()]
        by = f" (killed by {signal.Signals(-done.returncode).name})" if done.returncode < 0 else ""
        raise UserError(f"TensorFlow cannot be loaded: {said}{by}")
    tensorflow, keras, gpus = json.loads(done.stdout)
    used = measure.machine("no GPU used" if not gpus else f"GPUs: {gpus}")
    return f"{used}; TensorFlow {tensorflow}, Keras {keras}"
