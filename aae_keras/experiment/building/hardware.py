"""What the machine can do, and what this process has taken of it."""

import pathlib
import re
import resource
import sys

CPUINFO = pathlib.Path("/proc/cpuinfo")
BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")


def processor() -> dict[str, str]:
    """Facts of the first processor as Linux tells them, a dict; empty elsewhere."""
    if not CPUINFO.exists():
        return {}
    first, _, _ = CPUINFO.read_text(encoding="utf-8").partition("\n\n")
    lines = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}


def bfloat16_instructions() -> list[str]:
    """The processor's instructions for bfloat16; without any, TensorFlow's are slow."""
    flags = processor().get("flags", "").split()
    return [flag for flag in BFLOAT16_FLAGS if flag in flags]


def peak_memory() -> int:
    """The most memory this process has held, in bytes."""
    status = pathlib.Path("/proc/self/status")
    # Not `ru_maxrss`, which begins at what the process that started this one had held.
    text = status.read_text(encoding="utf-8") if status.exists() else ""
    if peak := re.search(r"VmHWM:\s*(\d+) kB", text):
        return 1024 * int(peak[1])
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * (1 if sys.platform == "darwin" else 1024)
