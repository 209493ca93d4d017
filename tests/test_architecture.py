"""The shape of the house: who may import whom, and what the library does not do."""

import ast
import pathlib
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path("aae_keras")
FILES = sorted(PACKAGE.rglob("*.py"))

# Imports point one way: a module may import what stands before it, never what comes after.
LAYERS = [
    {"errors", "files", "hardware", "noise", "losses", "networks", "metrics", "plots", "serving"},
    {"config", "images", "priors"},
    {"presets", "versions"},
    {"runs", "data", "models", "prediction", "applying"},
    {"optimization"},
    {"factory", "callbacks", "scoring", "projector"},
    {"evaluation"},
    {"figures", "export"},
    {"training", "generation"},
]


def module_of(path):
    """The package's module or sub-package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """Names of the package's modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "aae_keras":
            rest = node.module.split(".")[1:]
            yield from rest[:1] or [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom | ast.Import):
            roots = [node.module] if isinstance(node, ast.ImportFrom) else []
            roots += [alias.name for alias in node.names]
            if any((root or "").split(".")[0] == "tools" for root in roots):
                yield "tools"


def layer(name):
    return next(rank for rank, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("path", [p for p in FILES if p.parent != PACKAGE or p.stem != "__init__"])
def test_imports_point_one_way(path):
    here = module_of(path)
    for name in imported(path):
        assert name == here or layer(name) < layer(here), f"{here} imports {name}"


def test_models_know_no_configuration():
    for path in (PACKAGE / "models").glob("*.py"):
        assert not {"config", "presets", "factory", "runs"} & set(imported(path))


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
    assert steps == [("step.py", "train_step"), ("step.py", "test_step")]


def test_importing_the_package_is_free():
    script = (
        "import sys, aae_keras, aae_keras.config, aae_keras.presets;"
        "print([m for m in ('tensorflow', 'keras', 'numpy') if m in sys.modules], dir(aae_keras))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.startswith("[] "), done.stderr


def test_every_public_name_is_there():
    import aae_keras

    for name in aae_keras.__all__:
        assert getattr(aae_keras, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        aae_keras.nothing  # noqa: B018
