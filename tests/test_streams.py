"""What a tool does with a stdout that takes nothing, by a tool that needs no TensorFlow."""

import json
import os
import subprocess
import sys

import pytest
from absl import flags

from aae_keras.deployment import integrity
from tools import cli

COMMAND = f"{sys.executable} -m tools.versions"


@pytest.fixture
def listing(tmp_path):
    """A command that prints twenty lines."""
    for number in range(1, 20):
        folder = tmp_path / "model" / str(number)
        integrity.write_manifest(folder, {"revision": "r", "metrics": None})
    return f"{COMMAND} --root={tmp_path} --name=model"


def shell(line):
    """Exit code of the first command in a line of bash, stdout and stderr of all."""
    line = f"{line}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_a_reader_that_has_had_enough_is_no_reason_to_complain(listing):
    code, _, said = shell(f"{listing} | true")
    assert (code, said) == (1, "")
    assert shell(f"{listing} 2>&1 | cat")[0] == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("flags", ["", "--help"])
@pytest.mark.parametrize(
    "where, reason", [(">/dev/full", "No space left"), (">&-", "No space left")]
)
def test_output_that_is_lost_is_said(listing, flags, where, reason):
    code, _, said = shell(f"{listing} {flags} {where}")
    assert code == 1 and len(said.splitlines()) == 1
    assert said.startswith("versions: The output cannot be written: ") and reason in said


def test_a_closed_stderr_changes_nothing_on_stdout(listing, tmp_path):
    assert shell(f"{listing} 2>&-")[:2] == shell(listing)[:2]
    code, printed, _ = shell(f"{COMMAND} --root={tmp_path} --name=none 2>&-")
    assert (code, printed) == (1, "")


def test_no_backend_of_matplotlib_stops_a_tool():
    """Its import refuses a name that it does not know, and a tool opens no window."""
    script = (
        "import json, os, sys; sys.argv = ['t']\n"
        "from tools import cli\n"
        "tool = cli.Tool('t', 'T.')\n"
        "@tool.main\n"
        "def main(arguments):\n"
        "    import matplotlib\n"
        "    print(json.dumps(matplotlib.get_backend().lower()))\n"
        "tool.run()\n"
    )
    for backend in ("nonsense", "", "tkagg"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            env=os.environ | {"MPLBACKEND": backend},
        )
        assert done.returncode == 0 and json.loads(done.stdout) == "agg", done.stderr


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_file_name_is_printed_as_it_is(tmp_path, locale):
    """Whatever its bytes are: what follows it is not lost."""
    script = (
        "import os, sys; sys.argv = ['t']\n"
        "from tools import cli\n"
        "tool = cli.Tool('t', 'T.')\n"
        "@tool.main\n"
        "def main(arguments):\n"
        "    print(os.fsdecode(b'caf\\xe9.png'))\n"
        "tool.run()\n"
    )
    environment = os.environ | {"LC_ALL": locale, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment)
    assert (done.stdout, done.returncode) == (b"caf\xe9.png\n", 0), done.stderr


def test_the_home_folder_is_found_behind_a_flag(tmp_path):
    """No shell puts it there behind `=`."""
    write = {"revision": "r", "metrics": None}
    integrity.write_manifest(tmp_path / "models" / "digits" / "3", write)
    done = subprocess.run(
        [*COMMAND.split(), "--root=~/models", "--name=digits"],
        capture_output=True, text=True, env=os.environ | {"HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0 and "newest" in done.stdout, done.stderr


def test_the_home_folder_is_found_in_each_item_of_a_flag(monkeypatch):
    values = flags.FlagValues()
    flags.DEFINE_list("between", [], "", flag_values=values)
    flags.DEFINE_integer("count", 3, "", flag_values=values)
    values(["generate", "--between=~/a.png,b~/c.png"])
    monkeypatch.setattr(cli, "FLAGS", values)
    monkeypatch.setenv("HOME", "/home/me")
    cli._expand_home()
    assert values.between == ["/home/me/a.png", "b~/c.png"] and values.count == 3
