import dataclasses
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from aae_keras import (
    applying,
    evaluation,
    export,
    factory,
    models,
    prediction,
    serving,
    training,
)
from aae_keras.images import to_unit_range
from tests import tiny


@pytest.fixture
def root(tmp_path):
    return tmp_path / "saved_models"


@pytest.fixture
def version(trained, root):
    return export.export_run(trained.folder, name="tiny", version=7, root=root)


def keras_answer(trained, images):
    return applying.encode(models.load_model(trained.model_file), images)


def test_files_of_a_version(version, root, trained):
    assert version == root / "tiny" / "7"
    assert [path.name for path in (root / "tiny").iterdir()] == ["7"]
    found = {path.name for path in version.iterdir()}
    assert {"saved_model.pb", "variables", "litert", "assets.extra"} <= found
    manifest = json.loads((version / serving.MANIFEST).read_text())
    assert manifest["revision"] == trained.revision
    assert manifest["class_names"] == ["0", "1", "2"] and manifest["image_shape"] == [6, 5, 1]
    assert manifest["agreement"]["litert"] == {"images": 6, "label_agreement": 1.0}
    assert manifest["metrics"] is None
    evaluation.evaluate_run(trained.folder)
    again = export.export_run(trained.folder, name="tiny", root=root)
    manifest = json.loads((again / serving.MANIFEST).read_text())
    assert 0 <= manifest["metrics"]["test"]["error_rate"] <= 1


def test_clusters_are_called_after_the_classes_found_in_them(small, tmp_path, root):
    config = dataclasses.replace(small, setting="clustering", num_clusters=4, num_labeled=0)
    run = training.train(config, tmp_path / "run", verbose=0)
    folder = export.export_run(run.folder, name="clusters", root=root, formats=["saved_model"])
    manifest = json.loads((folder / serving.MANIFEST).read_text())
    assert manifest["class_names_from"] == "most frequent class in the validation images"
    assert set(manifest["class_names"]) <= {"0", "1", "2", *(f"cluster-0{n}" for n in range(4))}
    predictor = prediction.open_predictor(folder)
    found = predictor.predict(np.random.default_rng(0).random((40, 6, 5, 1), "float32"))
    names = np.array(manifest["class_names"])[found["label"]]
    assert [name.decode() for name in found["class_name"]] == names.tolist()
    assert found["probabilities"].shape == (40, 4)


def test_a_setting_without_y_has_no_classifier(small, tmp_path, root):
    config = dataclasses.replace(small, setting="basic", num_labeled=0, epochs=1)
    run = training.train(config, tmp_path / "run", verbose=0)
    with pytest.raises(export.ExportError, match="basic has no latent y"):
        export.export_run(run.folder, root=root)
    assert not root.exists()


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_model_trained_in_bfloat16_is_exported_in_float32(small, tmp_path, root, batch_norm):
    changes = {"precision": "bfloat16", "batch_norm": batch_norm, "encoder_average": 0.9}
    run = training.train(dataclasses.replace(small, **changes), tmp_path / "run", verbose=0)
    _, data, model = factory.load_trained(run.folder)
    trained = models.load_model(run.model_file)
    for one, other in zip(model.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert trained.encoder.get_layer("encoder_hidden_0").compute_dtype == "bfloat16"
    networks = (getattr(model, name) for name in model.part_names[:4])
    assert {layer.compute_dtype for network in networks for layer in network.layers} == {"float32"}
    folder = export.export_run(run.folder, root=root)  # verified to 1e-4
    manifest = json.loads((folder / serving.MANIFEST).read_text())
    assert manifest["agreement"]["saved_model"]["label_agreement"] == 1
    # float32 and bfloat16 of the same weights: three digits
    images = data.split.images[:20]
    found, expected = (applying.encode(m, images)["y"] for m in (model, trained))
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert np.any(found != expected)


def test_the_image_is_found_by_its_name_among_an_encoders_inputs(tmp_path):
    built = tiny.encoder(tiny.NUM_CLASSES, posterior="universal")
    image, noise = built.inputs
    parts = tiny.tiny_networks() | {"encoder": keras.Model([noise, image], built.output)}
    model = tiny.tiny_model(parts)
    export.write_saved_model(model, ["a", "b", "c"], tmp_path / "1")
    assert prediction.open_predictor(tmp_path / "1").image_shape == tiny.IMAGE_SHAPE


def test_signatures_keep_the_contract(version):
    signatures = tf.saved_model.load(str(version)).signatures
    assert set(signatures) == {serving.CLASSIFY, serving.ENCODE}
    for name, outputs in (
        (serving.CLASSIFY, serving.CLASSIFY_OUTPUTS),
        (serving.ENCODE, serving.ENCODE_OUTPUTS),
    ):
        _, inputs = signatures[name].structured_input_signature
        assert inputs == {"image": tf.TensorSpec([None, 6, 5, 1], tf.float32, "image")}
        found = signatures[name].structured_outputs
        assert {key: spec.dtype.name for key, spec in found.items()} == outputs
        assert all(spec.shape[0] is None for spec in found.values())


@pytest.mark.parametrize("rows", [0, 1, 60])
def test_graph_mode_loader_gives_the_keras_models_labels(version, trained, images, rows):
    """As TF Serving does it: tag `serve`, tensor names from the SignatureDef."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(version))

        def request(name):
            signature = meta.signature_def[name]
            fetches = {output: info.name for output, info in signature.outputs.items()}
            feed = {signature.inputs["image"].name: to_unit_range(images[:rows])}
            return session.run(fetches, feed)

        found, code = request(serving.CLASSIFY), request(serving.ENCODE)
    assert len(found["label"]) == rows
    if rows:
        expected = keras_answer(trained, images[:rows])
        labels = expected["y_logits"].argmax(axis=1)
        np.testing.assert_array_equal(found["label"], labels)
        np.testing.assert_allclose(found["probabilities"], expected["y"], atol=1e-6)
        np.testing.assert_array_equal(found["confidence"], found["probabilities"].max(axis=1))
        assert [name.decode() for name in found["class_name"]] == [str(n) for n in labels]
        np.testing.assert_allclose(code["z"], expected["z"], atol=1e-5)
        np.testing.assert_allclose(code["y"], expected["y"], atol=1e-6)


def test_litert_gives_the_same_labels_codes_and_names(version, trained, images):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(version / serving.LITERT_FILE))
    assert set(interpreter.get_signature_list()) == {serving.CLASSIFY, serving.ENCODE}
    expected = keras_answer(trained, images)
    predictor = prediction.open_predictor(version / serving.LITERT_FILE)
    found = predictor.predict(to_unit_range(images))
    labels = expected["y_logits"].argmax(axis=1)
    np.testing.assert_array_equal(found["label"], labels)
    np.testing.assert_allclose(found["probabilities"], expected["y"], atol=1e-5)
    assert [name.decode() for name in found["class_name"]] == [str(n) for n in labels]
    code = interpreter.get_signature_runner(serving.ENCODE)(image=to_unit_range(images))
    np.testing.assert_allclose(code["z"], expected["z"], atol=1e-4)


def test_weights_are_stored_once(trained, version):
    encoder = models.load_model(trained.model_file).encoder
    size = sum(os.path.getsize(path) for path in (version / "variables").iterdir())
    assert size <= 1.05 * 4 * encoder.count_params() + 20_000


def test_versions_grow_and_are_never_overwritten(trained, version, root):
    with pytest.raises(export.ExportError, match="7 exists, and a version is never overwritten"):
        export.export_run(trained.folder, name="tiny", version=7, root=root)
    before = (version / "saved_model.pb").read_bytes()
    first = export.export_run(trained.folder, name="tiny", root=root)
    second = export.export_run(trained.folder, name="tiny", root=root)
    assert 7 < int(first.name) < int(second.name) and len(first.name) == 14
    assert (version / "saved_model.pb").read_bytes() == before
    assert prediction.open_predictor(root / "tiny").path == second


def finished(folder):
    folder.mkdir()
    (folder / "file").touch()
    return folder


def test_a_taken_number_gives_way_to_the_next(tmp_path, monkeypatch):
    # another export takes the number after the versions have been listed
    monkeypatch.setattr(prediction, "versions", lambda base: [])
    first = export.publish(finished(tmp_path / ".a"), tmp_path)
    for n in range(30):
        (tmp_path / str(int(first.name) + n)).mkdir(exist_ok=True)
        (tmp_path / str(int(first.name) + n) / "file").touch()
    second = export.publish(finished(tmp_path / ".b"), tmp_path)
    assert int(second.name) == int(first.name) + 30
    with pytest.raises(export.ExportError, match="never overwritten"):
        export.publish(finished(tmp_path / ".c"), tmp_path, int(first.name))


def test_versions_grow_whatever_the_clock_says(tmp_path, caplog):
    future = export.publish(finished(tmp_path / ".a"), tmp_path, 99990101000000)
    later = export.publish(finished(tmp_path / ".b"), tmp_path)
    assert int(later.name) == int(future.name) + 1
    export.publish(finished(tmp_path / ".c"), tmp_path, 3)
    assert "Version 3 is below" in caplog.text


def test_a_rename_that_cannot_succeed_ends(tmp_path):
    with pytest.raises(FileNotFoundError):
        export.publish(tmp_path / "none", tmp_path)


def test_an_export_that_answers_otherwise_is_not_published(trained, root, monkeypatch):
    honest = prediction.SavedModelPredictor.predict

    def biased(self, images):
        found = honest(self, images)
        return {**found, "label": (found["label"] + 1) % 3}

    monkeypatch.setattr(prediction.SavedModelPredictor, "predict", biased)
    with pytest.raises(export.ExportError, match=r"saved_model does not answer like.*0\.0000%"):
        export.export_run(trained.folder, name="tiny", root=root)
    assert list((root / "tiny").iterdir()) == []


def test_a_wrong_style_is_found_too(trained, root, monkeypatch):
    honest = prediction.LiteRTPredictor.encode
    monkeypatch.setattr(
        prediction.LiteRTPredictor,
        "encode",
        lambda self, images: {**honest(self, images), "z": 2 * honest(self, images)["z"]},
    )
    with pytest.raises(export.ExportError, match="litert does not answer like"):
        export.export_run(trained.folder, name="tiny", root=root)


def test_formats(trained, root):
    only = export.export_run(trained.folder, name="edge", formats=["litert"], root=root)
    assert {path.name for path in only.iterdir()} == {"litert", "assets.extra"}
    assert isinstance(prediction.open_predictor(root / "edge"), prediction.LiteRTPredictor)
    both = export.export_run(trained.folder, name="server", formats=["saved_model"], root=root)
    assert not (both / "litert").exists()
    with pytest.raises(export.ExportError, match="Received: tflite"):
        export.export_run(trained.folder, formats=["tflite"], root=root)


def test_prediction_of_files_goes_on_after_a_bad_one(version, images, tmp_path):
    good, bad, large = (tmp_path / name for name in ("good.png", "bad.png", "large.png"))
    Image.fromarray(images[0, :, :, 0]).save(good)
    bad.write_text("no image")
    Image.fromarray(images[0, :, :, 0]).resize((50, 60), Image.Resampling.NEAREST).save(large)
    predictor = prediction.open_predictor(version)
    rows = list(prediction.predict_files(predictor, [str(good), str(bad), str(large)]))
    assert [row["image"] for row in rows] == [str(good), str(bad), str(large)]
    assert rows[0].keys() == {"image", "label", "class_name", "confidence", "probabilities"}
    assert rows[1].keys() == {"image", "error"} and "not a readable image" in rows[1]["error"]
    assert rows[0]["label"] == rows[2]["label"]
    assert sum(rows[0]["probabilities"]) == pytest.approx(1)
    assert list(prediction.predict_files(predictor, [])) == []


def test_many_files_go_in_batches(version, images, tmp_path, monkeypatch):
    monkeypatch.setattr(prediction, "BATCH", 4)
    files = [tmp_path / f"{n}.png" for n in range(10)]
    for file, image in zip(files, images[:10, :, :, 0], strict=True):
        Image.fromarray(image).save(file)
    predictor = prediction.open_predictor(version)
    rows = list(prediction.predict_files(predictor, files + files[:1]))
    whole = predictor.predict(to_unit_range(images[:10]))
    assert [row["label"] for row in rows] == [*whole["label"].tolist(), int(whole["label"][0])]


def test_litert_prediction_needs_no_tensorflow(version):
    script = (
        "import sys; from aae_keras import prediction; import numpy as np;"
        f"p = prediction.open_predictor({str(version / serving.LITERT_FILE)!r});"
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


def test_a_loaded_model_needs_only_the_package(trained):
    """The package is lazy: its loader must register the classes by itself."""
    script = f"import aae_keras; print(aae_keras.load_model({str(trained.model_file)!r}).name)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and "semi_supervised" in done.stdout, done.stderr
