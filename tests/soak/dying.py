"""Jobs in processes of their own, which end by themselves or are killed at a chosen moment.

They are forked from one server that has loaded TensorFlow and run nothing of it: a job begins at
once, and still holds its locks and dies alone.
"""

import dataclasses
import multiprocessing
import os
import pathlib
import signal
import sys
import time
import traceback

from aae_keras.errors import UserError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.soak.jobs"])
LIMIT = 900  # seconds, after which a job hangs

# What Python reports of changes on the disk; `open` counts if it is for writing.
CHANGES = {
    *("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod"),
    "shutil.rmtree",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
REFUSED = 3  # exit code


@dataclasses.dataclass(frozen=True)
class Kill:
    """A moment to be killed at; by default never.

    Attributes:
        change: Before so manyeth change below the job's folder, counted from 1.
        seconds: After so much processor time.
    """

    change: int = 0
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Ending:
    """How a job ended.

    Attributes:
        how: `ended`, `killed` or `refused`.
        changes: How many there were below its folder.
        seconds: Processor time it took.
        message: Why it was refused.
    """

    how: str
    changes: int = 0
    seconds: float = 0.0
    message: str = ""


NEVER = Kill()


def run(job, folder, *arguments, kill=NEVER):
    """Run a job, a function of `jobs`; how it ended. One that fails otherwise is an error."""
    return wait(begin(job, folder, *arguments, kill=kill))


def begin(job, folder, *arguments, kill=NEVER, delay=0.0):
    """Begin a job, some seconds later; what to `wait` for."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    given = (job, pathlib.Path(folder), arguments, kill, delay, theirs)
    process = CONTEXT.Process(target=_live, args=given)
    process.start()
    theirs.close()
    return process, ours


def wait(begun):
    """The `Ending` of a job that was begun."""
    process, pipe = begun
    process.join(LIMIT)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"a job hung for {LIMIT} seconds")
    if process.exitcode in (-signal.SIGKILL, -signal.SIGPROF):
        return Ending("killed")
    assert process.exitcode in (0, REFUSED), f"a job ended with exit code {process.exitcode}"
    return pipe.recv()


def _live(job, folder, arguments, kill, delay, pipe):
    """The life of a job's process."""
    changes = 0

    def count(event, values):
        nonlocal changes
        if event not in CHANGES or not str(values[0]).startswith(str(folder)):
            return
        if event == "open" and not (values[2] or 0) & WRITING:
            return
        changes += 1
        if changes == kill.change:
            os.kill(os.getpid(), signal.SIGKILL)

    time.sleep(delay)
    sys.addaudithook(count)
    if kill.seconds:
        signal.setitimer(signal.ITIMER_PROF, kill.seconds)  # it ends the process as a kill does
    start = time.process_time()
    ending = {"how": "ended"}
    try:
        job(folder, *arguments)
    except UserError as error:
        ending = {"how": "refused", "message": str(error)}
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    signal.setitimer(signal.ITIMER_PROF, 0)
    pipe.send(Ending(**ending, changes=changes, seconds=time.process_time() - start))
    os._exit(0 if ending["how"] == "ended" else REFUSED)
