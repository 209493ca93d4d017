"""Thousands of classes: pictures that open, and say what they leave out."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from aae_keras import plots
from aae_keras.plots import style

COUNT = 5000
NAMES = [f"class {number}" for number in range(COUNT)]
STEP = 84  # the least that leaves 60 names or fewer
COUNTS = np.zeros((COUNT, COUNT), "uint8")
COUNTS[7, 8] = 1


def written(figure):
    """How much is written and drawn one by one in a figure, once it has been drawn."""
    figure.set_dpi(20)  # this test reads nothing of it
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    ticks = [len(axis.get_ticklabels()) for axis in (axes.xaxis, axes.yaxis)]
    return max(ticks) + len(axes.patches) + len(axes.texts)


@pytest.mark.parametrize(
    "plot",
    [
        lambda: plots.predicted_labels(np.full((3, COUNT), 1 / COUNT, "float32"), NAMES),
        lambda: plots.confusion_matrix(COUNTS, NAMES),
        lambda: plots.clusters_by_class(COUNTS, NAMES, NAMES),
    ],
)
def test_axes_name_one_in_so_many_and_say_so(plot):
    figure = plot()
    assert written(figure) <= style.MOST + 5 and max(figure.get_size_inches()) <= 24
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_xticklabels()]
    assert names == NAMES[::STEP] and list(axes.get_xticks()) == list(range(0, COUNT, STEP))
    assert axes.get_xlabel().endswith(f"(one name in {STEP})")


def test_a_cell_among_millions_is_still_seen():
    axes = plots.confusion_matrix(COUNTS, NAMES).axes[0]
    (image,) = axes.images
    shaded = image.get_array()
    assert shaded.shape == (1000, 1000) and np.argwhere(shaded).tolist() == [[1, 1]]
    assert image.get_extent() == [-0.5, COUNT - 0.5, COUNT - 0.5, -0.5]


def test_names_on_points_are_sought_for_the_largest_classes_alone(random):
    codes, labels = random.normal(size=(2 * COUNT, 2)), np.arange(2 * COUNT) % COUNT
    labels[:300] = 7
    figure = plots.codes_over_prior(codes, labels, NAMES, codes[:9], "title")
    *names, note = (text.get_text() for text in figure.axes[0].texts)
    assert "class 7" in names and len(names) <= 200
    assert note == f"Names of {len(names)} of {COUNT} classes"


def test_a_name_is_written_letter_by_letter():
    """As a formula it would be drawn in other letters, or end in an error."""
    names = ["$\\frac$", "a_$b$"]
    image = np.ones((2, 4, 4, 1))
    for figure in (
        plots.predicted_labels(np.eye(2), names),
        plots.confusion_matrix(np.eye(2), names),
        plots.clusters_by_class(np.eye(2), names, names),
        plots.reconstructions(image, image, names),
        plots.modes(image, names),
        plots.sheet(image, 2, names[0]),
    ):
        FigureCanvasAgg(figure).draw()


def test_letters_that_no_font_has_are_known_and_warned_of_once():
    """A private letter, which no font may have."""
    assert style.unwritable(["cat", "Größe", "кот", "\ue123x"]) == ["\ue123x"]
    points = np.random.default_rng(0).normal(size=(40, 2))
    with style.with_boxes():  # warnings are errors here
        figure = plots.tsne(points, np.arange(40) % 2, ["cat", "\ue123x"])
        FigureCanvasAgg(figure).draw()


def test_fonts_that_are_there_lend_their_letters(monkeypatch):
    monkeypatch.setattr(
        style.font_manager, "get_font_names", lambda: ["Noto Sans CJK JP", "DejaVu Sans", "Comic"]
    )
    style.families.cache_clear()
    try:
        assert style.families() == ["DejaVu Sans", "Noto Sans CJK JP"]
        with style.with_boxes():
            figure = plots.tsne(np.eye(2), np.arange(2), ["a", "b"])
        shown = [text.get_fontfamily() for text in figure.axes[0].texts]
        assert shown and all("Noto Sans CJK JP" in families for families in shown)
    finally:
        style.families.cache_clear()
