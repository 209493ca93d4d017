import csv
import io
import json

import numpy as np
import pytest

from aae_keras.data import tables
from aae_keras.deployment.prediction.printing import COLUMNS, FORMATS
from tests.test_tools import tool

GOOD = {
    "image": 'a, "b".png', "label": 1, "class_name": "cat", "confidence": 0.75,
    "probabilities": [0.25, 0.75],
}  # fmt: skip
BAD = {"image": "c.png", "error": "c.png: cut"}


def printed(name, rows):
    return list(FORMATS[name](rows, "digits/7"))


def test_lines_of_json_hold_every_row():
    assert [json.loads(line) for line in printed("jsonl", [GOOD, BAD])] == [GOOD, BAD]


def test_a_table_reads_back_without_what_failed(caplog):
    (row,) = csv.DictReader(printed("csv", [BAD, GOOD]))
    assert tuple(row) == COLUMNS and json.loads(row["probabilities"]) == [0.25, 0.75]
    assert (row["image"], row["class_name"], row["confidence"]) == ('a, "b".png', "cat", "0.75")
    assert "c.png: cut" in caplog.text
    odd = {**GOOD, "image": "a\nb.png"}
    (row,) = csv.DictReader(io.StringIO("\n".join(printed("csv", [odd]))))
    assert row["image"] == odd["image"]


@pytest.mark.parametrize("rows", [[], [BAD], [GOOD], [GOOD, BAD, GOOD]])
def test_label_studio_gets_one_list_of_tasks(rows):
    tasks = json.loads("\n".join(printed("label-studio", rows)))
    assert len(tasks) == rows.count(GOOD)
    for task in tasks:
        assert task["data"] == {"image": GOOD["image"]}
        (prediction,) = task["predictions"]
        assert (prediction["model_version"], prediction["score"]) == ("digits/7", 0.75)
        assert prediction["result"] == [
            {
                "id": "r0",
                "from_name": "label",
                "to_name": "image",
                "type": "choices",
                "value": {"choices": ["cat"]},
            }
        ]


def test_accepted_predictions_come_back_as_labels(tmp_path):
    """Label Studio exports an accepted prediction as an annotation with the same result."""
    (task,) = json.loads("\n".join(printed("label-studio", [GOOD])))
    task["annotations"] = task.pop("predictions")
    (tmp_path / "export.json").write_text(json.dumps([task]))
    (answer,) = tables.read_table(tmp_path / "export.json")
    assert (answer.image, answer.label) == (GOOD["image"], "cat")


def test_the_tool_prints_each_format(exported, tmp_path, images):
    from PIL import Image

    picture = tmp_path / "a.png"
    Image.fromarray(np.asarray(images[0, :, :, 0])).save(picture)
    model = f"--model={exported.path}/litert/encoder.tflite"
    done = tool("predict", model, "--format=label-studio", picture, tmp_path / "none.png")
    (task,) = json.loads(done.stdout)
    assert done.returncode == 1 and "none.png" in done.stderr
    assert task["data"]["image"] == str(picture)
    assert task["predictions"][0]["model_version"] == f"{exported.path}/litert/encoder.tflite"
    done = tool("predict", model, "--format=xml", picture)
    assert done.returncode == 2 and "jsonl, csv, label-studio. Received: xml" in done.stderr
