"""The documents: their script runs, their commands exist, their files are there."""

import pathlib
import re
import subprocess
import sys

import pytest
import yaml
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

import aae_keras

DEPLOY = pathlib.Path("tools/deploy")
README = pathlib.Path("README.md").read_text()
BUILD = pathlib.Path("BUILD.md").read_text()
SCRIPTS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def run(script, folder):
    (folder / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, folder / "script.py"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(pathlib.Path.cwd())},
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return done.stdout


def value_of(name, printed):
    """The last number printed behind a name."""
    return float(re.findall(rf"{name}: ([0-9.]+)", printed)[-1])


def test_the_readmes_scripts_are_short_and_public():
    assert len(SCRIPTS) == 3 and "(data.train, validation_data=data.validation" in SCRIPTS[0]
    for script, most in zip(SCRIPTS, (7, 14, 25), strict=True):
        assert len(script.splitlines()) < most
        used = re.findall(r"aae_keras\.(\w+)", script)
        used += re.findall(r"(\w+)", "".join(re.findall(r"from aae_keras import (.*)", script)))
        assert used and set(used) <= set(aae_keras.__all__)


def test_the_front_door_learns(tmp_path):
    printed = run(SCRIPTS[0], tmp_path)
    assert value_of("val_error_rate", printed) < 0.12  # the baseline on the labels alone has 13 %


def test_own_arrays_learn_from_the_labels_there_are(tmp_path):
    printed = run(SCRIPTS[1], tmp_path)
    assert value_of("'error_rate'", printed) < 0.2  # chance is 90 %
    # The first ten digits are 0 to 9, and their labels were taken away.
    predicted = re.findall(r"\[([\d ]+)\]", printed)[-1].split()
    assert sum(int(label) == number for number, label in enumerate(predicted)) >= 7


def test_networks_by_hand_learn(tmp_path):
    printed = run(SCRIPTS[2], tmp_path)
    error, accuracy = value_of("'error_rate'", printed), value_of("'accuracy'", printed)
    assert error == pytest.approx(1 - accuracy, abs=1e-6)
    assert error < 0.12  # the baseline on the labels alone has 13 %
    assert printed.rstrip().endswith("(359, 10)") and (tmp_path / "digits.keras").exists()


def test_a_setting_of_ones_own_is_short_and_fills_its_prior(tmp_path):
    (script,) = re.findall(r"```python\n(import keras\n.*?)```", BUILD, re.DOTALL)
    assert len([line for line in script.splitlines() if line]) < 40
    printed = run(script, tmp_path)
    spread = [float(number) for number in re.findall(r"0\.[0-9]+", printed.splitlines()[-1])]
    # A code that had collapsed, or had run away, would be far from 1 / sqrt(3).
    assert spread == pytest.approx([3**-0.5] * 2, abs=0.15)


@pytest.mark.parametrize("text", [README, BUILD], ids=["README", "BUILD"])
def test_commands_and_files_exist(text):
    for name in re.findall(r"python -m tools\.(\w+)", text):
        assert pathlib.Path(f"tools/{name}.py").exists(), name
    targets = pathlib.Path("Makefile").read_text()
    for name in re.findall(r"`?make (env|demo|test)\b", text):
        assert f"\n{name}:" in targets
    for path in re.findall(r"\]\(([^)#:]+)\)", text):
        assert pathlib.Path(path).exists(), path


def test_every_flag_of_a_command_in_the_documents_exists():
    shown = {
        path.stem: subprocess.run(
            [sys.executable, "-m", f"tools.{path.stem}", "--help"], capture_output=True, text=True
        ).stdout
        for path in pathlib.Path("tools").glob("[a-z]*.py")
        if path.stem != "cli"
    }
    for name, rest in re.findall(r"python -m tools\.(\w+)([^`\n]*)", README + BUILD):
        for flag in re.findall(r"--(\w+)", rest):
            assert f"  --{flag}: " in shown[name] or flag == "help", (name, flag)
    ours = re.sub(r"(?m)^ +(?:docker|curl) (.*\\\n)*.*$", "", README + BUILD)
    for flag in set(re.findall(r"--(no)?(\w+)", ours)) - {("", "help"), ("", "logdir")}:
        assert any(f"  --{flag[1]}: " in text for text in shown.values()), flag


def test_deployment_files_are_what_their_readers_read():
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((DEPLOY / "models.config").read_text(), config)
    (model,) = config.model_config_list.config
    assert model.base_path == f"/models/{model.name}" and model.model_platform == "tensorflow"
    loaded = set(model.model_version_policy.specific.versions)
    assert model.version_labels.keys() == {"stable", "canary"}
    assert set(model.version_labels.values()) <= loaded
    service = yaml.safe_load((DEPLOY / "inference_service.yaml").read_text())
    assert (service["apiVersion"], service["kind"]) == (
        "serving.kserve.io/v1beta1",
        "InferenceService",
    )
    assert service["spec"]["predictor"]["model"]["modelFormat"] == {"name": "tensorflow"}
    assert service["spec"]["predictor"]["model"]["storageUri"].startswith("pvc://")
    fields = re.findall(r"(?m)^(\w+) \{ value: \d+ \}$", (DEPLOY / "batching.config").read_text())
    assert "max_batch_size" in fields and "batch_timeout_micros" in fields


def test_presets_and_pictures_are_those_in_the_manual(trained):
    from aae_keras.experiment import figures
    from aae_keras.experiment.presets import PRESETS

    assert all(f"`{name}`" in BUILD for name in PRESETS)
    assert all(f"`{path.name}`" in BUILD for path in figures.plot_run(trained.folder))
