"""What a server sees that polls the base folder while exports come in: whole versions, growing."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from aae_keras.deployment import prediction, versions

WRITER = """
    import sys
    from aae_keras.deployment import export
    run, root, count = sys.argv[1:]
    for _ in range(int(count)):
        export.export_run(run, "tiny", formats=["saved_model"], root=root)
        print("written", flush=True)
"""


def writer(trained, root, count):
    command = [sys.executable, "-c", textwrap.dedent(WRITER), trained.folder, root, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.mark.exhaustive
def test_fifty_exports_four_at_a_time(trained, root, unit_images):
    with contextlib.ExitStack() as opened:
        counts = (13, 13, 12, 12)
        writers = [opened.enter_context(writer(trained, root, count)) for count in counts]
        first_seen, looks = polled(root, writers, unit_images)
    assert [one.returncode for one in writers] == [0] * 4 and looks > 1000
    # none lost, none written over: as many as were made, each the file that was first seen
    assert len(versions.numbers(root / "tiny")) == 50
    for number, (inode, _) in first_seen.items():
        assert (root / "tiny" / str(number) / "saved_model.pb").stat().st_ino == inode
    assert len({tuple(labels) for _, labels in first_seen.values()}) == 1
    assert [path.name for path in (root / "tiny").iterdir() if path.name.startswith(".")] == []


def polled(root, writers, images):
    """The file and the labels of each version, loaded when it was first seen; how many looks."""
    first_seen, looks = {}, 0
    while any(one.poll() is None for one in writers):
        looks += 1
        for number in versions.numbers(root / "tiny"):
            if number not in first_seen:
                path = root / "tiny" / str(number)
                assert not first_seen or number > max(first_seen)
                answers = prediction.SavedModelPredictor(path).predict(images)
                first_seen[number] = (
                    (path / "saved_model.pb").stat().st_ino,
                    answers["label"].tolist(),
                )
        time.sleep(0.001)
    return first_seen, looks


@pytest.mark.exhaustive
@pytest.mark.parametrize("delay", [0.0, 0.3, 1.0])
def test_a_killed_export_leaves_no_version(trained, root, delay):
    with writer(trained, root, 2) as one:
        assert one.stdout.readline() == "written\n"
        while not list((root / "tiny").glob(".writing-*")):
            assert one.poll() is None
        time.sleep(delay)
        os.kill(one.pid, signal.SIGKILL)
    numbers = versions.numbers(root / "tiny")
    assert len(numbers) == 1 or not list((root / "tiny").glob(".writing-*"))
    for number in numbers:
        assert prediction.SavedModelPredictor(root / "tiny" / str(number)).has_latent_y
