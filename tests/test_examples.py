"""The examples run in a folder of their own, end with a useful model, and need no other package."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

EXAMPLES = pathlib.Path("examples").resolve()
NOTEBOOK = json.loads((EXAMPLES / "digits.ipynb").read_text())
EPOCHS = 15


def run(script, folder, given=None, epochs=EPOCHS):
    """What Python prints of a script (arguments of the interpreter), after a short training."""
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", *script],
        input=given,
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(pathlib.Path.cwd()),
            "EPOCHS": str(epochs),
            "MPLBACKEND": "agg",
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def error_in(printed):
    return float(re.search(r"test error ([0-9.]+)%", printed)[1]) / 100


@pytest.mark.long
def test_own_arrays_with_few_labels(tmp_path):
    printed = run([EXAMPLES / "own_arrays.py"], tmp_path)
    assert error_in(printed) < 0.25  # chance is 90 %
    labels, predicted = re.findall(r"\[([\d ]+)\]", printed)
    pairs = list(zip(labels.split(), predicted.split(), strict=True))
    assert len(pairs) == 10 and sum(a == b for a, b in pairs) >= 7
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_an_encoder_on_a_frozen_backbone(tmp_path):
    """Random features and 100 labels are enough to be far from chance, 90 %."""
    printed = run([EXAMPLES / "pretrained_encoder.py"], tmp_path, epochs=2)
    assert error_in(printed) < 0.4
    assert "0 of 260 backbone weights moved" in printed


# Cell after cell in one namespace, as Jupyter would; a last line that is a figure is shown.
NOTEBOOK_RUNNER = """
import ast, json, sys
from matplotlib.figure import Figure
names = {}
for number, cell in enumerate(json.loads(sys.stdin.read())):
    *steps, last = ast.parse(cell).body
    exec(compile(ast.Module(steps, []), f"cell {number}", "exec"), names)
    kind = "eval" if isinstance(last, ast.Expr) else "exec"
    last = ast.Expression(last.value) if kind == "eval" else ast.Module([last], [])
    value = eval(compile(last, f"cell {number}", kind), names)
    if isinstance(value, Figure):
        value.savefig(f"{number}.png")
        print("shown", value.axes[0].get_title() or value.get_suptitle())
"""


@pytest.mark.long
def test_the_notebook_runs_from_top_to_bottom(tmp_path):
    cells = ["".join(c["source"]) for c in NOTEBOOK["cells"] if c["cell_type"] == "code"]
    printed = run(["-c", NOTEBOOK_RUNNER], tmp_path, json.dumps(cells))
    assert error_in(printed) < 0.25
    assert printed.count("shown ") == 3
    assert "Held-out images and their reconstructions" in printed
    assert "label across, style down" in printed
    wrong, total = map(int, re.search(r"shown (\d+) of (\d+) held-out", printed).groups())
    assert error_in(printed) == pytest.approx(round(wrong / total, 4))


def test_the_notebook_is_kept_without_outputs():
    assert NOTEBOOK["nbformat"] == 4
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
