"""The model card of a version: its manifest in words, with the head that model hubs read.

What the manifest does not know is not said. Text from data (names of classes, of the data set)
stands in JSON or YAML, where it can be no markup.
"""

import importlib.resources
import json
import pathlib
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

import yaml

from aae_keras.deployment import contract
from aae_keras.experiment.configuration.vocabulary import ENCODER_ALONE
from aae_keras.metrics.shares import CONFIDENCE, share_interval

FILE = "README.md"
MOST_CLASSES = 100  # whose names are listed; the manifest has all
# In the order of the card: the folder's file, how Markdown calls the language, what people do.
CLIENTS = {
    "shell": ("sh", "Shell"),
    "python": ("python", "Python"),
    "javascript": ("js", "JavaScript"),
    "java": ("java", "Java"),
    "go": ("go", "Go"),
}
_PARTS = ("labeled", "unlabeled", "validation", "test")
# What a model hub calls the formats of an export's files.
_TAGS = {"saved-model": {"saved_model"}, "litert": {"litert", "web", "micro"}, "onnx": {"onnx"}}


def card(name: str, manifest: Mapping[str, Any]) -> str:
    """The model card.

    Args:
        name: What a server calls the model.
        manifest: What `manifest.json` holds.

    Returns:
        Markdown with a head of YAML.
    """
    metrics = manifest["metrics"] or {}
    scores = metrics.get("test", {})
    classifies = bool(manifest["class_names"])
    parts = [
        _head(name, manifest, scores),
        f"# {_code(name)}",
        _purpose(manifest, classifies),
        _data(manifest),
        _scores(scores, metrics.get("data", {}).get("test_labeled", 0), manifest["calibration"]),
        _files(manifest),
        _limits(manifest, classifies),
    ]
    if "classify_bytes" in manifest["signatures"]:
        parts.append(_clients(name))
    return "\n\n".join(parts) + "\n"


def _head(name, manifest, scores):
    """What a model hub lists it by."""
    written = {label.partition("-")[0] for label in manifest["agreement"] | manifest["one_image"]}
    kinds = [tag for tag, labels in _TAGS.items() if written & labels]
    head = {"library_name": "tensorflow", "tags": ["adversarial-autoencoder", *kinds]}
    if manifest["class_names"]:
        head["pipeline_tag"] = "image-classification"
    if "error_rate" in scores:
        dataset = pathlib.PurePath(manifest["config"]["dataset"]).name
        result = {
            "task": {"type": "image-classification"},
            "dataset": {"name": dataset, "type": dataset, "split": "test"},
            "metrics": [{"type": "accuracy", "value": round(1 - scores["error_rate"], 6)}],
        }
        head["model-index"] = [{"name": name, "results": [result]}]
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---"


def _purpose(manifest, classifies):
    shape = "x".join(map(str, manifest["image_shape"]))
    finds = f"z, the style, {manifest['config']['latent_dim']} numbers near their prior"
    if classifies:
        kind = "class" if manifest["class_names_from"] == "classes" else "cluster"
        y = f"y, the {kind}, one of {len(manifest['class_names'])}"
        finds = y if manifest["config"]["setting"] in ENCODER_ALONE else f"{y}, and {finds}"
    return (
        f"The encoder of an adversarial autoencoder (arXiv:1511.05644). In an image of {shape} "
        f"it finds {finds}. Revision {manifest['revision']}, exported {manifest['exported']}."
    )


def _data(manifest):
    config, counts = manifest["config"], (manifest["metrics"] or {}).get("data", {})
    known = {
        "data set": config["dataset"],
        "fingerprint": manifest["data_fingerprint"],
        "setting": config["setting"],
        "recipe": config["preset"],
        **{f"{part} images": counts[part] for part in _PARTS if part in counts},
        "classes": manifest["class_names"][:MOST_CLASSES],
    }
    if len(manifest["class_names"]) > MOST_CLASSES:
        known["classes in all"] = len(manifest["class_names"])
    return f"## What it was trained on\n\n```json\n{_json(known)}\n```"


def _scores(scores, tested, calibrated):
    lines = ["## Scores on the test images", ""]
    if not scores:
        return "\n".join([*lines, "It was not evaluated."])
    lines += ["| score | value |", "|---|---|"]
    for key, value in scores.items():
        interval = _interval(value, tested) if key == "error_rate" and tested else ""
        lines.append(f"| {_code(key)} | {value:.4g}{interval} |")
    if calibrated["images"]:
        lines += [
            "",
            f"Probabilities are softmax at temperature {calibrated['temperature']:.3f}, fitted on "
            f"{calibrated['images']} validation images. The expected calibration error there is "
            f"{calibrated['ece_before']:.2%} before and {calibrated['ece_after']:.2%} after, on "
            "images that a temperature was not fitted on. `ece` and `brier` above are of the "
            "probabilities before it.",
        ]
    return "\n".join(lines)


def _interval(share, count):
    """The exact interval of a share, as text."""
    low, high = share_interval(round(share * count), count)
    return f" ({low:.4g} to {high:.4g} at {CONFIDENCE:.0%}, {count} images)"


def _files(manifest):
    lines = [
        "## Files",
        "",
        "| file | labels that agree with the model, validation |",
        "|---|---|",
    ]
    for label, agreement in (manifest["agreement"] | manifest["one_image"]).items():
        share = agreement.get("label_agreement")
        file = (contract.FILES | contract.SINGLE_FILES)[label] or "saved_model.pb"
        lines.append(f"| {_code(file)} | {_percent(share)} |")
    return "\n".join(lines)


def _limits(manifest, classifies):
    lines = ["## Intended use and limits", ""]
    lines.append(
        "For images like those it was trained on, and read as they were: "
        f"{_code(_json(manifest[contract.READING], indent=None))}. What it was not tested on, it "
        "may be wrong about without a sign; look at errors of your own images first."
    )
    if classifies:
        lines.append(
            "It gives one of its classes to any image, also to one of none of them, and a high "
            "confidence does not say otherwise."
        )
    quantiles = manifest["novelty_quantiles"]  # none where there are no validation images
    if "score_novelty" in manifest["signatures"] and quantiles:
        usual = quantiles["0.99"]
        lines.append(
            f"The signature {_code('score_novelty')} says how unusual an image is: 99 % of the "
            f"validation images lie below {usual:.3g}."
        )
    return "\n".join([*lines[:2], " ".join(lines[2:])])


def _clients(name):
    lines = ["## Ask it", "", "Behind TensorFlow Serving, with an image file of any size:"]
    folder = importlib.resources.files(__package__) / "clients"
    quoted = urllib.parse.quote(name, safe="")
    for file, (fence, title) in CLIENTS.items():
        text = (folder / f"{file}.txt").read_text("utf-8").replace("NAME", quoted)
        lines += ["", f"### {title}", "", f"```{fence}\n{text.rstrip()}\n```"]
    return "\n".join(lines)


def _code(text):
    """Text in a code span, whatever it holds."""
    runs = re.findall("`+", text)
    fence = "`" * (1 + max(map(len, runs), default=0))
    space = " " if runs else ""
    return f"{fence}{space}{text}{space}{fence}"


def _json(value, indent=1):
    return json.dumps(value, indent=indent)


def _percent(share):
    return "not compared" if share is None else f"{share:.2%}"
