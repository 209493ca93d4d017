import dataclasses
import json
import signal
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from aae_keras import models
from aae_keras.deployment import contract, export, integrity, prediction, versions
from aae_keras.deployment.export import calibration, litert, samples, saved_model, verification
from aae_keras.deployment.export.signatures import Signatures
from aae_keras.experiment.building import factory
from aae_keras.experiment.learning import training
from aae_keras.experiment.run_folder.runs import RunError
from aae_keras.experiment.scores import evaluation
from aae_keras.images import to_unit_range
from aae_keras.models import inference
from tests import tiny
from tools import exported as exported_table

SAVED_MODEL = ["saved_model"]  # the quickest to write


def manifest_of(version):
    return json.loads((version / contract.MANIFEST).read_text())


def test_files_of_a_version(exported, trained_once):
    version = exported.path
    assert [path.name for path in version.parent.iterdir()] == ["7"]
    files = {str(path.relative_to(version)) for path in version.rglob("*") if path.is_file()}
    assert files == {
        "README.md",
        "saved_model.pb",
        "fingerprint.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "litert/encoder.tflite",
        "litert/encoder-float16.tflite",
        "litert/encoder-int8.tflite",
        "assets.extra/manifest.json",
        "assets.extra/tf_serving_warmup_requests",
    }
    manifest = manifest_of(version)
    assert manifest["revision"] == trained_once.revision
    assert manifest["class_names"] == ["0", "1", "2"] and manifest["image_shape"] == [6, 5, 1]
    assert set(manifest["agreement"]) == {"saved_model", "litert", "litert-float16", "litert-int8"}
    for agreement in manifest["agreement"].values():
        assert agreement["images"] == 6 and agreement["label_agreement"] == 1.0
        assert agreement["test_images"] == 60 and agreement["test_label_agreement"] > 0.9
    assert set(manifest["signatures"]) == set(contract.SIGNATURES)
    assert manifest["calibration"]["temperature"] == 1.0  # six labels are too few
    assert "6 labelled validation images are too few" in manifest["calibration"]["note"]
    quantiles = list(manifest["novelty_quantiles"].values())
    assert len(quantiles) == 5 and quantiles == sorted(quantiles)
    assert manifest["metrics"] is None
    assert manifest["files"].keys() == files - {"assets.extra/manifest.json"}
    assert integrity.check(version)


def test_the_manifest_has_the_scores_where_there_are(trained, root):
    evaluation.evaluate_run(trained.folder)
    version = export.export_run(trained.folder, name="tiny", root=root, formats=SAVED_MODEL)
    assert 0 <= manifest_of(version)["metrics"]["test"]["error_rate"] <= 1
    trained.metrics_file.write_text("{")
    with pytest.raises(RunError, match="metrics.json is damaged.*tools.evaluate"):
        export.export_run(trained.folder, name="tiny", root=root, formats=SAVED_MODEL)


def test_a_signal_ends_an_export_before_its_next_step(trained, root, monkeypatch):
    begun = []
    monkeypatch.setattr(
        saved_model,
        "write_saved_model",
        lambda *_: begun.append("saved_model") or signal.raise_signal(signal.SIGTERM),
    )
    monkeypatch.setattr(verification, "verify", lambda *_: begun.append("verify"))
    with pytest.raises(KeyboardInterrupt):
        export.export_run(trained.folder, name="tiny", root=root, formats=SAVED_MODEL)
    assert begun == ["saved_model"] and list((root / "tiny").iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_the_temperature_is_fitted_on_the_validation_labels(trained, root, monkeypatch):
    monkeypatch.setattr(calibration, "MIN_LABELED", 6)
    version = export.export_run(trained.folder, name="tiny", root=root, formats=SAVED_MODEL)
    manifest = manifest_of(version)
    _, data, model = factory.load_trained(trained.folder)
    rows = data.split.validation_rows
    logits = inference.encode(model, data.split.images[rows])["y_logits"]
    expected = calibration.fit(logits, data.split.labels[rows])
    assert manifest["calibration"]["temperature"] == pytest.approx(expected.temperature)
    assert expected.temperature != 1
    answers = prediction.open_predictor(version).predict(to_unit_range(data.split.images[rows]))
    np.testing.assert_allclose(
        answers["probabilities"],
        calibration.probabilities(logits, expected.temperature),
        atol=1e-5,
    )


def test_clusters_are_called_after_the_classes_found_in_them(small, tmp_path, root):
    config = dataclasses.replace(small, setting="clustering", num_clusters=4, num_labeled=0)
    run = training.train(config, tmp_path / "run", verbose=0)
    folder = export.export_run(run.folder, name="clusters", root=root, formats=["saved_model"])
    manifest = manifest_of(folder)
    assert manifest["class_names_from"] == "most frequent class in the validation images"
    assert set(manifest["class_names"]) <= {"0", "1", "2", *(f"cluster-0{n}" for n in range(4))}
    agreement = manifest["agreement"]["saved_model"]
    # a cluster's index is no class
    assert agreement["test_label_agreement"] == 1 and "test_error_rate" not in agreement
    predictor = prediction.open_predictor(folder)
    answers = predictor.predict(np.random.default_rng(0).random((40, 6, 5, 1), "float32"))
    names = np.array(manifest["class_names"])[answers["label"]]
    assert [name.decode() for name in answers["class_name"]] == names.tolist()
    assert answers["probabilities"].shape == (40, 4)


def test_a_setting_without_y_exports_its_codes(small, tmp_path, root):
    config = dataclasses.replace(small, setting="basic", num_labeled=0, epochs=1)
    run = training.train(config, tmp_path / "run", verbose=0)
    version = export.export_run(run.folder, root=root)
    _, data, model = factory.load_trained(run.folder)
    images = to_unit_range(data.split.images[:9])
    for path in (version, version / contract.LITERT_FILE):
        predictor = prediction.open_predictor(path)
        assert not predictor.has_latent_y
        with pytest.raises(prediction.PredictorError, match="no latent y, so there is nothing to"):
            predictor.predict(images)
        code = predictor.encode(images)
        assert code.keys() == {"z"}
        np.testing.assert_allclose(code["z"], model.encode(images)["z"], atol=1e-4)
    manifest = manifest_of(version)
    assert manifest["class_names"] == [] and manifest["signatures"] == ["encode"]
    assert manifest["agreement"]["litert"]["label_agreement"] is None
    rows = exported_table.table(version).splitlines()  # what the tool prints has no label to count
    assert [row.split()[0] for row in rows[1:3]] == ["saved_model", "litert"]
    assert "%" not in rows[1] and "not calibrated" in rows[3]


def test_labels_alone_have_no_decoder_to_export(small, tmp_path, root):
    config = dataclasses.replace(small, setting="labels-only", epochs=1)
    run = training.train(config, tmp_path / "run", verbose=0)
    with pytest.raises(export.ExportError, match="has no decoder: the setting is labels-only"):
        export.export_run(run.folder, root=root, with_decoder=True)
    assert not root.exists()


@pytest.mark.parametrize("batch_norm", [pytest.param(False, marks=pytest.mark.exhaustive), True])
def test_a_model_trained_in_bfloat16_is_exported_in_float32(small, tmp_path, root, batch_norm):
    changes = {"precision": "bfloat16", "batch_norm": batch_norm, "encoder_average": 0.9}
    run = training.train(dataclasses.replace(small, **changes), tmp_path / "run", verbose=0)
    _, data, model = factory.load_trained(run.folder)
    trained = models.load_model(run.model_file)
    for one, other in zip(model.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert trained.encoder.get_layer("encoder_hidden_0").compute_dtype == "bfloat16"
    networks = [part for part in model.get_config().values() if isinstance(part, keras.Model)]
    assert {layer.compute_dtype for network in networks for layer in network.layers} == {"float32"}
    folder = export.export_run(run.folder, root=root, formats=SAVED_MODEL)  # verified to 1e-4
    manifest = manifest_of(folder)
    assert manifest["agreement"]["saved_model"]["label_agreement"] == 1
    # float32 and bfloat16 of the same weights: three digits
    images = data.split.images[:20]
    in_float32, in_bfloat16 = (inference.encode(m, images)["y"] for m in (model, trained))
    np.testing.assert_allclose(in_float32, in_bfloat16, atol=0.02)
    assert np.any(in_float32 != in_bfloat16)


def test_the_image_is_found_by_its_name_among_an_encoders_inputs(tmp_path):
    built = tiny.encoder(tiny.NUM_CLASSES, posterior="universal")
    image, noise = built.inputs
    parts = tiny.tiny_networks() | {"encoder": keras.Model([noise, image], built.output)}
    model = tiny.tiny_model(parts)
    saved_model.write_saved_model(Signatures(model, ["a", "b", "c"]), tmp_path / "1")
    assert prediction.open_predictor(tmp_path / "1").image_shape == tiny.IMAGE_SHAPE


def test_versions_grow_and_are_never_overwritten(trained, root):
    first = export.export_run(trained.folder, "tiny", 7, SAVED_MODEL, root)
    with pytest.raises(versions.VersionError, match="7 exists, and a version is never overwritten"):
        export.export_run(trained.folder, "tiny", 7, SAVED_MODEL, root)
    before = (first / "saved_model.pb").read_bytes()
    second = export.export_run(trained.folder, "tiny", formats=SAVED_MODEL, root=root)
    assert int(second.name) > 7 and len(second.name) == 14
    assert (first / "saved_model.pb").read_bytes() == before
    assert prediction.open_predictor(root / "tiny").path == second


def test_an_export_that_answers_otherwise_is_not_published(trained, root, monkeypatch):
    honest = prediction.SavedModelPredictor.predict

    def biased(self, images):
        answers = honest(self, images)
        return {**answers, "label": (answers["label"] + 1) % 3}

    monkeypatch.setattr(prediction.SavedModelPredictor, "predict", biased)
    with pytest.raises(export.ExportError, match=r"saved_model does not answer like.*0\.0000%"):
        export.export_run(trained.folder, name="tiny", root=root, formats=SAVED_MODEL)
    assert list((root / "tiny").iterdir()) == []


class Faulty:
    """A predictor whose answers a fault has changed."""

    def __init__(self, path, fault):
        self.honest, self.fault = prediction.open_predictor(path), fault
        self.has_latent_y = True

    def predict(self, images):
        return self.honest.predict(images) | self.fault(self.honest.predict(images))

    def encode(self, images):
        return self.honest.encode(images) | self.fault(self.honest.encode(images))


def changed(name, change):
    return lambda answers: {name: change(answers[name])} if name in answers else {}


def one_label(label):
    label[0] = (label[0] + 1) % 3
    return label


@pytest.mark.parametrize("kind", contract.LITERT_FILES)
def test_wrong_answers_and_numbers_that_are_none_are_refused(exported, kind, monkeypatch):
    """Also where a quantized file may differ: one other of six labels is more than 0.5 %."""
    path = exported.path / contract.LITERT_FILES[kind]
    rows = exported.data.split.validation_rows  # six
    held_out = exported.data.split.images[rows], exported.data.split.labels[rows]
    expected = verification.answers(exported.model, *held_out, 1.0)
    monkeypatch.setitem(contract.SURE_AGREEMENT, "int8", 0.0)
    assert verification.verify("file", prediction.open_predictor(path), expected, kind)["images"]
    for fault, message in (
        (changed("z", lambda z: z * np.nan), "z by inf"),
        (changed("z", lambda z: z + 97), "z by "),
        (changed("probabilities", lambda p: p * np.nan), "probabilities by inf"),
        (changed("label", one_label), r"83\.3333% of the labels agree, 99\.5% must"),
    ):
        message = message.replace("99\\.5", f"{100 * contract.LABEL_AGREEMENT[kind]:.1f}")
        with pytest.raises(export.ExportError, match=f"exported file does not .*{message}"):
            verification.verify("file", Faulty(path, fault), expected, kind)


def test_int8_that_agrees_on_a_few_images_is_not_proven(exported, trained, root):
    """Seven once agreed of a file that agreed on 72 % of the test images."""
    predictor = prediction.open_predictor(exported.path / contract.LITERT_FILES["int8"])
    split = exported.data.split
    rows = np.tile(split.validation_rows, 30)  # which agree, so often as if they were others
    for count, enough in ((7, False), (148, False), (149, True)):
        held_out = split.images[rows[:count]], split.labels[rows[:count]]
        expected = verification.answers(exported.model, *held_out, 1.0)
        if enough:  # 0.05 ** (1 / 149), the share of which so many agree in 5 % of the cases
            found = verification.verify("file", predictor, expected, "int8")
            assert found["label_agreement_at_least"] == pytest.approx(0.9801, abs=1e-4)
        else:
            with pytest.raises(export.ExportError, match=f"on {count} images alone.*too few"):
                verification.verify("file", predictor, expected, "int8")
    with pytest.raises(export.ExportError, match="on 6 images alone, which proves 60.7% and not"):
        export.export_run(trained.folder, "t", None, ["litert"], root, quantize=["int8"])
    assert versions.numbers(root / "t") == []


def test_training_images_are_compared_too_where_others_are_few(exported):
    split = exported.data.split
    used = set(samples.training_order(split)[:20])
    expected = set(split.validation_rows) | (set(split.unlabeled_rows) - used)
    images, _ = verification.held_out(split, 20)
    assert len(images) == len(expected) > 6
    np.testing.assert_array_equal(images[:6], split.images[split.validation_rows])
    rest = split.images[sorted(expected - set(split.validation_rows))]
    np.testing.assert_array_equal(images[6:], rest)


def test_int8_tries_several_samples_and_float_one(trained, root, monkeypatch):
    counts, honest = [], verification.verify
    monkeypatch.setitem(contract.SURE_AGREEMENT, "int8", 0.0)

    def strict(name, predictor, expected, quantization="none"):
        if quantization != "none" and len(counts) < 3:
            raise export.ExportError("not yet")
        return honest(name, predictor, expected, quantization)

    write = litert.write_litert
    monkeypatch.setattr(
        litert, "write_litert", lambda *args: counts.append(len(args[2])) or write(*args)
    )
    monkeypatch.setattr(verification, "verify", strict)
    counts_to_try = "aae_keras.deployment.export.samples.NUM_REPRESENTATIVE"
    monkeypatch.setattr(counts_to_try, (10, 20, 5, 3))
    version = export.export_run(trained.folder, "t", None, ["litert"], root, quantize=["int8"])
    assert counts == [10, 20, 5] and (version / contract.LITERT_FILES["int8"]).exists()
    counts.clear()
    with pytest.raises(export.ExportError, match="not yet"):
        export.export_run(trained.folder, "t", None, ["litert"], root, quantize=["float16"])
    assert counts == [10]


def test_a_signature_that_fails_is_not_published(trained, root, monkeypatch):
    monkeypatch.setattr(Signatures, "reconstruct", lambda self, image: {"image": image / 0.0})
    with pytest.raises(export.ExportError, match="reconstruct does not give one row of numbers"):
        export.export_run(trained.folder, "t", None, SAVED_MODEL, root, with_decoder=True)
    monkeypatch.undo()
    wrong = Signatures.classify
    monkeypatch.setattr(
        Signatures, "classify_bytes", lambda self, image_bytes: wrong(self, tf.zeros((1, 6, 5, 1)))
    )
    with pytest.raises(export.ExportError, match="classify_bytes"):
        export.export_run(trained.folder, "t", None, SAVED_MODEL, root)
    assert versions.numbers(root / "t") == []


def test_labels_that_are_not_of_validation_are_not_calibrated_on(small, tmp_path, root):
    """Neither those that training saw nor those withheld from it."""
    config = dataclasses.replace(small, validation_size=0, epochs=1)
    run = training.train(config, tmp_path / "run", verbose=0)
    version = export.export_run(run.folder, "t", None, SAVED_MODEL, root, with_decoder=True)
    manifest = manifest_of(version)
    assert "0 labelled validation images" in manifest["calibration"]["note"]
    assert manifest["novelty_quantiles"] == {}
    assert manifest["agreement"]["saved_model"]["images"] > 20  # compared on training images


def test_a_server_is_not_given_a_version_that_it_cannot_load(trained, root):
    export.export_run(trained.folder, "tiny", None, SAVED_MODEL, root)
    with pytest.raises(export.ExportError, match="one without a SavedModel would fail there"):
        export.export_run(trained.folder, "tiny", None, ["litert"], root)


def test_formats(trained, root):
    only = export.export_run(trained.folder, name="edge", formats=["litert"], root=root)
    files = {str(path.relative_to(only)) for path in only.rglob("*") if path.is_file()}
    assert files == {"README.md", "litert/encoder.tflite", "assets.extra/manifest.json"}
    assert isinstance(prediction.open_predictor(root / "edge"), prediction.LiteRTPredictor)
    both = export.export_run(trained.folder, name="server", formats=SAVED_MODEL, root=root)
    assert not (both / "litert").exists()
    with pytest.raises(export.ExportError, match="`formats` must be of .* Received: tflite"):
        export.export_run(trained.folder, formats=["tflite"], root=root)
    with pytest.raises(export.ExportError, match="`quantize` must be of .* Received: int4"):
        export.export_run(trained.folder, quantize=["int4"], root=root)


def test_a_missing_package_is_said_before_anything_is_written(trained, root, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    monkeypatch.setattr(factory, "load_trained", None)  # a call of it would raise TypeError
    with pytest.raises(export.ExportError, match=r"onnx needs packages .* pip install .*onnx"):
        export.export_run(trained.folder, "late", formats=["litert", "onnx"], root=root)
    assert not (root / "late").exists()


def test_onnx_answers_alike_with_names_of_its_own(trained, root, images):
    pytest.importorskip("onnxruntime", reason="an extra: requirements-onnx.txt")
    pytest.importorskip("tf2onnx", reason="an extra: requirements-onnx.txt")
    version = export.export_run(trained.folder, "tiny", formats=["onnx"], root=root)
    predictor = prediction.open_predictor(version)
    assert isinstance(predictor, prediction.OnnxPredictor)
    answers = predictor.predict(to_unit_range(images))
    expected = inference.encode(models.load_model(trained.model_file), images)
    np.testing.assert_array_equal(answers["label"], expected["y_logits"].argmax(axis=1))
    np.testing.assert_allclose(answers["probabilities"], expected["y"], atol=1e-6)
    assert answers["class_name"].tolist() == [str(label) for label in answers["label"]]
    bad = version / "bad.onnx"
    bad.write_bytes(b"no model")
    with pytest.raises(prediction.PredictorError, match="bad.onnx: not a readable ONNX file"):
        prediction.open_predictor(bad)
