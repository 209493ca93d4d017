"""Labels of `tools.predict` on an emulated aarch64 machine, against those on this one.

    python -m tests.arm --model=saved_models/digits/VERSION --images=FOLDER

VERSION has LiteRT files (`tools.export --quantize=none,float16,int8`). The first time takes the
downloads; then each file takes tens of seconds. The exit code is 1 if too few labels agree.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

from aae_keras.deployment import contract
from tests.arm.machine import Machine


def predicted(python, variables, model, images, output):
    """The labels by image, and the seconds that the command took."""
    command = [*python, "-m", "tools.predict", f"--model={model}"]
    start = time.monotonic()
    done = subprocess.run(
        [*map(str, command), f"--images={images}", f"--output={output}"],
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )
    if not output.exists():
        sys.exit(f"{model}: {done.stderr}")
    rows = map(json.loads, output.read_text().splitlines())
    return {row["image"]: row["label"] for row in rows}, time.monotonic() - start


def compare(machine, model, images):
    """Seconds here and there, the number of images, and the share with equal labels."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        here, seconds = predicted([sys.executable], {}, model, images, folder / "here.jsonl")
        there, slow = predicted(*machine.python(), model, images, folder / "there.jsonl")
    if here.keys() != there.keys():
        sys.exit(f"{model}: other images were read there than here.")
    return seconds, slow, len(here), sum(here[i] == there[i] for i in here) / len(here)


def main():
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.arm")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder of a version")
    parser.add_argument("--images", required=True, help="folder of images")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/arm"))
    flags = parser.parse_args()
    machine = Machine(flags.folder.absolute())
    asked = [*machine.python("-c", "import platform; print(platform.machine())")]
    there = subprocess.run(
        asked[0], env=os.environ | asked[1], check=True, capture_output=True, text=True
    ).stdout.strip()
    print(f"{'file':32}{'MB':>7}{platform.machine():>10} s{there:>10} s{'images':>8}{'equal':>10}")
    failed = False
    for kind, file in contract.LITERT_FILES.items():
        path = flags.model / file
        here, slow, count, share = compare(machine, path, flags.images)
        failed |= share < contract.LABEL_AGREEMENT[kind]
        size = path.stat().st_size / 1e6
        print(f"{file:32}{size:7.2f}{here:12.1f}{slow:12.1f}{count:8}{share:10.2%}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
