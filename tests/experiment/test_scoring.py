"""Which scores a setting gets, and that they are of the right images."""

import dataclasses

import numpy as np
import pytest

from aae_keras import metrics, models
from aae_keras.experiment.building import factory
from aae_keras.experiment.scores import scoring
from aae_keras.experiment.scores.outputs import Outputs, apply_model
from aae_keras.experiment.scores.scoring import scores
from aae_keras.models import LatentY
from tests import tiny
from tests.tiny import SETTINGS, encoder

ALWAYS = {"reconstruction_error", "mmd", "mmd_of_prior", "ks", "label_probe_accuracy"}
CLASSES = {"error_rate", "ece", "brier"}
CLUSTERS = {
    "error_rate_paper_rule", "error_rate_majority", "error_rate_hungarian", "nmi", "ami", "ari",
    "clusters_used",
}  # fmt: skip
LIKELIHOOD = {"log_likelihood", "log_likelihood_stderr", "parzen_width", "parzen_samples"}


@pytest.mark.parametrize(
    "setting, own",
    [
        ("semi-supervised", CLASSES),
        ("dimensionality-reduction", CLASSES),
        ("clustering", CLUSTERS),
        ("dimensionality-reduction-without-labels", CLUSTERS),
        ("basic", LIKELIHOOD),
        ("supervised", set()),
        ("label-informed", {"component_accuracy"}),
    ],
)
def test_each_setting_gets_the_scores_that_fit(setting, own, images, labels, monkeypatch):
    monkeypatch.setattr(scoring, "PARZEN_SAMPLES", 1000)
    model = SETTINGS[setting]()
    outputs = apply_model(model, images, labels)
    result = scores(model, outputs, outputs)
    assert result.keys() == ALWAYS | own
    assert np.isfinite(list(result.values())).all()


def test_labels_only_has_neither_decoder_nor_prior(images, labels):
    model = models.LabelsOnly(encoder(3))
    outputs = apply_model(model, images, labels)
    assert scores(model, outputs, outputs).keys() == CLASSES


def test_scores_agree_with_keras(model, images, labels):
    outputs = apply_model(model, images, labels)
    result = scores(model, outputs, outputs)
    logs = model.evaluate(images, labels, batch_size=60, return_dict=True, verbose=0)
    np.testing.assert_allclose(result["error_rate"], logs["error_rate"], rtol=1e-6)
    np.testing.assert_allclose(
        result["reconstruction_error"], logs["reconstruction_loss"], rtol=1e-5
    )


def test_images_without_a_label_count_where_no_label_is_needed(model, images, labels):
    some, known = np.where(labels == 0, -1, labels), labels != 0
    partly, alone, nothing = (
        scores(model, outputs, outputs)
        for outputs in (
            apply_model(model, images, some),
            apply_model(model, images[known], labels[known]),
            apply_model(model, images, labels * 0 - 1),
        )
    )
    assert partly["error_rate"] == alone["error_rate"]
    assert partly["reconstruction_error"] != alone["reconstruction_error"]
    assert nothing.keys() == ALWAYS - {"label_probe_accuracy"}
    assert scores(model, apply_model(model, images[:0], labels[:0]), None) == {}


def test_a_supervised_model_decodes_with_the_true_label(images, labels):
    model = SETTINGS["supervised"]()
    some = np.where(labels == 0, -1, labels)
    outputs = apply_model(model, images, some)
    assert (
        np.isnan(outputs.errors[labels == 0]).all()
        and np.isfinite(outputs.errors[labels > 0]).all()
    )
    other_labels = apply_model(model, images, np.where(labels == 0, -1, 3 - labels))
    assert np.all(other_labels.errors[labels > 0] != outputs.errors[labels > 0])


def test_clusters_are_named_on_validation_and_scored_on_test(images, labels):
    model = SETTINGS["clustering"]()
    validation = apply_model(model, images[:30], labels[:30])
    test = apply_model(model, images[30:], labels[30:])
    expected = metrics.clusters.error_rates(
        (labels[:30], validation.code["y"]), (labels[30:], test.code["y"])
    )
    result = scores(model, test, validation)
    assert expected.items() <= result.items()


def test_a_likelihood_without_a_width_is_left_out_and_says_so(images, labels, monkeypatch, caplog):
    monkeypatch.setattr(scoring, "PARZEN_SAMPLES", 1000)
    monkeypatch.setattr(scoring, "PARZEN_WIDTHS", np.array([1e-3, 2e-3, 3e-3]))
    model = SETTINGS["basic"]()
    outputs = apply_model(model, images, labels)
    assert not LIKELIHOOD & scores(model, outputs, outputs).keys()
    assert "on the edge of the grid" in caplog.text


@pytest.mark.parametrize("setting", ["clustering", "basic"])
def test_nothing_is_fitted_on_test_images_where_there_is_no_validation(setting, images, labels):
    model = SETTINGS[setting]()
    result = scores(model, apply_model(model, images, labels), None)
    fitted = {"label_probe_accuracy", *LIKELIHOOD, *(k for k in CLUSTERS if "error" in k)}
    assert not result.keys() & fitted
    assert ("nmi" in result) == (setting == "clustering")


def test_clusters_used_need_no_labels(images, labels):
    model = SETTINGS["clustering"]()
    outputs = apply_model(model, images, labels * 0 - 1)
    result = scores(model, outputs, outputs)
    assert result["clusters_used"] == len(np.unique(outputs.code["y"].argmax(axis=1)))


def test_a_posterior_is_compared_with_its_prior_as_it_is_drawn(images, labels):
    """With mean 0 and variance 25 for every image q(z) is p(z), which no single mean would be."""
    model = SETTINGS["basic-gaussian"]()
    for name, value in (("z_mean", 0.0), ("z_log_var", np.log(25.0))):
        head = model.encoder.get_layer(name)
        head.set_weights([0 * head.get_weights()[0], 0 * head.get_weights()[1] + value])
    outputs = apply_model(model, np.tile(images, (10, 1, 1, 1)), np.tile(labels, 10))
    result = scores(model, outputs, None)
    assert result["mmd"] < 0.01 and result["ks"] < 0.12
    np.testing.assert_array_equal(outputs.code["z"], 0)


def test_generated_images_are_judged_by_the_labelled_training_images(small):
    split = factory.load_data(small).split
    model = SETTINGS["supervised"]()
    accuracy = scoring.generated_accuracy(model, split)
    assert 0 <= accuracy["generated_accuracy"] <= 1
    one_class = dataclasses.replace(split, labels=np.where(split.labels == 0, 0, -1))
    assert scoring.generated_accuracy(model, one_class) == {}
    few = np.where(np.arange(len(split.labels)) < 15, split.labels, -1)
    assert scoring.generated_accuracy(model, dataclasses.replace(split, labels=few)) == {}
    assert scoring.generated_accuracy(SETTINGS["basic"](), split) == {}


def test_a_cluster_is_to_show_the_class_that_is_most_frequent_in_it(small, monkeypatch):
    """A decoder that draws the class of each cluster is right, one that draws another wrong."""
    split = factory.load_data(small).split
    model = SETTINGS["clustering"]()
    rows = np.flatnonzero(split.labels >= 0)
    cluster_of_class = np.array([3, 0, 2])  # the second cluster stays empty
    y = np.eye(4)[cluster_of_class[split.labels[rows]]]
    validation = Outputs(split.images[rows], split.labels[rows], {"y": y}, y, None)

    def draw(model, code, shift=0):
        clusters = code["y"].argmax(axis=1)
        assert set(clusters) == {0, 2, 3}
        classes = (np.array([1, -1, 2, 0])[clusters] + shift) % 3
        examples = [split.images[rows[split.labels[rows] == k]][0] for k in range(3)]
        return np.stack(examples)[classes] / np.float32(255)

    monkeypatch.setattr(scoring, "decode", draw)
    assert scoring.generated_accuracy(model, split, validation)["generated_accuracy"] == 1
    monkeypatch.setattr(scoring, "decode", lambda model, code: draw(model, code, shift=1))
    assert scoring.generated_accuracy(model, split, validation)["generated_accuracy"] == 0
    assert scoring.generated_accuracy(model, split) == {}


def test_clusters_without_labels_keep_their_numbers():
    names = scoring.cluster_names(("cat", "dog"), np.array([1, -1, 0]))
    assert names == ["dog", "cluster-01", "cat"]


@pytest.mark.parametrize("name", tiny.EVERY_SETTING)
def test_categories_stand_for_classes(name, random):
    """A cluster for the class most frequent in it: of three images in the first, two are of 1."""
    model = tiny.EVERY_SETTING[name]()
    found = scoring.class_of_categories(model, None)
    assert len(found) == model.categories
    if model.latent_y in (LatentY.CLASS, LatentY.GIVEN):
        assert list(found) == [0, 1, 2]
        return
    assert set(found) <= {-1}
    if model.latent_y == LatentY.CLUSTER:
        y = np.eye(model.categories, dtype="float32")[[0, 0, 0, 1]]
        images, labels = np.zeros((4, 2, 2, 1), "uint8"), np.array([1, 1, 0, -1])
        outputs = Outputs(images, labels, {"y": y}, y, None)
        expected = [1] + [-1] * (model.categories - 1)
        assert list(scoring.class_of_categories(model, outputs)) == expected


def test_two_labels_are_as_far_apart_as_two_styles_are_on_average(random):
    z = random.normal([0, 5], [1, 3], (40, 2)).astype("float32")
    y = np.eye(3, dtype="float32")[random.integers(0, 3, 40)]
    images, labels = np.zeros((40, 2, 2, 1), "uint8"), np.full(40, -1)
    space = Outputs(images, labels, {"y": y, "z": z}, z, None).whole_code
    of_styles = np.mean([np.sum((a - b) ** 2) for a in z for b in z])
    of_labels = np.array([[np.sum((a - b) ** 2) for a in space[:, :3]] for b in space[:, :3]])
    np.testing.assert_allclose(of_labels, of_styles * (1 - y @ y.T), rtol=1e-5)
    np.testing.assert_array_equal(space[:, 3:], z)
    alone = Outputs(images, labels, {"y": y, "z": 0 * z}, z, None).whole_code
    np.testing.assert_array_equal(alone[:, :3], y)
