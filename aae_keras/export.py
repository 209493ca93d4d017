"""The encoder as a SavedModel for TF Serving and as a LiteRT file for the edge.

An export is written aside, read back, compared with the Keras model, and only then renamed to its
version: a server that polls the folder never sees half a model, or one that answers otherwise.
"""

import datetime
import errno
import importlib.metadata
import json
import logging
import pathlib
import shutil
import tempfile

import keras
import numpy as np
import tensorflow as tf

from aae_keras import applying, factory, prediction, presets, scoring, serving
from aae_keras.errors import UserError
from aae_keras.images import to_unit_range
from aae_keras.networks import input_shapes

log = logging.getLogger(__name__)

ROOT = pathlib.Path("saved_models")
NUM_SEEN = 1000
TOLERANCE = 1e-4  # float32 rounding of another kernel, never another answer


class ExportError(UserError):
    """An export that could not be made; nothing was published."""


def export_run(folder, name=None, version=None, formats=serving.FORMATS, root=ROOT, **where):
    """Export a trained run.

    Args:
        folder: The run folder.
        name: Folder under `root`, the base path of a TF Serving model; the run's preset if None.
        version: Whole number; None: the UTC time as YYYYMMDDhhmmss, or the next that is free.
        formats: Some of `serving.FORMATS`.
        root: Folder of all exports.
        **where: See `factory.load_trained`.

    Returns:
        Path of the version's folder.

    Raises:
        ExportError: If a format is unknown, the version is taken, or an exported file does not
            answer like the Keras model.
        DataError, RunError: If the run or its data cannot be used.
    """
    unknown = set(formats) - set(serving.FORMATS)
    if unknown or not formats:
        raise ExportError(
            f"Formats must be of {', '.join(serving.FORMATS)}. "
            f"Received: {', '.join(formats) or 'none'}"
        )
    run, data, model = factory.load_trained(folder, **where)
    if not model.has_y:
        raise ExportError(
            f"The setting {run.config.setting} has no latent y: there is no classifier to export."
        )
    base = pathlib.Path(root) / (name or presets.short_name(run.config))
    base.mkdir(parents=True, exist_ok=True)
    if version is not None and (base / str(version)).exists():
        raise ExportError(f"{base}/{version} exists, and a version is never overwritten.")
    aside = pathlib.Path(tempfile.mkdtemp(dir=base, prefix=".writing-"))
    aside.chmod(0o755)
    try:
        names, origin = _names(model, data)
        write_saved_model(model, names, aside)
        if "litert" in formats:
            write_litert(aside, aside / serving.LITERT_FILE)
        agreement = verify(model, data, aside, formats)
        classes = {"class_names": names, "class_names_from": origin}
        write_manifest(run, data, aside, classes, agreement)
        if "saved_model" not in formats:
            for leftover in ("saved_model.pb", "fingerprint.pb", "variables", "assets"):
                _remove(aside / leftover)
        return publish(aside, base, version)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_saved_model(model, class_names, folder):
    """Write the SavedModel with the signatures of `serving`.

    Args:
        model: A model of this project with latent y.
        class_names: One string per value of y.
        folder: Where.
    """
    image = tf.TensorSpec(input_shapes(model.encoder)["image"], tf.float32, serving.IMAGE)
    names = tf.constant(list(class_names))

    @tf.function(input_signature=[image])
    def classify(image):
        code = model.encode(image)
        label = tf.argmax(code["y_logits"], axis=-1)
        return {
            "label": label,
            "class_name": tf.gather(names, label),
            "confidence": tf.reduce_max(code["y"], axis=-1),
            "probabilities": tf.identity(code["y"]),
        }

    @tf.function(input_signature=[image])
    def encode(image):
        code = model.encode(image)
        return {"y": tf.identity(code["y"]), "z": tf.identity(code["z"])}

    archive = keras.export.ExportArchive()
    archive.add_endpoint(serving.CLASSIFY, classify)
    archive.add_endpoint(serving.ENCODE, encode)
    archive.write_out(str(folder), verbose=False)


def write_litert(saved_model, path):
    """Convert both signatures of a SavedModel to one float32 LiteRT file."""
    signatures = [serving.CLASSIFY, serving.ENCODE]
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(saved_model), signature_keys=signatures
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(converter.convert())


def verify(model, data, folder, formats):
    """Read the written files back and compare them with the Keras model.

    The images are held-out ones (validation); some training ones where there are none.

    Returns:
        Dict by format: `images` compared, and `label_agreement`, which is 1.

    Raises:
        ExportError: If a label differs, or a probability or (relative to 1 + |z|) a z by more than
            `TOLERANCE`.
    """
    split = data.split
    rows = split.validation_rows if len(split.validation_rows) else split.unlabeled_rows[:NUM_SEEN]
    images = to_unit_range(split.images[rows])
    expected = applying.encode(model, images)
    expected["label"] = expected["y_logits"].argmax(axis=1)
    paths = {"saved_model": folder, "litert": folder / serving.LITERT_FILE}
    agreement = {}
    for form in formats:
        predictor = prediction.open_predictor(paths[form])
        found = applying.apply(lambda batch, p=predictor: _answers(p, batch), images)
        agree = float(np.mean(found["label"] == expected["label"]))
        distance = {
            "probabilities": np.abs(found["probabilities"] - expected["y"]).max(),
            "z": (np.abs(found["z"] - expected["z"]) / (1 + np.abs(expected["z"]))).max(),
        }
        if agree < 1 or not max(distance.values()) <= TOLERANCE:
            raise ExportError(
                f"The exported {form} does not answer like the Keras model on {len(images)} images:"
                f" {agree:.4%} of the labels agree, probabilities differ by up to "
                f"{distance['probabilities']:.2g} and z by {distance['z']:.2g}. Nothing was "
                "published."
            )
        agreement[form] = {"images": len(images), "label_agreement": agree}
    return agreement


def _answers(predictor, images):
    """Both signatures' outputs, as tensors."""
    found = predictor.predict(images.numpy()) | predictor.encode(images.numpy())
    return {name: tf.constant(found[name]) for name in ("label", "probabilities", "z")}


def _names(model, data):
    """What each value of y is called, and where the name comes from."""
    split = data.split
    if model.classifies:
        return list(data.class_names), "classes"
    rows = split.validation_rows
    rows = rows[split.labels[rows] >= 0]
    if not len(rows):
        return scoring.class_of_clusters(model.categories, (), (), ()), "numbers"
    y = applying.encode(model, split.images[rows])["y"]
    names = scoring.class_of_clusters(model.categories, data.class_names, split.labels[rows], y)
    return names, "most frequent class in the validation images"


def write_manifest(run, data, folder, classes, agreement):
    """Write where the export comes from, what it is called, and how well it did."""
    metrics = None
    if run.metrics_file.exists():
        try:
            metrics = json.loads(run.metrics_file.read_text())
        except ValueError as error:
            raise ExportError(f"{run.metrics_file} is damaged; run evaluate again.") from error
    manifest = {
        "revision": run.revision,
        "exported": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "config": run.config.to_dict(),
        "data_fingerprint": run.fingerprint,
        **classes,
        "image_shape": list(data.image_shape),
        "metrics": metrics,
        "agreement": agreement,
        "versions": {
            package: importlib.metadata.version(package) for package in ("keras", "tensorflow")
        },
    }
    path = folder / serving.MANIFEST
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest, indent=2) + "\n")


def publish(aside, base, version=None):
    """Rename a finished folder to its version, in one step that never replaces another.

    Raises:
        ExportError: If the version asked for has been taken meanwhile.
    """
    number = version or int(datetime.datetime.now(datetime.UTC).strftime("%Y%m%d%H%M%S"))
    newest = max(prediction.versions(base), default=0)
    if version is None:
        number = max(number, newest + 1)
    elif version < newest:
        log.warning("Version %d is below %d: servers go on with the newest.", version, newest)
    while True:
        target = base / str(number)
        try:
            # Fails on a folder that is not empty, so two exports at once cannot collide.
            aside.rename(target)
            return target
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
        if version is not None:
            raise ExportError(f"{target} exists, and a version is never overwritten.")
        number += 1


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
