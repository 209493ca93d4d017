"""No file that is read can bring code with it, and nothing is written where others can guess."""

import ast
import pathlib

import pytest

FILES = sorted(
    path
    for folder in ("aae_keras", "tools", "examples")
    for path in pathlib.Path(folder).rglob("*.py")
    if "node_modules" not in path.parts
)
# Formats that can hold code.
MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
# What runs code out of a text, unpickles, or names a file before it is made.
CALLS = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "tempfile.mktemp"),
    *("yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load", "yaml.Loader"),
    *("yaml.FullLoader", "yaml.UnsafeLoader", "keras.config.enable_unsafe_deserialization"),
    "np.lib.format.read_array",
}
# Arguments with the one value that is safe.
ARGUMENTS = {"allow_pickle": "False", "shell": "False", "safe_mode": "True"}


def unsafe(source):
    """What a source text has of all this."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        yield from (name for name in names if name.partition(".")[0] in MODULES)
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in CALLS:
            yield ast.unparse(node)
        if isinstance(node, ast.keyword) and node.arg in ARGUMENTS:
            value = ast.unparse(node.value)
            if value != ARGUMENTS[node.arg]:
                yield f"{node.arg}={value}"
        if isinstance(node, ast.Constant) and str(node.value).startswith(("/tmp", "/var/tmp")):
            yield node.value


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_file_brings_code(path):
    assert list(unsafe(path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import cloudpickle.compat as c",
        "eval(text)",
        "map(exec, lines)",
        "yaml.load(text)",
        "loader = yaml.UnsafeLoader(text)",
        "np.load(file, allow_pickle=True)",
        "np.load(file, allow_pickle=flag)",
        "keras.saving.load_model(path, safe_mode=False)",
        "subprocess.run(line, shell=True)",
        "open('/tmp/' + name)",
        "tempfile.mktemp()",
    ],
)
def test_what_would_bring_code_is_seen(source):
    assert len(list(unsafe(source))) == 1
