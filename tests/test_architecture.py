"""The shape of the house: who may import whom, and what the library does not do."""

import ast
import importlib
import pathlib
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path("aae_keras")
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "node_modules" not in path.parts)

# Imports point one way: a room may import what stands before it, never what comes after. The wings
# `experiment` and `deployment` have an order of their own.
ROOMS = [
    {"errors", "extras"},
    {
        "phases",
        "ranges",
        "files",
        "interrupts",
        "noise",
        "losses",
        "networks",
        "metrics",
        "plots",
        "moved",
        "reading",
        "remarks",
    },
    {"pictures"},
    {"backend", "images", "priors", "values"},
    {"models", "data"},
    {"experiment"},
    {"deployment"},
    {"report"},
    {"labelling"},
]
WINGS = {
    "experiment": [
        {"configuration"},
        {"run_folder"},
        {"building", "reproduction"},
        {"scores"},
        {"pictures"},
        {"learning"},
        {"search"},
    ],
    "deployment": [{"contract"}, {"integrity"}, {"versions"}, {"prediction"}, {"export"}],
}


def imported(path):
    """Where the package's modules that a file imports stand, anywhere in it: ("models", "aae")."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            parts = (node.module or "").split(".")
            if parts[0] == "aae_keras":
                yield from ((*parts[1:], alias.name) for alias in node.names)
            assert parts[0] != "tools"
        elif isinstance(node, ast.Import):
            assert not any(
                alias.name.split(".")[0] in ("aae_keras", "tools") for alias in node.names
            )


def rank(layers, name):
    return next(rank for rank, names in enumerate(layers) if name in names)


@pytest.mark.parametrize("path", [p for p in FILES if p.name != "__init__.py"])
def test_imports_point_one_way(path):
    here = path.relative_to(PACKAGE).with_suffix("").parts
    for there in imported(path):
        if there[0] != here[0]:
            assert rank(ROOMS, there[0]) < rank(ROOMS, here[0]), f"{here} imports {there}"
        elif here[0] in WINGS and there[1] != here[1]:
            layers = WINGS[here[0]]
            assert rank(layers, there[1]) < rank(layers, here[1]), f"{here} imports {there}"


def test_models_know_no_configuration():
    for path in (PACKAGE / "models").rglob("*.py"):
        assert "experiment" not in {there[0] for there in imported(path)}


def test_a_package_holds_no_logic_in_its_init():
    """But for lazy names: those of the package itself, and the hooks that Python has for them."""
    for path in PACKAGE.rglob("*/__init__.py"):
        nodes = ast.parse(path.read_text()).body
        functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        assert functions <= {"__getattr__", "__dir__"}, path
        kinds = {type(node) for node in nodes} - {ast.FunctionDef}
        assert kinds <= {ast.Expr, ast.Import, ast.ImportFrom, ast.Assign}, path


def test_modules_are_found_by_the_names_they_had():
    import aae_keras.moved

    for name, home in aae_keras.moved.HOMES.items():
        module = importlib.import_module(f"aae_keras.{name}")
        assert module is importlib.import_module(f"aae_keras.{home}")
        assert module.__name__ == module.__spec__.name == f"aae_keras.{home}"
    old = importlib.import_module("aae_keras.export.signatures")
    assert old is importlib.import_module("aae_keras.deployment.export.signatures")


@pytest.mark.parametrize("path", FILES)
def test_a_file_holds_one_idea(path):
    assert len(path.read_text().splitlines()) <= 400


def test_the_step_is_written_once():
    steps = [
        (path.name, node.name)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name in ("train_step", "test_step")
    ]
    assert steps == [("aae.py", "train_step"), ("aae.py", "test_step")]


def test_importing_the_package_is_free():
    script = (
        "import sys, aae_keras, aae_keras.data.defaults;"
        "import aae_keras.experiment.configuration.presets;"
        "print([m for m in ('tensorflow', 'keras', 'numpy') if m in sys.modules], dir(aae_keras))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.startswith("[] "), done.stderr


def test_whoever_imports_the_models_can_load_every_file_that_names_a_class_of_ours():
    decorator = "saving.register_keras_serializable("
    marked = sum(path.read_text().count(decorator) for path in FILES)
    script = (
        "import importlib, sys, keras; from aae_keras import load_model;"
        "names = lambda: {n for n in keras.saving.get_custom_objects() if n[:10] == 'aae_keras>'};"
        "first = names(); [importlib.import_module(name) for name in sys.argv[1:]];"
        "print(len(first), sorted(names() - first))"
    )
    modules = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in FILES
        if decorator in path.read_text()
    ]
    done = subprocess.run([sys.executable, "-c", script, *modules], capture_output=True, text=True)
    assert done.stdout.split() == [str(marked), "[]"], done.stdout + done.stderr


def test_every_public_name_is_there():
    import aae_keras

    for name in aae_keras.__all__:
        assert getattr(aae_keras, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        aae_keras.nothing  # noqa: B018
