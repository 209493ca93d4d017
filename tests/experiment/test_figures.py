import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from aae_keras import metrics, plots
from aae_keras.experiment.building import factory
from aae_keras.experiment.learning import training
from aae_keras.experiment.pictures import figures, projector
from aae_keras.experiment.scores.outputs import apply_model
from tests.plots.shown import points_by_colour
from tests.tiny import ENCODER_ALONE, SETTINGS

HISTORY = [
    {
        "epoch": epoch,
        "reconstruction_loss": 9.0 / epoch,
        "val_reconstruction_loss": 10.0 / epoch,
        "discriminator_cat_loss": 1.3,
        "discriminator_gauss_loss": 1.2,
        "generator_cat_loss": 0.7,
        "generator_gauss_loss": 0.8,
        "classification_loss": 0.1,
        "error_rate": 0.01,
        "val_error_rate": 0.05,
    }
    for epoch in (1, 2, 3)
]


def test_learning_curves_show_each_discriminator_alone():
    panels = {axes.get_title(): axes for axes in plots.learning_curves(HISTORY, "unit").axes}
    assert list(panels) == [
        "Reconstruction", "Classification", "Error", "Discriminators", "Encoder as generator",
    ]  # fmt: skip
    lines = panels["Discriminators"].get_lines()
    assert [line.get_ydata()[0] for line in lines] == [1.3, 1.2, 2 * math.log(2)]
    assert panels["Error"].get_lines()[1].get_ydata()[0] == 5.0  # per cent, and says so
    assert panels["Error"].get_ylabel() == "% of images"
    assert panels["Reconstruction"].get_ylabel() == "unit"
    assert all(axes.get_xlabel() == "epoch" for axes in panels.values())


def test_an_addition_and_its_validation_are_told_apart():
    rows = [
        {"epoch": n, "conditional_entropy": 2.0 / n, "val_conditional_entropy": 1.0 / n, "stage": 2}
        for n in (1, 2)
    ]
    (axes,) = plots.learning_curves(rows).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["conditional entropy", "conditional entropy, validation"]


def test_every_addition_has_a_line_of_its_own():
    rows = [{"epoch": n} | {f"term_{k}": k / n for k in range(14)} for n in (1, 2)]
    (axes,) = plots.learning_curves(rows).axes
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.get_lines()}
    assert len(axes.get_lines()) == len(looks) == 14  # four more than there are colours


def test_learning_curves_of_labels_only_leave_out_what_there_is_not():
    rows = [{"epoch": 1, "classification_loss": 0.3, "error_rate": 0.1}]
    titles = [axes.get_title() for axes in plots.learning_curves(rows).axes]
    assert titles == ["Classification", "Error"]


@pytest.mark.parametrize("channels", [1, 3])
def test_image_grid_puts_each_image_in_its_place(random, channels):
    images = random.random((2, 3, 4, 5, channels))
    axes = plots.image_grid(images, ["a", "b"], ["x", "y", "z"], "title").axes[0]
    sheet = axes.get_images()[0].get_array()
    tile = sheet[5:9, 6:11]  # second row, second column; one pixel between images
    np.testing.assert_allclose(tile.reshape(images[1, 1].shape), images[1, 1])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["x", "y", "z"]


def test_confusion_matrix_writes_the_counts():
    axes = plots.confusion_matrix(np.array([[5, 1], [0, 4]]), ["cat", "dog"]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["5", "1", "4"]
    assert axes.get_title() == "1 of 10 held-out images wrong"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


def test_histograms_count_every_image(random):
    y = random.dirichlet([0.3] * 4, 200)
    axes = plots.max_y_histogram(y).axes[0]
    assert sum(patch.get_height() for patch in axes.patches) == 200
    z, prior = random.normal(size=500), random.normal(size=2000)
    axes = plots.z_histogram(z, prior, 3).axes[0]
    area = sum(patch.get_height() * patch.get_width() for patch in axes.patches[:-1])
    np.testing.assert_allclose(area, 1)
    assert axes.get_xlabel() == "z[3]"
    axes = plots.predicted_labels(y, list("abcd")).axes[0]
    assert [patch.get_height() for patch in axes.patches] == np.bincount(y.argmax(1)).tolist()
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), y.sum(axis=0))
    assert axes.get_lines()[1].get_ydata()[0] == 50


OF_ANY = {"learning_curves"}
OF_Y = {"max_y", "predicted_labels"}
OF_DECODER = {"z_histogram", "reconstructions"}
OF_CATEGORIES = {"styles_by_label", "latent_roles", "modes_and_samples", "learned_modes"}


def test_a_run_gets_its_pictures_with_its_revision(trained):
    paths = figures.plot_run(trained.folder)
    assert {path.stem for path in paths} == (
        OF_ANY | OF_Y | OF_DECODER | OF_CATEGORIES | {"codes", "confusion_matrix"}
    )
    for path in paths:
        with Image.open(path) as picture:
            assert min(picture.size) > 150 and len(np.unique(picture)) > 20


def test_labels_only_gets_the_pictures_that_fit(small, tmp_path):
    small = dataclasses.replace(small, setting="labels-only", epochs=1)
    run = training.train(small, tmp_path / "run", verbose=0)
    names = {path.stem for path in figures.plot_run(run.folder)}
    assert names == OF_ANY | OF_Y | {"confusion_matrix"}


def test_without_validation_there_is_still_something_to_see(small, tmp_path):
    small = dataclasses.replace(small, validation_size=0, epochs=1)
    run = training.train(small, tmp_path / "run", verbose=0)
    names = {path.stem for path in figures.plot_run(run.folder)}
    assert names == OF_ANY | OF_CATEGORIES


@pytest.mark.parametrize(
    "setting, expected",
    [
        ("clustering", OF_Y | OF_CATEGORIES | {"codes", "clusters_by_class"}),
        (
            "clustering-with-everything",
            OF_Y | OF_CATEGORIES | {"codes", "clusters_by_class"},
        ),
        (
            "dimensionality-reduction",
            OF_Y | OF_CATEGORIES | {"codes", "confusion_matrix", "cluster_heads", "manifold"},
        ),
        (
            "dimensionality-reduction-without-labels",
            OF_Y | OF_CATEGORIES | {"codes", "clusters_by_class", "cluster_heads", "manifold"},
        ),
        ("basic", {"codes", "manifold"}),
        ("label-informed", {"codes", "manifold"}),
        ("supervised", OF_CATEGORIES | {"codes"}),
    ],
)
def test_each_setting_gets_the_pictures_that_fit(setting, expected, small):
    pictures = figures.figures_of(SETTINGS[setting](), factory.load_data(small), with_tsne=False)
    assert pictures.keys() == OF_DECODER | expected


def test_clusters_alone_get_the_pictures_that_fit_and_no_names_of_classes(small):
    model, data = ENCODER_ALONE["clusters-only"](), factory.load_data(small)
    pictures = figures.figures_of(model, data, with_tsne=False)
    assert pictures.keys() == OF_Y | {"clusters_by_class"}
    assert figures.category_names(model, data, None) == ["00", "01", "02", "03"]


def test_tsne_keeps_the_classes_of_far_codes_apart(labels):
    codes = np.random.default_rng(0).normal(size=(60, 4)) + 50 * np.eye(4)[labels]
    axes = figures._tsne_figure(codes, labels, ["a", "b", "c"]).axes[0]
    classes = points_by_colour(axes).values()
    centres = np.array([points.mean(axis=0) for points in classes])
    spread = max(points.std(axis=0).max() for points in classes)
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=-1)[np.triu_indices(3, 1)]
    assert gaps.min() > 3 * spread


def test_clusters_are_named_with_the_class_most_frequent_in_them(small):
    model, data = SETTINGS["clustering"](), factory.load_data(small)
    rows = data.split.validation_rows
    outputs = apply_model(model, data.split.images[rows], data.split.labels[rows])
    rule = metrics.clusters.majority_rule(outputs.labels, outputs.code["y"])
    expected = [
        f"{cluster:02d}: {label}" if label >= 0 else f"{cluster:02d}"
        for cluster, label in enumerate(rule)
    ]
    assert figures.category_names(model, data, outputs) == expected
    assert figures.category_names(SETTINGS["basic"](), data, outputs) == ["0", "1", "2"]


def test_pictures_are_plotted_while_training(small, tmp_path):
    small = dataclasses.replace(small, draw_every=2, epochs=3)
    run = training.train(small, tmp_path / "run", verbose=0)
    assert (run.figures / "reconstructions.png").exists()
    (events,) = (run.logs / "figures").iterdir()
    tags = {
        (value.tag, event.step)
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    }
    assert ("reconstructions", 2) in tags and ("learning_curves", 2) in tags
    assert {step for _, step in tags} == {2}


def test_a_picture_that_fails_does_not_end_a_training(small, tmp_path, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise ValueError("too large")

    monkeypatch.setattr(figures, "figures_of", fail)
    small = dataclasses.replace(small, draw_every=1, epochs=2)
    run = training.train(small, tmp_path / "run", verbose=0)
    assert run.model_file.exists()
    assert "The pictures of epoch 2 failed: too large" in caplog.text


def test_the_revision_stands_below_the_names_of_the_axes(trained):
    names = [f"a long name {n}" for n in range(12)]
    figure = plots.predicted_labels(np.full((5, 12), 1 / 12), names)
    figures.save(trained, "labels", figure)
    (axes,), (caption,) = figure.axes, figure.texts
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert axes.get_tightbbox(renderer).y0 > caption.get_window_extent(renderer).y1


def test_the_projector_gets_vectors_labels_and_images(trained):
    _, data, model = factory.load_trained(trained.folder)
    projector.write(trained.logs, model, data)
    folder = trained.logs / "validation"
    assert list(folder.glob("events.*"))  # or TensorBoard would not look there
    rows = len(data.split.validation_rows)
    assert np.loadtxt(folder / "z.tsv").shape == (rows, 2)
    assert len((folder / "labels.tsv").read_text().split()) == rows
    with Image.open(folder / "images.png") as sheet:
        assert sheet.size == (3 * 5, 3 * 6)  # six images in a square of three by three
    text = (folder / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "y.tsv"' in text and "single_image_dim: 5" in text


@pytest.mark.parametrize("channels, count", [(1, 30), (3, 30)])
def test_grids_scale_to_many_clusters_and_to_colour(random, channels, count):
    images = random.random((count, 8, 8, channels))
    axes = plots.modes(images, [str(n) for n in range(count)]).axes
    assert len(axes) == count
    np.testing.assert_array_equal(
        np.asarray(axes[7].get_images()[0].get_array()).reshape(images[7].shape), images[7]
    )
    grid = random.random((count, 9, 8, 8, channels))
    sheet = plots.latent_roles(grid, [str(n) for n in range(count)], np.arange(9.0))
    assert sheet.get_size_inches()[1] > 15


def test_codes_far_from_the_prior_stay_in_the_picture(random):
    """A few codes among 20 000 samples: no quantile of both together would show them."""
    codes = 100 + random.random((15, 2))
    prior = random.normal(size=(20_000, 2))
    axes = plots.codes_over_prior(codes, np.zeros(15, int), ["a"], prior, "title").axes[0]
    for low, high in (axes.get_xlim(), axes.get_ylim()):
        assert low < -2 and high > 101


@pytest.mark.parametrize("shape", [(1, 28, 1), (28, 1, 3), (1, 1, 1)])
def test_images_one_pixel_high_or_wide_are_plotted(shape, tmp_path):
    images = np.zeros((2, 3, *shape))
    assert plots.image_grid(images, ["a", "b"], ["x", "y", "z"], "title").axes
    assert plots.modes(images[0], ["x", "y", "z"]).axes
    projector.write_sheet(tmp_path / "sheet.png", images[0].astype("uint8"), 2)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (2 * shape[1], 2 * shape[0])


def test_pictures_of_hundreds_of_classes_can_be_opened():
    names = [str(n) for n in range(200)]
    grid = plots.image_grid(np.zeros((200, 2, 2, 2, 1)), names, ["x", "y"], "title")
    assert grid.axes[0].get_title() == "title (60 of 200 rows)"
    counts = np.ones((200, 200), int)
    plotted = [grid, plots.modes(np.zeros((200, 2, 2, 1)), names)]
    plotted += [
        plots.confusion_matrix(counts, names),
        plots.clusters_by_class(counts, names, names),
    ]
    plotted += [plots.predicted_labels(np.full((5, 200), 1 / 200), names)]
    assert max(max(figure.get_size_inches()) for figure in plotted) < 50
    assert not plotted[2].axes[0].texts
