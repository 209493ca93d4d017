"""What Label Studio is given to import, judged by its own SDK.

The SDK wants other versions of our packages, so it lives in an environment of its own, whose Python
`AAE_LABEL_STUDIO` names; without it the test is skipped.
"""

import json
import os
import subprocess
import sys
from xml.sax import saxutils

import pytest

from aae_keras import data
from aae_keras.data import label_studio
from aae_keras.deployment.prediction.printing import FORMATS
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.run_folder import runs
from aae_keras.labelling import suggesting
from tests import tiny
from tests.folders import write_images

CLASSES = ('"', "<script>", "cat & dog")  # a folder may be called so
# Prints what is wrong with each file. `validate_task` cannot take a task with predictions.
JUDGE = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
setup, *files = sys.argv[1:]
interface = LabelInterface(setup)
interface.validate()
errors, predictions = [], 0
for file in files:
    for task in json.load(open(file)):
        if not interface.validate_task({"data": task["data"]}):
            errors.append(f"{file}: {task['data']}")
        for prediction in task.get("predictions", []):
            predictions += 1
            errors += interface.validate_prediction(prediction, True)
print(json.dumps([errors, predictions]))
"""


@pytest.fixture(scope="module")
def judge():
    """Asks the SDK about files of tasks, in a project of `CLASSES`: errors, and predictions."""
    python = os.environ.get("AAE_LABEL_STUDIO", sys.executable)
    if subprocess.run([python, "-c", "import label_studio_sdk"], stderr=-3).returncode:
        pytest.skip("opt-in: set AAE_LABEL_STUDIO to a Python that has label-studio-sdk")
    choices = "".join(f"<Choice value={saxutils.quoteattr(name)}/>" for name in CLASSES)
    setup = label_studio.SETUP.replace("...", choices)

    def ask(*files):
        command = [python, "-c", JUDGE, setup, *files]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    return ask


def rows(names):
    """What `predict` finds in some files."""
    return [
        {"image": f"{rank}.png", "label": 0, "class_name": name, "confidence": 0.5}
        for rank, name in enumerate(names)
    ]


def test_predictions_are_valid(judge, tmp_path):
    for name, classes in {"good": CLASSES, "none": (), "bad": ("no class of it",)}.items():
        text = "\n".join(FORMATS["label-studio"](rows(classes), "digits/7"))
        (tmp_path / name).write_text(text)
    assert judge(tmp_path / "good", tmp_path / "none") == [[], len(CLASSES)]
    errors, _ = judge(tmp_path / "bad")
    assert errors  # so the SDK looks at what is predicted


@pytest.mark.parametrize("setting", ["semi-supervised", "clustering", "basic"])
def test_suggestions_are_valid(judge, setting, tmp_path, monkeypatch):
    """Of a model of each kind; clusters are no classes of the project, so nothing is predicted."""
    write_images(tmp_path / "photos", dict.fromkeys([*CLASSES, "unlabeled"], 12))
    found = data.load(str(tmp_path / "photos"))
    run = runs.Run(tmp_path, Config(), "20260101T000000Z-00000000")
    loaded = run, found, tiny.SETTINGS[setting]()
    monkeypatch.setattr(suggesting.factory, "load_trained", lambda folder: loaded)
    _, tasks = suggesting.suggest(tmp_path, 5)
    errors, predictions = judge(tasks)
    assert not errors and predictions == 5 * (setting == "semi-supervised")
    assert len(json.loads(tasks.read_text())) == 5
