"""What is read of the machine."""

import subprocess
import sys

import numpy as np

from aae_keras.experiment.building import hardware


def test_peak_memory_is_this_processs_own():
    before = hardware.peak_memory()
    held = np.ones(50 * 2**20 // 8)
    assert hardware.peak_memory() >= min(before, held.nbytes)
    # A child begins anew, whatever its parent has held: ru_maxrss would not.
    script = (
        "import subprocess, sys; held = bytearray(b'1') * (400 * 2**20); "
        "print(subprocess.run([sys.executable, '-c', "
        "'from aae_keras import hardware; print(hardware.peak_memory())'], "
        "capture_output=True, text=True).stdout)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert 0 < int(done.stdout) < 200 * 2**20
