"""Points by class: their colours, and where the names of the classes stand."""

import itertools

import numpy as np
import pytest

from aae_keras import plots
from aae_keras.plots import scatter, style
from tests.plots.shown import boxes_of_names, points_by_colour


@pytest.fixture
def clusters(random):
    """A function of a number of classes: their codes, each class around a place of its own."""

    def make(count, size=3000, apart=10.0):
        labels = np.arange(size) % count
        return apart * random.normal(size=(count, 2))[labels] + random.normal(
            size=(size, 2)
        ), labels

    return make


def over_prior(codes, labels, names):
    return plots.codes_over_prior(codes, labels, names, codes, "title")


def numbered(count):
    return [str(n) for n in range(count)]


def middle(box):
    return (box[:2] + box[2:]) / 2


def overlapping(boxes):
    pairs = itertools.combinations(boxes.values(), 2)
    return sum((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all() for a, b in pairs)


@pytest.mark.parametrize("plot", [over_prior, plots.tsne])
def test_points_have_the_colour_of_their_class(plot, random):
    codes, labels = random.normal(size=(200, 2)), random.integers(-1, 3, 200)
    axes = plot(codes, labels, ["a", "b", "c"]).axes[0]
    shown = points_by_colour(axes)
    for label, colour in enumerate((*style.COLOURS[:3], style.NO_LABEL)):
        expected = codes[labels == (label if label < 3 else -1)]
        np.testing.assert_array_equal(np.sort(shown[colour], axis=0), np.sort(expected, axis=0))
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["no label", "a", "b", "c"]
    assert {text.get_text() for text in axes.texts} == {"a", "b", "c"}


@pytest.mark.parametrize("plot", [over_prior, plots.tsne])
def test_without_labels_all_is_grey_and_nothing_is_named(plot, random):
    axes = plot(random.normal(size=(50, 2)), np.full(50, -1), ["a", "b"]).axes[0]
    assert points_by_colour(axes).keys() == {style.NO_LABEL}
    assert axes.get_legend() is None and not axes.texts


def test_no_class_hides_the_others(clusters):
    """The rows of a folder stand class by class, and what is drawn last lies on top."""
    codes, labels = clusters(2, 1000)
    order = np.argsort(labels, kind="stable")
    (points,) = over_prior(codes[order], labels[order], ["a", "b"]).axes[0].collections
    below, above = np.split(points.get_facecolors()[:, 0], 2)
    assert abs(below.mean() - above.mean()) < 0.1 * np.ptp(points.get_facecolors()[:, 0])


@pytest.mark.parametrize(
    "count, diameter, opacity",
    [(50, 6, 0.9), (1000, 6, 0.85), (5000, 3.46, 0.65), (100_000, 3, 0.6)],
)
def test_points_are_large_and_let_others_show_through(count, diameter, opacity, random):
    """Points 3.46/72 inch wide: 5000 of them would cover a third of a square of five inches."""
    codes = random.normal(size=(count, 2))
    (points,) = over_prior(codes, np.zeros(count, int), ["a"]).axes[0].collections
    assert np.sqrt(points.get_sizes()) == pytest.approx(diameter, abs=0.01)
    assert points.get_alpha() == pytest.approx(opacity, abs=0.01)


@pytest.mark.parametrize("count", [2, 10, 20, 36, 100])
def test_names_stand_in_their_clusters_and_none_over_another(count, clusters):
    codes, labels = clusters(count)
    figure = over_prior(codes, labels, numbered(count))
    boxes = boxes_of_names(figure)
    assert overlapping(boxes) == 0
    assert len(boxes) >= 0.9 * count
    if count <= 20:
        assert len(boxes) == count
    places = figure.axes[0].transData.inverted()
    for name, box in boxes.items():
        cluster = codes[labels == int(name)].mean(axis=0)
        away = np.linalg.norm(places.transform(middle(box)) - cluster)
        # Standard deviations: in the midst where there is room, else still in the cluster.
        assert away < (0.5 if count <= 20 else 3)


def test_a_name_stands_within_one_of_two_clusters_and_not_between(random):
    halves = random.normal(size=(400, 2)) + np.repeat([[-10, 0], [10, 0]], 200, axis=0)
    codes = np.concatenate([halves, [[0, 0]]])  # a stray one, just where the median is
    (place,) = scatter.densest_first(codes)[:1]
    assert abs(abs(place[0]) - 10) < 0.5 and abs(place[1]) < 0.5


def test_a_name_stands_on_a_ring_and_not_in_its_hole(random):
    angle = random.uniform(0, 2 * np.pi, 400)
    ring = 10 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    places = scatter.densest_first(np.concatenate([ring, [[0, 0]]]))
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 10)


def test_the_midst_is_among_the_points_and_does_not_depend_on_the_unit(random):
    points = random.normal(size=(5000, 2))
    places = scatter.densest_first(points)
    assert len(places) == scatter.SEARCHED / 2
    assert {tuple(place) for place in places} <= {tuple(point) for point in points}
    np.testing.assert_allclose(scatter.densest_first(1000 * points), 1000 * places)
    # A stray place would have a length of 1.25 on average; of 500 points the densest is near.
    assert np.linalg.norm(places[0]) < 0.5


@pytest.mark.parametrize("points", [np.ones((1, 2)), np.ones((7, 2))])
def test_a_class_may_be_one_point(points):
    np.testing.assert_array_equal(scatter.densest_first(points)[0], [1, 1])
    assert (
        len(
            over_prior(np.concatenate([points, [[0, 0]]]), np.zeros(len(points) + 1, int), ["a"])
            .axes[0]
            .texts
        )
        == 1
    )


def test_names_in_one_place_move_apart_by_a_line_or_two(random):
    """Ten classes in a place that is smaller than a name, in a wide prior."""
    codes, labels = 0.01 * random.normal(size=(1000, 2)), np.arange(1000) % 10
    figure = plots.codes_over_prior(
        codes, labels, numbered(10), random.normal(size=(5000, 2)), "title"
    )
    boxes = boxes_of_names(figure)
    assert len(boxes) == 10 and overlapping(boxes) == 0
    line = boxes["0"][3] - boxes["0"][1]
    centre = figure.axes[0].transData.transform((0, 0))
    assert max(np.abs(middle(box) - centre).max() for box in boxes.values()) < 2.8 * line


def test_the_name_of_a_few_points_does_not_cover_them():
    codes, names = np.array([[0.0, 0.0], [1.0, 1.0]]), ["a", "a wide name"]
    figure = over_prior(codes, np.array([0, 1]), names)
    boxes = boxes_of_names(figure)
    for point, name in zip(figure.axes[0].transData.transform(codes), names, strict=True):
        assert not ((boxes[name][:2] < point) & (point < boxes[name][2:])).all()
    assert boxes["a"][1] > figure.axes[0].transData.transform(codes)[0, 1]  # above, where free


def test_the_largest_classes_are_named_where_there_is_no_room_for_all(random):
    labels = np.repeat(np.arange(60), np.arange(1, 61))
    names = [f"{n:02d}" for n in range(60)]
    prior = random.normal(size=(5000, 2))
    figure = plots.codes_over_prior(np.zeros((len(labels), 2)), labels, names, prior, "title")
    written = boxes_of_names(figure).keys()
    assert 10 < len(written) <= 25  # the middle and the places two lines around it
    assert written == set(names[-len(written) :])
    (note,) = (text.get_text() for text in figure.axes[0].texts if "of 60" in text.get_text())
    assert note == f"Names of {len(written)} of 60 classes"
    assert figure.axes[0].get_legend() is None  # it would have three columns


def test_long_names_are_legible_and_stay_in_the_picture(clusters):
    """As letters: what looks like a formula may be none, and then none can be drawn."""
    names = [rf"{n}: no $\frac$ of a formula but letters of a name" for n in range(40)]
    codes, labels = clusters(40)
    figure = over_prior(codes, labels, names)
    boxes = boxes_of_names(figure)
    frame = figure.axes[0].bbox.extents
    for box in boxes.values():
        # The caption of a saved picture takes a few pixels of the plane.
        assert (box[:2] > frame[:2] - 4).all() and (box[2:] < frame[2:] + 4).all()
    # The legend takes nothing of the plane: the figure has become wider.
    assert (figure.axes[0].bbox.size / figure.dpi > 4.9).all()
    assert figure.get_figwidth() > 10
    assert len(figure.axes[0].get_legend().get_texts()) == 40


def test_clusters_are_shown_like_classes(clusters):
    names = [f"{n:02d}: cat" for n in range(16)]
    codes, labels = clusters(16)
    assert boxes_of_names(plots.tsne(codes, labels, names)).keys() == set(names)
