"""Many images through `tools.predict`, killed twice and gone on with: none is lost, none twice.

    python -m tests.soak.killed --model=encoder.tflite --count=100000

Takes minutes, and 400 MB of disk for 100 000 images. The exit code is 1 if the output is not whole,
or a process held more than a gigabyte.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from tools.benchmarks.small_files import make_images

MOST = 1e9  # bytes that a process may hold
EVERY = 0.1  # seconds between two looks at how far it is


def work(model, images, output, until):
    """Run the command until it ends, or has so many rows and is killed.

    Returns:
        Its exit code, -9 if it was killed; the rows that it left in all; the most bytes it held.
    """
    command = [sys.executable, "-m", "tools.predict", f"--model={model}", f"--images={images}"]
    process = subprocess.Popen(
        [*command, f"--output={output}"], stdout=2, stderr=subprocess.DEVNULL
    )
    spool, rows, read = output.with_name(f"{output.name}.part") / "rows.jsonl", 0, 0
    while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        with contextlib.suppress(FileNotFoundError), open(spool, "rb") as file:  # not yet, no more
            file.seek(read)
            new = file.read()
            rows, read = rows + new.count(b"\n"), read + len(new)
        if rows >= until:
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(EVERY)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, rows, 1024 * used.ru_maxrss


def main():
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.killed")
    parser.add_argument("--model", required=True, help="an exported model, for fast a .tflite file")
    parser.add_argument("--count", type=int, default=100_000, help="images")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aae-keras-") as name:
        folder = pathlib.Path(name)
        make_images(folder / "images", flags.count)
        output, before, bad = folder / "labels.jsonl", 0, False
        print(f"{'process':12}{'rows':>9}{'seconds':>9}{'images/s':>10}{'MB':>7}")
        for until in (flags.count // 3, 2 * flags.count // 3, flags.count + 1):
            start = time.monotonic()
            code, rows, most = work(flags.model, folder / "images", output, until)
            seconds, ended = time.monotonic() - start, code == 0
            rows = flags.count if ended else rows
            how = "to the end" if ended else "killed" if code == -signal.SIGKILL else f"exit {code}"
            rate = (rows - before) / seconds
            print(f"{how:12}{rows:9}{seconds:9.0f}{rate:10.0f}{most / 1e6:7.0f}", flush=True)
            bad |= most > MOST or ended != (until > flags.count)
            before = rows
        lines = output.read_text().splitlines()
        times = collections.Counter(json.loads(line)["image"] for line in lines)
        files = set(map(str, (folder / "images").rglob("*.png")))
        twice = sum(count > 1 for count in times.values())
        print(f"{len(lines)} rows; lost: {len(files - times.keys())}, twice: {twice}")
        sys.exit(bool(bad or twice or files != times.keys()))


if __name__ == "__main__":
    main()
