"""Which scores a setting gets, and that they are of the right images."""

import numpy as np
import pytest

from aae_keras import metrics, models, scoring
from aae_keras.scoring import scores, see
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
        ("supervised", {"generated_accuracy"}),
        ("label-informed", {"component_accuracy"}),
    ],
)
def test_each_setting_gets_the_scores_that_fit(setting, own, images, labels, monkeypatch):
    monkeypatch.setattr(scoring, "PARZEN_SAMPLES", 1000)
    model = SETTINGS[setting]()
    found = scores(model, see(model, images, labels), real=(labels, images))
    assert found.keys() == ALWAYS | own
    assert np.isfinite(list(found.values())).all()


def test_labels_only_has_neither_decoder_nor_prior(images, labels):
    model = models.LabelsOnly(encoder(3))
    assert scores(model, see(model, images, labels)).keys() == CLASSES


def test_scores_agree_with_keras(model, images, labels):
    found = scores(model, see(model, images, labels))
    logs = model.evaluate(images, labels, batch_size=60, return_dict=True, verbose=0)
    np.testing.assert_allclose(found["error_rate"], logs["error_rate"], rtol=1e-6)
    np.testing.assert_allclose(
        found["reconstruction_error"], logs["reconstruction_loss"], rtol=1e-5
    )


def test_images_without_a_label_count_where_no_label_is_needed(model, images, labels):
    some, known = np.where(labels == 0, -1, labels), labels != 0
    partly = scores(model, see(model, images, some))
    alone = scores(model, see(model, images[known], labels[known]))
    assert partly["error_rate"] == alone["error_rate"]
    assert partly["reconstruction_error"] != alone["reconstruction_error"]
    nothing = scores(model, see(model, images, labels * 0 - 1))
    assert nothing.keys() == ALWAYS - {"label_probe_accuracy"}
    assert scores(model, see(model, images[:0], labels[:0])) == {}


def test_a_supervised_model_decodes_with_the_true_label(images, labels):
    model = SETTINGS["supervised"]()
    some = np.where(labels == 0, -1, labels)
    seen = see(model, images, some)
    assert np.isnan(seen.errors[labels == 0]).all() and np.isfinite(seen.errors[labels > 0]).all()
    turned = see(model, images, np.where(labels == 0, -1, 3 - labels))
    assert np.all(turned.errors[labels > 0] != seen.errors[labels > 0])


def test_clusters_are_named_on_validation_and_scored_on_test(images, labels):
    model = SETTINGS["clustering"]()
    validation = see(model, images[:30], labels[:30])
    test = see(model, images[30:], labels[30:])
    expected = metrics.clusters.error_rates(
        (labels[:30], validation.code["y"]), (labels[30:], test.code["y"])
    )
    found = scores(model, test, validation)
    assert expected.items() <= found.items()


def test_a_likelihood_without_a_width_is_left_out_and_says_so(images, labels, monkeypatch, caplog):
    monkeypatch.setattr(scoring, "PARZEN_SAMPLES", 1000)
    monkeypatch.setattr(scoring, "PARZEN_WIDTHS", np.array([1e-3, 2e-3, 3e-3]))
    model = SETTINGS["basic"]()
    assert not LIKELIHOOD & scores(model, see(model, images, labels)).keys()
    assert "on the edge of the grid" in caplog.text
