import dataclasses
import math

import numpy as np
import pytest
from PIL import Image

from aae_keras import figures, plots, training

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
    z = random.normal(size=500)
    axes = plots.z_histogram(z, lambda grid: np.full_like(grid, 0.25), 3).axes[0]
    area = sum(patch.get_height() * patch.get_width() for patch in axes.patches)
    np.testing.assert_allclose(area, 1)
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), 0.25)
    assert axes.get_xlabel() == "z[3]"


def test_a_run_gets_its_pictures_with_its_revision(trained):
    paths = figures.draw_run(trained.folder)
    assert {path.stem for path in paths} == {
        "learning_curves", "max_y", "z_histogram", "reconstructions", "styles_by_label",
        "confusion_matrix",
    }  # fmt: skip
    for path in paths:
        with Image.open(path) as picture:
            assert min(picture.size) > 150 and len(np.unique(picture)) > 20


def test_labels_only_gets_the_pictures_that_fit(small, tmp_path):
    small = dataclasses.replace(small, setting="labels-only", epochs=1)
    run = training.train(small, tmp_path / "run", verbose=0)
    names = {path.stem for path in figures.draw_run(run.folder)}
    assert names == {"learning_curves", "max_y", "confusion_matrix"}


def test_without_validation_there_is_still_something_to_see(small, tmp_path):
    small = dataclasses.replace(small, validation_size=0, epochs=1)
    run = training.train(small, tmp_path / "run", verbose=0)
    names = {path.stem for path in figures.draw_run(run.folder)}
    assert names == {"learning_curves", "styles_by_label"}
