"""How image files are read travels from the run into each file of an export."""

import dataclasses
import json
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from aae_keras.deployment import contract, export, integrity, prediction
from aae_keras.experiment.learning import training
from aae_keras.experiment.pictures import generation
from aae_keras.experiment.run_folder import seals
from aae_keras.reading import Reading
from tests.conftest import small_config
from tests.data import kinds

READING = Reading("crop", "black", "each")
FILES = (
    "png-ink", "png-white-ink", "png-grey", "png-turned-6", "png-transparent-palette",
    "jpeg-turned-6", "jpeg-turned-by-xmp", "jpeg-colour",
)  # fmt: skip


def write_photos(folder):
    """Two classes of photos of two proportions, with ink on nothing among them."""
    random = np.random.default_rng(0)
    for number in range(40):
        label = number % 2
        (folder / "ab"[label]).mkdir(parents=True, exist_ok=True)
        size = (9, 12) if number % 3 else (12, 9)
        pixels = random.integers(0, 90, (*size[::-1], 4), dtype="uint8")
        pixels[:, :, label] += 120
        pixels[:, :, 3] = 255 if number % 5 else 40
        Image.fromarray(pixels).save(folder / "ab"[label] / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """A version of a run on photos, read otherwise than by default, and its run folder."""
    folder = tmp_path_factory.mktemp("photos")
    config = dataclasses.replace(
        small_config(write_photos(folder / "photos")),
        image_size=(6, 5),
        epochs=1,
        rate_drops=(),
        **dataclasses.asdict(READING),
    )
    run = training.train(config, folder / "run", verbose=0)
    return export.export_run(run.folder, "photos", 1, root=folder / "exports"), run


@pytest.fixture
def files(tmp_path):
    for name in FILES:
        (tmp_path / name).write_bytes(kinds.READABLE[name]())
    return [tmp_path / name for name in FILES]


def test_every_file_states_it(version, tmp_path):
    folder, _ = version
    manifest = json.loads((folder / contract.MANIFEST).read_text())
    assert manifest["reading"] == dataclasses.asdict(READING)
    alone = shutil.copy(folder / contract.LITERT_FILE, tmp_path / "alone.tflite")
    assert json.loads(zipfile.ZipFile(alone).read("reading.json")) == manifest["reading"]
    for path in (folder, alone):
        assert prediction.open_predictor(path).reading == READING


def test_files_and_their_bytes_are_classified_alike(version, files, tmp_path):
    folder, _ = version
    predictor = prediction.open_predictor(folder)
    rows = list(prediction.predict_files(predictor, files))
    contents = np.array([file.read_bytes() for file in files], dtype=object)
    served = predictor.ask(contract.CLASSIFY_BYTES, image_bytes=contents)
    expected = [row["probabilities"] for row in rows]
    np.testing.assert_allclose(served["probabilities"], expected, atol=1e-6)
    alone = shutil.copy(folder / contract.LITERT_FILE, tmp_path / "alone.tflite")
    of_litert = prediction.predict_files(prediction.open_predictor(alone), files)
    np.testing.assert_allclose([row["probabilities"] for row in of_litert], expected, atol=1e-4)
    # Read by the defaults they would be other images.
    predictor.reading = Reading()
    other = [row["probabilities"] for row in prediction.predict_files(predictor, files)]
    assert np.abs(np.subtract(other, expected)).max() > 1e-3


def test_deep_images_are_read_as_in_training(version, tmp_path):
    (tmp_path / "deep.png").write_bytes(kinds.DEEP["png-16-bits"]())
    (row,) = prediction.predict_files(
        prediction.open_predictor(version[0]), [tmp_path / "deep.png"]
    )
    assert "label" in row


def test_remarks_come_once_at_the_end(version, files, caplog):
    list(prediction.predict_files(prediction.open_predictor(version[0]), files * 30))
    lines = [record.message for record in caplog.records if "Transparent, laid" in record.message]
    assert len(lines) == 1 and f": 90 images, such as {files[0]}" in lines[0]


def test_a_style_is_read_as_in_training(version, files, monkeypatch):
    _, run = version
    seen = []
    read = generation.read_image
    monkeypatch.setattr(generation, "read_image", lambda *a: seen.append(a) or read(*a))
    generation.generate(run.folder, style_of=files[0])
    assert seen[0][1:] == (3, (6, 5), READING)


def test_an_export_that_says_nothing_is_read_by_the_defaults(version, tmp_path):
    """Those of earlier versions."""
    old = shutil.copytree(version[0], tmp_path / "1")
    manifest = json.loads((old / contract.MANIFEST).read_text())
    for key in ("reading", contract.CHECKSUMS, seals.KEY):
        del manifest[key]
    (old / contract.MANIFEST).write_text(json.dumps(manifest))
    assert prediction.open_predictor(old).reading == Reading()
    (old / contract.MANIFEST).write_text(json.dumps(manifest | {"reading": {"fit": "fold"}}))
    with pytest.raises(
        prediction.PredictorError, match="how it reads image files.*Export it again"
    ):
        prediction.open_predictor(old)
    (old / contract.MANIFEST).write_text("{")
    with pytest.raises(integrity.DamagedError, match="manifest.json is damaged"):
        prediction.open_predictor(old)
