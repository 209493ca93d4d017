"""What is installed: its files, its commands, what each extra brings; and nothing is said twice.

The tests run the wheel itself, out of the repository, as `pip install` would lay it out.
"""

import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest

import aae_keras

PROJECT = tomllib.loads(pathlib.Path("pyproject.toml").read_text())
EXTRAS = PROJECT["tool"]["setuptools"]["dynamic"]["optional-dependencies"]
SCRIPTS = PROJECT["project"]["scripts"]
PAGES = [pathlib.Path("aae_keras", room, "page") for room in ("report", "labelling")]
TOOLS = sorted(
    path.stem for path in pathlib.Path("tools").glob("*.py") if "\nTOOL = " in path.read_text()
)


def lines(file):
    """The requirements in a file."""
    stripped = (line.strip() for line in pathlib.Path(file).read_text().splitlines())
    return {line for line in stripped if line and not line.startswith("#")}


def package(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built without isolation, from a copy, so that neither network nor old builds come in."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("aae_keras", "tools"):
        unwanted = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(name, folder / name, ignore=unwanted)
    for name in ("README.md", "LICENSE", "pyproject.toml", *pathlib.Path().glob("req*.txt")):
        shutil.copy(name, folder)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, folder / "dist"], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return next((folder / "dist").glob("*.whl"))


def command(wheel, folder, name, *arguments, missing=()):
    """A console script of the wheel, as pip writes it, where some packages are not installed."""
    script = (
        "import importlib.metadata, sys\n"
        f"sys.modules.update(dict.fromkeys({list(missing)!r}))\n"
        f"(script,) = importlib.metadata.entry_points(group='console_scripts', name={name!r})\n"
        f"sys.argv[0] = {name!r}\n"
        "sys.exit(script.load()())"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(wheel)},
    )


def test_a_package_has_one_range_wherever_it_is_named():
    ranges = {}
    for requirements in (PROJECT["project"]["dependencies"], *map(lines, file_of().values())):
        for line in requirements:
            ranges.setdefault(package(line), set()).add(line)
    assert {name: found for name, found in ranges.items() if len(found) > 1} == {}


def file_of():
    """The requirements file of each extra."""
    return {name: extra["file"][0] for name, extra in EXTRAS.items()}


def test_each_extra_is_a_requirements_file():
    assert sorted(file_of().values()) == sorted(map(str, pathlib.Path().glob("requirements*.txt")))
    for file in file_of().values():
        # setuptools reads no options: a line such as `-r other.txt` would end the build
        assert all(re.match(r"[\w.-]+[<>=]", line) for line in lines(file)), file


def test_requirements_txt_is_the_whole_environment():
    base, everything = set(PROJECT["project"]["dependencies"]), lines(file_of()["train"])
    assert base <= everything
    assert lines(file_of()["serving"]) <= everything
    assert lines(file_of()["edge"]) <= everything | lines(file_of()["onnx"])


def test_neither_base_nor_edge_needs_tensorflow():
    small = set(PROJECT["project"]["dependencies"]) | lines(file_of()["edge"])
    assert {package(line) for line in small} == {
        "absl-py", "ai-edge-litert", "numpy", "onnxruntime", "pillow", "pyyaml",
    }  # fmt: skip


def test_every_tool_has_a_command_and_every_command_a_tool():
    assert SCRIPTS == {
        f"aae-{name.replace('_', '-')}": f"aae_keras.tools.{name}:TOOL.run" for name in TOOLS
    }


def test_the_version_is_written_once(wheel):
    assert "version" in PROJECT["project"]["dynamic"]
    (found,) = importlib.metadata.distributions(path=[str(wheel)])
    assert found.version == aae_keras.__version__
    for file in ("pyproject.toml", "CITATION.cff", "README.md"):
        assert aae_keras.__version__ not in pathlib.Path(file).read_text(), file
    headings = re.findall(r"(?m)^## (\S+)", pathlib.Path("CHANGELOG.md").read_text())
    assert headings[0] == aae_keras.__version__


def test_the_wheel_holds_the_library_and_the_tools_in_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    about = f"aae_keras-{aae_keras.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"aae_keras", about}
    library = {str(path) for path in pathlib.Path("aae_keras").rglob("*.py")}
    library = {name for name in library if "node_modules" not in name}
    tools = {f"aae_keras/{path}" for path in pathlib.Path("tools").rglob("*.py")}
    held = {name for name in names if not name.startswith(about)}
    kinds = ("html", "css", "js")
    pages = {str(path) for page in PAGES for kind in kinds for path in page.glob(f"*.{kind}")}
    clients = {str(path) for path in pathlib.Path("aae_keras").rglob("clients/*.txt")}
    assert held == library | tools | pages | clients | {"aae_keras/py.typed"}


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_command_answers_by_its_own_name(wheel, tmp_path, name):
    done = command(wheel, tmp_path, name, "--help", missing=["keras", "tensorflow", "matplotlib"])
    assert done.stdout.startswith(f"usage: {name} [flags]"), done.stderr
    assert done.returncode == 0 and "tools." not in done.stdout


def test_a_message_names_commands_as_the_installation_does(wheel, tmp_path):
    done = command(wheel, tmp_path, "aae-versions", "--name=none")
    assert done.stderr.endswith("Make one with aae-export --run_dir=DIR\n")
    done = command(wheel, tmp_path, "aae-prepare-data", "--dataset")
    assert done.stderr.endswith("See aae-prepare-data --help\n") and done.returncode == 2


@pytest.mark.parametrize(
    "name, arguments, missing, extra",
    [
        ("aae-train", ["--preset=digits"], "keras", "train"),
        ("aae-tune", ["--preset=digits"], "optuna", "tune"),
        ("aae-tune", ["--preset=digits"], "keras", "train"),
        ("aae-demo", [], "tensorflow", "train"),
        ("aae-predict", ["--server=grpc://localhost:1", "x.png"], "keras", "train"),
        ("aae-predict", ["--model=x.tflite", "x.png"], "ai_edge_litert", "edge"),
        ("aae-predict", ["--model=x.onnx", "x.png"], "onnxruntime", "edge"),
        ("aae-predict-beam", ["--model=x", "--images=x", "--output=x.csv"], "apache_beam", "beam"),
    ],
)
def test_what_is_not_installed_is_one_line(wheel, tmp_path, name, arguments, missing, extra):
    done = command(wheel, tmp_path, name, *arguments, missing=[missing])
    (line,) = done.stderr.splitlines()
    assert line.endswith(f"pip install 'aae_keras[{extra}]'")
    assert done.returncode == 1 and done.stdout == ""


def test_a_missing_file_of_our_own_is_a_traceback(wheel, tmp_path):
    missing = ["aae_keras.experiment.run_folder.runs"]
    done = command(wheel, tmp_path, "aae-evaluate", "--run_dir=x", missing=missing)
    assert "Traceback" in done.stderr and "pip install" not in done.stderr


def test_the_makefile_installs_what_the_tests_need():
    makefile = pathlib.Path("Makefile").read_text()
    assert re.search(r"\$\(VENV\)/\.development: \$\(LOCKS\)\n(\t.*\n)*\t\$\(INSTALL\)", makefile)
    assert "$(BIN)/mypy" in makefile


def test_the_files_that_contributing_names_exist():
    text = pathlib.Path("CONTRIBUTING.md").read_text()
    named = re.findall(r"`([\w./]+(?:\.py|\.md|\.toml|/))`", text)
    assert len(named) > 20
    assert [name for name in named if not pathlib.Path(name).exists()] == []
