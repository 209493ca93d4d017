"""Tools in processes of their own, forked off one that has imported TensorFlow already.

To import it takes four seconds of a core, and the tests call tools some hundred times. All else is
as in a process that was started: arguments, folder, streams, exit code. What a tool imports, and
how fast it answers, is for tests that start one.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import pathlib
import runpy
import subprocess
import sys
import tempfile
import warnings

# What takes long to import and is the same for every tool.
PRELOADED = (
    "tensorflow", "keras", "tensorflow_datasets", "sklearn.metrics", "sklearn.linear_model",
    "scipy.stats", "matplotlib.pyplot", "absl.app",
)  # fmt: skip


def run(module, *arguments, cwd="."):
    """`python -m MODULE ARGUMENTS`, as `subprocess.run` answers, with texts for its streams."""
    command = [module, *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        streams = [pathlib.Path(folder) / name for name in ("stdout", "stderr")]
        request = {"command": command, "cwd": os.path.abspath(cwd), "streams": streams}
        parent = _parent()
        print(json.dumps(request, default=str), file=parent.stdin, flush=True)
        code = int(parent.stdout.readline())
        return subprocess.CompletedProcess(command, code, *(path.read_text() for path in streams))


@functools.cache
def _parent():
    """The process that tools are forked off; it ends when its standard input does."""
    parent = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "2"},
    )
    atexit.register(parent.communicate)
    return parent


def _next_child():
    """Fork for each request, and return it in the child."""
    for line in sys.stdin:
        with warnings.catch_warnings(action="ignore"):  # TensorFlow's threads wait for work
            child = os.fork()
        if not child:
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    sys.exit(0)


if __name__ == "__main__":
    for name in PRELOADED:
        importlib.import_module(name)
    sys.modules["tensorflow"].config.list_physical_devices()  # once, it says what it cannot load
    gc.freeze()  # else each child looks for garbage in all of this as it ends
    asked = _next_child()
    os.chdir(asked["cwd"])
    for number, path in enumerate(["/dev/null", *asked["streams"]]):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
    sys.argv = ["", *asked["command"][1:]]
    runpy.run_module(asked["command"][0], run_name="__main__", alter_sys=True)
