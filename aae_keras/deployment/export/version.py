"""One version of an export: every file written, verified, and published whole."""

import dataclasses
import datetime
import importlib.metadata
import logging
import pathlib
import shutil
from collections.abc import Collection
from typing import Any

import numpy as np

from aae_keras import interrupts
from aae_keras.data import Data
from aae_keras.deployment import contract, integrity, prediction, versions
from aae_keras.deployment.export import (
    calibration,
    card,
    litert,
    novelty,
    onnx,
    samples,
    saved_model,
    single,
    verification,
)
from aae_keras.deployment.export.signatures import Signatures
from aae_keras.errors import ExportError
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration import presets
from aae_keras.experiment.run_folder import outcomes
from aae_keras.experiment.run_folder.runs import Run
from aae_keras.experiment.scores import scoring
from aae_keras.metrics.clusters import majority_rule
from aae_keras.models import AdversarialModel, LatentY, inference

log = logging.getLogger(__name__)

# Training images that say what is usual: more change no digit.
NUM_USUAL = 5000
# Test images that agreement is reported on.
NUM_REPORTED = 10_000


def export_run(
    folder: str | pathlib.Path,
    name: str | None = None,
    version: int | None = None,
    formats: Collection[str] = contract.DEFAULT_FORMATS,
    root: str | pathlib.Path = versions.ROOT,
    *,
    quantize: Collection[str] = ("none",),
    with_decoder: bool = False,
    **where: str,
) -> pathlib.Path:
    """Export a trained run: write its files, compare them with the model, and publish them.

    Args:
        folder: The run folder.
        name: Folder under `root`, the base path of a TF Serving model; the run's preset if None.
        version: Whole number; for None the UTC time as YYYYMMDDhhmmss, or the next that is free.
        formats: Some of `contract.FORMATS`.
        root: Folder of all exports.
        quantize: LiteRT files to write, some keys of `contract.LITERT_FILES`.
        with_decoder: Whether the SavedModel gets the signatures that need the decoder too.
        **where: `dataset`, `data_dir` or `labels`, if these lie elsewhere now.

    Returns:
        Path of the version's folder.

    Raises:
        ExportError: If a format is unknown or its packages are missing, or an exported file does
            not answer like the Keras model.
        VersionError: If the version is taken, or the name is no folder's.
        DataError, RunError: If the run or its data cannot be used.
        KeyboardInterrupt: If a signal came, looked at between the steps; nothing is published.
    """
    _check("formats", formats, contract.FORMATS)
    _check("quantize", quantize, contract.LITERT_FILES)
    if "onnx" in formats:
        onnx.check_installed()
    run, data, model = factory.load_trained(folder, **where)
    if with_decoder and not hasattr(model, "decoder"):
        raise ExportError(f"{folder} has no decoder: the setting is {run.config.setting}.")
    if with_decoder and "saved_model" not in formats:
        raise ExportError(
            "The decoder is for the format saved_model, which has the signatures that need it."
        )
    if set(formats) & set(contract.SINGLE_FILES) and not model.latent_y.is_encoded:
        raise ExportError(
            f"{folder} has no latent y, so there is nothing to classify: leave out the formats "
            f"{', '.join(contract.SINGLE_FILES)}."
        )
    name = name or presets.short_name(run.config)
    base = versions.base_of(root, name)
    if version is not None:
        versions.check_free(base, version)
    if "saved_model" not in formats and versions.served(base):
        raise ExportError(
            f"{base} has versions that a server may be serving, and one without a SavedModel would "
            "fail there. Choose another name, or the format saved_model too."
        )
    with interrupts.deferred(), versions.written_aside(base) as aside:
        manifest = write(model, data, aside, name, formats, quantize, with_decoder)
        write_manifest(run, data, aside, name, manifest)
        return versions.publish(aside, base, version)


def write(
    model: AdversarialModel,
    data: Data,
    folder: pathlib.Path,
    name: str,
    formats: Collection[str],
    quantize: Collection[str],
    with_decoder: bool,
) -> dict[str, Any]:
    """Write and verify every file of a version but its manifest.

    Args:
        model: A model of this project.
        data: The `Data` it was trained on.
        folder: Folder to write to.
        name, formats, quantize, with_decoder: See `export_run`.

    Returns:
        What the manifest should say of the files, a dict.

    Raises:
        ExportError: If a file does not answer like the model.
    """
    held_out = verification.held_out(data.split, max(samples.NUM_REPRESENTATIVE))
    class_names, origin = _class_names(model, data)
    calibrated = _calibrate(model, data.split)
    score, quantiles = _fit_novelty(model, data) if with_decoder else (None, None)
    signatures = Signatures(
        model, class_names, calibrated.temperature, score, with_decoder, data.reading
    )
    _begin("Writing saved_model.")  # the other formats are converted from it
    saved_model.write_saved_model(signatures, folder)
    expected = verification.answers(model, *held_out, calibrated.temperature)
    written = {}
    if "saved_model" in formats:
        written["saved_model"] = "none"
        saved_model.write_warmup(signatures, name, folder / contract.WARMUP)
    if "litert" in formats:
        for kind in quantize:
            label = contract.litert_name(kind)
            _begin(f"Writing {label}.")
            _write_litert(label, kind, folder, data, expected)
            written[label] = kind
    if "onnx" in formats:
        written["onnx"] = "none"
        _begin("Writing onnx.")
        onnx.write_onnx(signatures, folder / contract.ONNX_FILE)
    alone = single.write_all(signatures, folder, data.split, expected, formats)
    manifest = {
        "class_names": class_names,
        "class_names_from": origin,
        "calibration": dataclasses.asdict(calibrated),
        "novelty_quantiles": quantiles,
        contract.READING: dataclasses.asdict(data.reading),
        "signatures": list(signatures.functions()) if "saved_model" in formats else [],
        "agreement": _agreement(model, data.split, folder, signatures, expected, written),
        "one_image": alone,
    }
    if "saved_model" not in formats:
        for part in contract.SAVED_MODEL_FILES:
            _remove(folder / part)
    return manifest


def _write_litert(label, kind, folder, data, expected):
    """Write a LiteRT file that answers like the model, if one of the samples gives such a file."""
    path = folder / contract.LITERT_FILES[kind]

    def attempt(images: np.ndarray) -> dict[str, float | None]:
        litert.write_litert(folder, kind, images, path, data.reading)
        return verification.verify(label, prediction.open_predictor(path), expected, kind)

    samples.first_that_agrees(attempt, data.split, whole_numbers=kind == "int8")


def _agreement(model, split, folder, signatures, expected, written):
    """How far each file agrees with the model: required on held-out, reported on test images."""
    test = None
    if len(split.test_images):
        images, labels = split.test_images[:NUM_REPORTED], split.test_labels[:NUM_REPORTED]
        test = verification.answers(model, images, labels, signatures.temperature)
    table = {}
    for label, quantization in written.items():
        _begin(f"Comparing {label} with the model.")
        predictor = prediction.open_predictor(folder / contract.FILES[label])
        table[label] = verification.verify(label, predictor, expected, quantization)
        if label == "saved_model":
            verification.verify_signatures(predictor, signatures, expected.images)
        if test is not None and model.latent_y.is_encoded:
            table[label] |= verification.report(predictor, test)
    return table


def _calibrate(model, split):
    """The `Calibration` on validation labels alone: none that training saw, or must not see."""
    if model.latent_y != LatentY.CLASS:
        return calibration.Calibration(note="y is not taught by labels.")
    rows = _labelled_validation_rows(split)
    logits = np.zeros((0, 1))
    if len(rows):
        logits = inference.encode(model, split.images[rows])["y_logits"]
    return calibration.fit(logits, split.labels[rows])


def _fit_novelty(model, data):
    """A fitted `Novelty` and its quantiles; twice None where the decoder needs the true label."""
    if model.latent_y == LatentY.GIVEN:
        return None, None
    score = novelty.fit(model, samples.training_images(data.split, NUM_USUAL))
    validation = data.split.images[data.split.validation_rows]
    return score, novelty.quantiles(score, model, validation)


def _labelled_validation_rows(split):
    rows = split.validation_rows
    return rows[split.labels[rows] >= 0]


def _class_names(model, data):
    """A name for each value of y, and where the names come from."""
    split = data.split
    if not model.latent_y.is_encoded:
        return [], "no latent y"
    if model.latent_y == LatentY.CLASS:
        return list(data.class_names), "classes"
    rows = _labelled_validation_rows(split)
    if not len(rows):
        return scoring.cluster_names(data.class_names, np.full(model.categories, -1)), "numbers"
    y = inference.encode(model, split.images[rows])["y"]
    names = scoring.cluster_names(data.class_names, majority_rule(split.labels[rows], y))
    return names, "most frequent class in the validation images"


def write_manifest(
    run: Run, data: Data, folder: pathlib.Path, name: str, written: dict[str, Any]
) -> None:
    """Write `contract.MANIFEST`, where the export comes from, what is in it, and its scores; and
    the model card, which says the same in words.

    Args:
        run: The `Run` that is exported.
        data: Its `Data`.
        folder: Folder of the version.
        name: What a server calls the model.
        written: What `write` returned.

    Raises:
        RunError: If the run's `metrics.json` is damaged, or of another run.
    """
    manifest = {
        "revision": run.revision,
        "exported": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "config": run.config.to_dict(),
        "data_fingerprint": run.fingerprint,
        "image_shape": list(data.image_shape),
        **written,
        "metrics": outcomes.read_metrics(run),
        "versions": {
            package: importlib.metadata.version(package)
            for package in ("keras", "tensorflow", "ai-edge-litert")
        },
    }
    (folder / card.FILE).write_text(card.card(name, manifest), encoding="utf-8")
    integrity.write_manifest(folder, manifest)


def _begin(step):
    """Say which step begins, unless a signal has come meanwhile."""
    interrupts.check()
    log.info("%s", step)


def _check(name, given, known):
    """Refuse an argument that is empty or has an unknown value."""
    unknown = set(given) - set(known)
    if unknown or not given:
        raise ExportError(
            f"`{name}` must be of {', '.join(known)}. Received: {', '.join(given) or 'none'}"
        )


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
