"""The model card: what it says is what the manifest says, and its clients ask a server."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from PIL import Image

from aae_keras.deployment import contract
from aae_keras.deployment.export import card
from tests.servers import rest
from tests.servers.graph_mode import ServedModel

NASTY = "```</script>\n# `title`"
RUN = {
    "sh": ["sh", "client.sh"],
    "python": [sys.executable, "client.py"],
    "js": ["node", "client.mjs"],
    "java": ["java", "Client.java"],
    "go": ["go", "run", "client.go"],
}


@pytest.fixture
def manifest(exported):
    """That of an export, with scores and a class name that would like to be markup."""
    values = json.loads((exported.path / contract.MANIFEST).read_text())
    scores = {"error_rate": 0.1, "ece": 0.0123456}
    return values | {
        "class_names": [NASTY, "dog"],
        "metrics": {"test": scores, "data": {"labeled": 12, "test": 99, "test_labeled": 60}},
    }


@pytest.mark.parametrize("setting, said", [("clustering", True), ("clusters-only", False)])
def test_a_z_that_nothing_has_taught_is_not_called_the_style(manifest, setting, said):
    manifest["config"]["setting"] = setting
    assert ("z, the style" in card.card("pets", manifest)) == said


def blocks(text):
    """The fenced blocks of a card: (language, content)."""
    return re.findall(r"(?ms)^```(\w+)\n(.*?)\n```$", text)


def test_the_head_is_what_model_hubs_read(manifest):
    text = card.card("pets", manifest)
    _, head, body = text.split("---\n", 2)
    head = yaml.safe_load(head)
    assert head["pipeline_tag"] == "image-classification"
    (model,) = head["model-index"]
    (result,) = model["results"]
    assert model["name"] == "pets" and result["dataset"]["name"] == "own.npz"
    assert result["metrics"] == [{"type": "accuracy", "value": 0.9}]
    assert body.startswith("\n# `pets`\n")


@pytest.mark.parametrize(
    "agreement, one_image, tags",
    [
        ({"saved_model": {}, "litert-int8": {}}, {}, ["saved-model", "litert"]),
        ({"onnx": {}}, {"micro": {}}, ["litert", "onnx"]),
    ],
)
def test_the_head_names_what_was_written(manifest, agreement, one_image, tags):
    changed = manifest | {"agreement": agreement, "one_image": one_image}
    head = yaml.safe_load(card.card("pets", changed).split("---\n", 2)[1])
    assert head["tags"] == ["adversarial-autoencoder", *tags]


def test_a_signature_that_is_not_there_is_not_named(manifest):
    manifest["novelty_quantiles"] = {"0.99": 3.5}
    assert "score_novelty" in card.card("pets", manifest | {"signatures": ["score_novelty"]})
    assert "score_novelty" not in card.card("pets", manifest | {"signatures": []})


def test_scores_have_their_interval_and_names_are_no_markup(manifest):
    text = card.card("pets", manifest)
    # Clopper and Pearson, 6 of 60, by the quantiles of the beta distribution.
    assert "| `error_rate` | 0.1 (0.03759 to 0.2051 at 95%, 60 images) |" in text
    assert "| `ece` | 0.01235 |" in text
    assert "before it" not in text  # no temperature
    (known,) = (json.loads(content) for language, content in blocks(text) if language == "json")
    assert known["classes"] == [NASTY, "dog"] and known["labeled images"] == 12
    assert "</script>" not in re.sub(r"(?ms)^```json.*?^```$", "", text)
    titles = re.findall(r"(?m)^# .*", text)
    assert titles[0] == "# `pets`" and not any("title" in title for title in titles)


def test_scores_of_probabilities_before_the_temperature_are_said_to_be(manifest):
    manifest["calibration"] = {
        "temperature": 1.25,
        "images": 500,
        "ece_before": 0.03,
        "ece_after": 0.01,
    }
    text = card.card("pets", manifest)
    assert "softmax at temperature 1.250, fitted on 500 validation images" in text
    assert (
        "3.00% before and 1.00% after" in text and "above are of the probabilities before" in text
    )


def test_scores_of_unknown_images_have_no_interval(manifest):
    """`metrics.json` of an earlier version, beside a test part that may be another now."""
    del manifest["metrics"]["data"]["test_labeled"]
    assert "| `error_rate` | 0.1 |" in card.card("pets", manifest)


def test_what_is_not_known_is_not_said(manifest):
    manifest |= {"metrics": None, "class_names": [], "signatures": [], "novelty_quantiles": None}
    text = card.card("a`b", manifest)
    assert "It was not evaluated." in text and "model-index" not in text
    assert "# `` a`b ``" in text and "## Ask it" not in text and "one of its classes" not in text
    many = manifest | {"class_names": list(map(str, range(5000)))}
    (known,) = (json.loads(content) for _, content in blocks(card.card("x", many)))
    assert len(known["classes"]) == 100 and known["classes in all"] == 5000


def test_an_export_has_one(exported):
    text = (exported.path / card.FILE).read_text()
    assert "# `tiny`" in text and "one of 3" in text
    assert [language for language, _ in blocks(text)] == ["json", *RUN]


class Renamed(ServedModel):
    """The classes have names that nothing else in an answer is: digits are their own labels."""

    def run(self, name, inputs):
        outputs = super().run(name, inputs)
        names = [b"digit " + class_name for class_name in outputs["class_name"].tolist()]
        return outputs | {"class_name": np.array(names, dtype=object)}


@pytest.fixture(scope="module")
def address(exported):
    """Of a server's look-alike that serves the export."""
    with rest.serving({"tiny": {7: Renamed(exported.path)}}) as url:
        yield url


@pytest.mark.parametrize("language", RUN)
def test_its_clients_print_the_class(exported, address, images, tmp_path, language):
    program, *arguments = RUN[language]
    if not shutil.which(program):
        pytest.skip(f"no {program} is installed")
    source = dict(blocks((exported.path / card.FILE).read_text()))[language]
    assert "http://localhost:8501/v1/models/tiny:predict" in source
    (tmp_path / arguments[-1]).write_text(source.replace("http://localhost:8501", address))
    Image.fromarray(images[0, :, :, 0]).save(tmp_path / "image.png")
    command = [program, *arguments, "image.png"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (label,) = exported.encode(images[:1])["label"]
    name = f"digit {label}"
    assert done.stdout.strip() == name or f'"class_name": "{name}"' in done.stdout
