"""The documents: their scripts run, their commands and files exist, their tables are complete."""

import ast
import pathlib
import re
import subprocess
import sys
import types

import numpy as np
import pytest
import yaml
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

import aae_keras
from aae_keras.deployment import contract
from aae_keras.experiment.configuration.presets import PRESETS
from aae_keras.experiment.configuration.vocabulary import SETTINGS
from aae_keras.experiment.pictures import figures
from aae_keras.experiment.run_folder import outcomes
from aae_keras.experiment.scores import evaluation
from aae_keras.experiment.search import search_space
from tests import tiny

NAMES = ("README.md", "BUILD.md", "CHANGELOG.md", "CONTRIBUTING.md")
DOCS = pathlib.Path("docs")
# All that is read, but for the diffs in it.
PAGES = {
    path: re.sub(r"```diff\n.*?```", "", path.read_text(), flags=re.DOTALL)
    for path in (*map(pathlib.Path, NAMES), *sorted(DOCS.glob("*.md")))
}
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


@pytest.mark.long
def test_own_arrays_learn_from_the_labels_there_are(tmp_path):
    printed = run(SCRIPTS[1], tmp_path)
    assert value_of("'error_rate'", printed) < 0.2  # chance is 90 %
    # The first ten digits are 0 to 9, and their labels were taken away.
    predicted = re.findall(r"\[([\d ]+)\]", printed)[-1].split()
    assert sum(int(label) == number for number, label in enumerate(predicted)) >= 7


@pytest.mark.long
def test_networks_by_hand_learn(tmp_path):
    printed = run(SCRIPTS[2], tmp_path)
    error, accuracy = value_of("'error_rate'", printed), value_of("'accuracy'", printed)
    assert error == pytest.approx(1 - accuracy, abs=1e-6)
    assert error < 0.12  # the baseline on the labels alone has 13 %
    assert printed.rstrip().endswith("(359, 10)") and (tmp_path / "digits.keras").exists()


@pytest.mark.long
def test_a_setting_of_ones_own_is_short_and_fills_its_prior(tmp_path):
    (script,) = re.findall(r"```python\n(import keras\n.*?)```", BUILD, re.DOTALL)
    assert len([line for line in script.splitlines() if line]) < 40
    printed = run(script, tmp_path)
    spread = [float(number) for number in re.findall(r"0\.[0-9]+", printed.splitlines()[-1])]
    # A code that had collapsed, or had run away, would be far from 1 / sqrt(3).
    assert spread == pytest.approx([3**-0.5] * 2, abs=0.15)


def test_a_term_of_ones_own_is_added_to_any_setting():
    (script,) = re.findall(r"```python\n(from keras import saving\n.*?)```", BUILD, re.DOTALL)
    names = {}
    exec(script, names)
    for model in (tiny.basic(**given(names)), tiny.tiny_model(**given(names))):
        (term,) = (term for term in model.objective() if term.name == "short_z")
        weights = [float(term.weight(step)) for step in (100, 300, 500, 9999)]
        assert weights == pytest.approx([0.0, 0.05, 0.1, 0.1])
        z = np.array([[3.0, 4.0], [0.0, 1.0]], "float32")
        assert list(term.loss(types.SimpleNamespace(code={"z": z}))) == [12.5, 0.5]


def given(names):
    return {"extra_terms": names["extra_terms"]}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_and_files_exist(page):
    text = PAGES[page]
    for name in re.findall(r"python -m tools\.([a-z_]+)", text):
        assert pathlib.Path(f"tools/{name}.py").exists(), name
    for name in re.findall(r"\baae-([a-z-]+)", text):
        assert pathlib.Path(f"tools/{name.replace('-', '_')}.py").exists(), name
    targets = pathlib.Path("Makefile").read_text()
    for name in re.findall(r"`?make (env|demo|test|test-all|format)\b", text):
        assert f"\n{name}:" in targets
    for path, anchor in re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", text):
        target = page.parent / path if path else page
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target), anchor


def anchors(page):
    """What the headings of a page are called in a link, as GitHub makes it of them."""
    titles = re.findall(r"(?m)^#+ (.*)$", page.read_text())
    return {"#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_lines_are_short(page):
    assert [line for line in PAGES[page].splitlines() if len(line) > 120] == []


def test_every_flag_of_a_command_in_the_documents_exists():
    shown = {
        path.stem: subprocess.run(
            [sys.executable, "-m", f"tools.{path.stem}", "--help"], capture_output=True, text=True
        ).stdout
        for path in pathlib.Path("tools").glob("[a-z]*.py")
        if path.stem != "cli"
    }
    everything = re.sub(r" -- --.*", "", "\n".join(PAGES.values()))  # then come Beam's own
    for name, rest in re.findall(r"python -m tools\.([a-z_]+)((?:\\\n|[^`\n])*)", everything):
        for flag in re.findall(r"--(\w+)", rest):
            assert f"  --{flag}: " in shown[name] or flag == "help", (name, flag)
    ours = re.sub(r"(?m)^ +(?:docker|curl) (.*\\\n)*.*$", "", everything)
    for flag in set(re.findall(r"--(no)?(\w+)", ours)) - {("", "help"), ("", "logdir")}:
        assert any(f"  --{flag[1]}: " in text for text in shown.values()), flag


def test_messages_are_those_of_the_code():
    said = [
        "".join(part.value if isinstance(part, ast.Constant) else " " for part in node.values)
        if isinstance(node, ast.JoinedStr)
        else node.value
        for folder in ("aae_keras", "tools")
        for path in pathlib.Path(folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    ]
    rows = re.findall(r"(?m)^\| (`.*?) \|", PAGES[DOCS / "messages.md"])
    messages = [m for row in rows if "the server's" not in row for m in re.findall(r"`(.+?)`", row)]
    assert len(messages) > 20
    for message in messages:
        pattern = ".+".join(re.escape(part.strip()) for part in message.split("..."))
        assert any(re.search(pattern, text) for text in said), message


def test_the_architecture_names_what_is_there():
    rows = re.findall(r"(?m)^\|.*\| `(\S+)` \| (.*) \|$", PAGES[DOCS / "architecture.md"])
    assert len(rows) > 20
    for path, cell in rows:
        text = pathlib.Path(path).read_text() if path.endswith(".py") else ""
        assert text or pathlib.Path(path).is_dir(), path
        for name in re.findall(r"`([\w.]+)`", cell) if text else []:
            last = name.split(".")[-1]
            assert re.search(rf"(?m)^ *(def|class) {last}\b|^{last}\b.* = ", text), (path, name)
    rooms = {path.stem for path in pathlib.Path("aae_keras").glob("*") if path.suffix != ".typed"}
    named = set(re.findall(r"`([\w/.]+)`", PAGES[DOCS / "architecture.md"]))
    rooms -= {"__init__", "__pycache__", "errors", "files"}
    assert rooms <= {pathlib.Path(name).stem for name in named}


def test_the_serving_contract_is_that_of_the_code():
    page = PAGES[DOCS / "serving_contract.md"]
    for name, signature in contract.SIGNATURES.items():
        assert f"| `{name}` |" in page
        assert all(f"`{tensor}`" in page for tensor in (*signature.inputs, *signature.outputs))
    for file in (*contract.LITERT_FILES.values(), contract.ONNX_FILE, contract.WARMUP):
        assert f"`{file}`" in page


def test_every_dependency_is_explained():
    page = PAGES[DOCS / "dependencies.md"]
    for file in pathlib.Path().glob("requirements*.txt"):
        assert f"`{file}`" in page
        for package in re.findall(r"(?m)^([\w.-]+)[<>=]", file.read_text()):
            assert re.search(rf"(?m)^\| .*\b{package}\b.*\|$", page), package


def test_the_manual_has_every_searched_field_with_its_followers():
    for field in search_space.SPACE:
        (row,) = re.findall(rf"(?m)^\| `{field.name}`.*$", BUILD)
        assert all(f"`{name}`" in row for name in field.followers)
        assert field.relative or f" {field.low:g}, {field.high:g} " in row


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


def test_presets_pictures_scores_and_files_of_a_run_are_in_the_manual(trained):
    assert all(f"`{name}`" in BUILD for name in PRESETS)
    assert all(f"`{name}`" in PAGES[DOCS / "settings.md"] for name in SETTINGS)
    pictures = {path.name for path in figures.plot_run(trained.folder)}
    assert pictures <= set(re.findall(r"`(\w+\.png)`", PAGES[DOCS / "pictures.md"]))
    result = evaluation.evaluate_run(trained.folder)
    columns = {name.removeprefix("val_") for name in outcomes.read_history(trained)[0]}
    known = set(re.findall(r"`(\w+)`", PAGES[DOCS / "scores.md"]))
    assert result.keys() | result["validation"].keys() | result["test"].keys() <= known
    assert {name for name in columns if not name.endswith("_loss")} <= known
    left = {path.name for path in trained.folder.iterdir()}
    assert left <= set(re.findall(r"`([\w.]+)/?`", PAGES[DOCS / "run_folder.md"]))
