"""What `export` prints of a version: agreement, size and latency of each of its files."""

import json
import pathlib
import statistics
import time

import numpy as np

from aae_keras.deployment import contract, prediction

CALLS = 200


def table(version):
    """Lines of text for a version's folder."""
    version = pathlib.Path(version)
    manifest = json.loads((version / contract.MANIFEST).read_text("utf-8"))
    rows = []
    for name, path in paths_of(version).items():
        found = manifest["agreement"][name]
        rows.append(
            f"{name:16}{_percent(found['label_agreement']):>13}"
            f"{_percent(found.get('test_label_agreement')):>9}"
            f"{_percent(found.get('test_error_rate')):>12}"
            f"{_size(path) / 1e6:>8.2f} MB{1e3 * _latency(path):>8.3f} ms"
        )
    heads = (
        f"{'':16}{'labels agree':>13}{'on test':>9}{'test error':>12}{'size':>11}{'one image':>11}"
    )
    lines = [heads, *rows] if rows else []  # the files for one image alone have lines of their own
    calibration = manifest["calibration"]
    if calibration["images"]:
        lines.append(
            f"temperature {calibration['temperature']:.3f}, fitted on {calibration['images']} "
            f"validation images: calibration error {calibration['ece_before']:.2%} before, "
            f"{calibration['ece_after']:.2%} after"
        )
    else:
        lines.append(f"not calibrated: {calibration['note']}")
    lines += [
        f"sha256 {checksum}  {name}"  # for whoever copies one of them to a device
        for name, checksum in manifest[contract.CHECKSUMS].items()
        if name.endswith((".tflite", ".onnx"))
    ]
    return "\n".join(lines)


def _percent(share):
    return "" if share is None else f"{share:.2%}"


def paths_of(version):
    """Where each file (or the folder) lies that a version's manifest has compared, by its name."""
    version = pathlib.Path(version)
    manifest = json.loads((version / contract.MANIFEST).read_text("utf-8"))
    return {name: version / contract.FILES[name] for name in manifest["agreement"]}


def _size(path):
    return sum(file.stat().st_size for file in contract.model_files(path))


def _latency(path):
    """Median seconds of a call with one image."""
    predictor = prediction.open_predictor(path)
    image = np.zeros((1, *predictor.image_shape), "float32")
    ask = predictor.predict if predictor.has_latent_y else predictor.encode
    taken = []
    for _ in range(CALLS):
        start = time.perf_counter()
        ask(image)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
