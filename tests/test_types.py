"""The package says what types its public functions take and return, and a type checker reads it."""

import ast
import pathlib
import tomllib

import pytest

PACKAGE = pathlib.Path("aae_keras")
# What callers meet without naming it. A constructor returns nothing that could be annotated.
CONSTRUCTORS = ("__init__", "__call__")


def unannotated(source):
    """Each public function and constructor of a source text, with what lacks an annotation."""
    tree = ast.parse(source)
    methods = {
        id(function): cls.name
        for cls in ast.walk(tree)
        if isinstance(cls, ast.ClassDef)
        for function in cls.body
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_") and node.name not in CONSTRUCTORS:
            continue
        given = node.args
        arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        if id(node) in methods and arguments[0].arg in ("self", "cls"):
            arguments = arguments[1:]
        lacking = [argument.arg for argument in arguments if argument and not argument.annotation]
        if node.returns is None and node.name != "__init__":
            lacking.append("return")
        if lacking:
            name = ".".join(filter(None, (methods.get(id(node)), node.name)))
            yield f"{name}: {', '.join(lacking)}"


@pytest.mark.parametrize(
    "path", sorted(p for p in PACKAGE.rglob("*.py") if "node_modules" not in p.parts), ids=str
)
def test_every_public_function_is_annotated(path):
    assert list(unannotated(path.read_text())) == []


def test_what_lacks_an_annotation_is_found():
    source = """
def whole(a: int, *b: int, c: int = 0, **d: int) -> None: ...
def no_return(a: int): ...
def _private(a): ...
class Thing:
    def __init__(self, a, b: int): ...
    def method(self, a: int, *b, **c) -> int: ...
    @classmethod
    def build(cls) -> "Thing":
        def inner(x): ...
    def __len__(self): ...
"""
    assert sorted(unannotated(source)) == [
        "Thing.__init__: a",
        "Thing.method: b, c",
        "inner: x, return",
        "no_return: return",
    ]


def test_the_type_checker_reads_the_whole_package():
    settings = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["tool"]
    mypy = settings["mypy"]
    assert mypy["files"] == ["aae_keras"]
    assert not mypy.keys() & {"exclude", "ignore_errors", "disable_error_code"}
    for override in mypy["overrides"]:
        # What other libraries return may be Any; nothing of the package's own is let off.
        assert not any(name.startswith(("aae_keras", "*")) for name in override["module"])
    # Those who install the package get the annotations too.
    assert settings["setuptools"]["package-data"]["aae_keras"] == ["py.typed"]
    assert (PACKAGE / "py.typed").exists()
