"""Experiment trackers: the manual's scripts, where their packages are installed."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

BUILD = pathlib.Path("BUILD.md").read_text()
# Prints what Keras says of each epoch, and what the tracker has kept of it.
LOOKS = {
    "mlflow": """
import json
last = mlflow.last_active_run().info.run_id
kept = {n: mlflow.MlflowClient().get_metric_history(last, n) for n in model.history.history}
values = {name: [metric.value for metric in history] for name, history in kept.items()}
print(json.dumps([model.history.history, values]))
""",
    "wandb": """\
    import json
    values = {name: [run.summary[f"epoch/{name}"]] for name in model.history.history}
print(json.dumps([{name: v[-1:] for name, v in model.history.history.items()}, values]))
""",
}


@pytest.mark.parametrize("package", LOOKS)
def test_a_tracker_keeps_what_training_says(package, tmp_path):
    pytest.importorskip(package, reason=f"opt-in: {package} is not installed")
    (script,) = re.findall(rf"```python\n(import {package}\n.*?)```", BUILD, re.DOTALL)
    script = script.replace("epochs=config.epochs", "epochs=2") + LOOKS[package]
    script = script.replace('pretrain=""', 'pretrain="", jit_compile="off"')
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path.cwd())},
    )
    assert done.returncode == 0, done.stderr
    said, kept = json.loads(done.stdout.splitlines()[-1])
    assert {"loss", "val_error_rate"} <= said.keys()
    assert kept == {name: pytest.approx(values, rel=1e-6) for name, values in said.items()}
    assert not list(tmp_path.rglob("*.keras"))
