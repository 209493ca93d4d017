"""Files of an export, asked one by one."""

import re
import subprocess
import sys

import pytest
from PIL import Image

from aae_keras.deployment import contract, prediction
from aae_keras.images import to_unit_range


def test_prediction_of_files_goes_on_after_a_bad_one(exported, images, tmp_path):
    good, bad, large = (tmp_path / name for name in ("good.png", "bad.png", "large.png"))
    Image.fromarray(images[0, :, :, 0]).save(good)
    bad.write_text("no image")
    Image.fromarray(images[0, :, :, 0]).resize((50, 60), Image.Resampling.NEAREST).save(large)
    predictor = prediction.open_predictor(exported.path)
    rows = list(prediction.predict_files(predictor, [str(good), str(bad), str(large)]))
    assert [row["image"] for row in rows] == [str(good), str(bad), str(large)]
    assert rows[0].keys() == {"image", "label", "class_name", "confidence", "probabilities"}
    assert rows[1].keys() == {"image", "error"} and "not a readable image" in rows[1]["error"]
    assert rows[0]["label"] == rows[2]["label"]
    assert sum(rows[0]["probabilities"]) == pytest.approx(1)
    assert list(prediction.predict_files(predictor, [])) == []


def test_many_files_go_in_batches(exported, images, tmp_path, monkeypatch):
    monkeypatch.setattr(prediction.files, "BATCH", 4)
    files = [tmp_path / f"{n}.png" for n in range(10)]
    for file, image in zip(files, images[:10, :, :, 0], strict=True):
        Image.fromarray(image).save(file)
    predictor = prediction.open_predictor(exported.path)
    rows = list(prediction.predict_files(predictor, files + files[:1]))
    whole = predictor.predict(to_unit_range(images[:10]))
    assert [row["label"] for row in rows] == [*whole["label"].tolist(), int(whole["label"][0])]


def test_litert_prediction_needs_no_tensorflow(exported):
    script = (
        "import sys; from aae_keras import prediction; import numpy as np;"
        f"p = prediction.open_predictor({str(exported.path / contract.LITERT_FILE)!r});"
        "print(p.predict(np.zeros((1, 6, 5, 1), 'float32'))['label'].shape, p.image_shape);"
        "print([m for m in ('tensorflow', 'keras', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "(1,) (6, 5, 1)\n[]\n", done.stderr


@pytest.mark.parametrize("name", ["none", "empty", "text.tflite", "none.tflite", "cut"])
def test_unreadable_exports_are_named(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "saved_model.pb").write_bytes(b"\x08\x01\x12")
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(prediction.PredictorError, match=name):
        prediction.open_predictor(tmp_path / name)


def test_who_names_a_model_that_is_not_there_is_told_what_is(tmp_path):
    for name in ("digits/7", "old/.retired-3", "old/.retired-12", "my model/.retired-1"):
        (tmp_path / name).mkdir(parents=True)
    told = {
        "digit": "Models of a like name are there: digits.",
        "old": f"comes back with mv {tmp_path}/old/.retired-12 {tmp_path}/old/12",
        "my model": f"mv '{tmp_path}/my model/.retired-1' '{tmp_path}/my model/1'",
        "cats": "Make one with python -m tools.export --run_dir=DIR",
    }
    for name, message in told.items():
        with pytest.raises(prediction.PredictorError, match=re.escape(message)):
            prediction.open_predictor(tmp_path / name)


def test_a_loaded_model_needs_only_the_package(trained):
    """The package is lazy: its loader must register the classes by itself."""
    script = f"import aae_keras; print(aae_keras.load_model({str(trained.model_file)!r}).name)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and "semi_supervised" in done.stdout, done.stderr


@pytest.mark.parametrize("file", ["", contract.LITERT_FILES["none"], contract.LITERT_FILES["int8"]])
def test_pixels_of_another_range_are_refused_by_every_reader(exported, unit_images, file):
    """The graphs would answer: of 0 to 255 with a confidence of 1."""
    predictor = prediction.open_predictor(exported.path / file)
    calls = [predictor.predict, predictor.encode]
    if not file:
        calls.append(lambda image: predictor.ask(contract.CLASSIFY, image=image))
    for call in calls:
        for bad, message in (
            (unit_images * 255, "`image` holds floats.*divide.*from 0.0 to 239.0"),
            (2 * unit_images - 1, r"\(x \+ 1\) / 2"),
            (unit_images * float("nan"), "must be finite"),
        ):
            with pytest.raises(ValueError, match=message):
                call(bad)
        assert call(unit_images).keys()
