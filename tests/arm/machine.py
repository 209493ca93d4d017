"""An aarch64 machine in a folder: qemu's user-mode emulator and a Python to run in it.

Nothing is installed: packages are unpacked, so no root is needed, and the folder may be removed.
"""

import pathlib
import shutil
import subprocess
import sys
import tomllib

PACKAGES = ("python3", "libstdc++6")
# Tags of wheels that run on Debian 12 and later; pip takes each as it is spelt.
PLATFORMS = tuple(f"manylinux{tag}_aarch64" for tag in ("_2_28", "_2_27", "_2_17", "2014"))
# What the interpreter looks for on an Arm machine, and dies without: the emulator shows it the
# files of this one.
CPU = """processor\t: 0
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3
"""
FILES = {
    "proc/cpuinfo": CPU,
    "sys/devices/system/cpu/possible": "0\n",
    "sys/devices/system/cpu/present": "0\n",
}


class Machine:
    """An emulated machine, made in a folder if it is not there yet.

    Args:
        folder: Where its files are, or shall be: 250 MB.
    """

    def __init__(self, folder: pathlib.Path):
        self.root, self.site = folder / "root", folder / "site"
        self.emulator = (
            shutil.which("qemu-aarch64-static") or folder / "usr/bin/qemu-aarch64-static"
        )
        if not (folder / "made").exists():
            folder.mkdir(parents=True, exist_ok=True)
            _unpack_debian(folder)
            _install(self.root, self.site)
            (folder / "made").touch()

    def python(self, *arguments):
        """The command that runs its Python, and the variables that this needs."""
        command = [self.emulator, "-cpu", "cortex-a72", "-L", self.root]
        variables = {"PYTHONHOME": f"{self.root}/usr", "PYTHONPATH": f"{self.site}:."}
        return [*command, self.root / "usr/bin/python3", *arguments], variables


def _unpack_debian(folder):
    """The emulator, and the packages with all that they depend on, from lists of our own."""
    if not shutil.which("qemu-aarch64-static"):
        _run("apt-get", "download", "qemu-user-static", cwd=folder)
        (emulator,) = folder.glob("qemu-user-static*.deb")
        _run("dpkg-deb", "-x", emulator.name, ".", cwd=folder)
    apt = (folder / "apt").absolute()
    for name in ("lists/partial", "archives/partial"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    (apt / "status").touch()
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "1",
        "Dir::Cache": apt,
        "Dir::State": apt,
        "Dir::State::status": apt / "status",  # so that nothing counts as installed
    }
    get = ["apt-get", "--quiet", *(f"-o{name}={value}" for name, value in options.items())]
    _run(*get, "update")
    _run(*get, "install", "--yes", "--download-only", "--no-install-recommends", *PACKAGES)
    for package in (apt / "archives").glob("*.deb"):
        _run("dpkg-deb", "-x", package, folder / "root")
    for name, text in FILES.items():
        (folder / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "root" / name).write_text(text)


def _install(root, site):
    """What the base installation and LiteRT need, as wheels for its Python."""
    project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
    edge = pathlib.Path("requirements-edge.txt").read_text().splitlines()
    needed = project["dependencies"] + [line for line in edge if line.startswith("ai-edge-litert")]
    version = (root / "usr/bin/python3").readlink().name.removeprefix("python")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary=:all:"]
    command += [f"--target={site}", f"--python-version={version}"]
    _run(*command, *(f"--platform={name}" for name in PLATFORMS), *needed)


def _run(*command, cwd=None):
    subprocess.run(list(map(str, command)), check=True, cwd=cwd, stdout=sys.stderr)
