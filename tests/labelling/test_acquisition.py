"""Which images are asked for, on points in a plane where the right answer can be seen."""

import numpy as np
import pytest

from aae_keras.labelling import acquisition

CENTRES = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0], [20.0, 20.0]])
SIZES = (40, 30, 20, 10)


@pytest.fixture
def blobs(random):
    """Four round crowds, the largest first; the first point of each lies at its very centre."""
    crowds = []
    for centre, size in zip(CENTRES, SIZES, strict=True):
        crowd = random.normal(size=(size, 2))
        crowds.append(centre + crowd - crowd[:1])
    return np.concatenate(crowds), np.repeat(np.arange(4), SIZES)


def rows_of(questions):
    return [question.row for question in questions]


def nobody(codes):
    return np.zeros(len(codes), bool)


def test_typical_images_are_one_of_each_crowd_the_largest_first(blobs):
    codes, crowd = blobs
    asked = acquisition.typical(codes, nobody(codes), 4)
    assert crowd[rows_of(asked)].tolist() == [0, 1, 2, 3]
    assert asked[0].why == "typical of 40 images, 0 of them labelled"


def test_the_typical_image_has_the_least_mean_distance_to_its_neighbours(blobs):
    """TypiClust's typicality, written down a second time."""
    codes, crowd = blobs
    (row,) = rows_of(acquisition.typical(codes[crowd == 0], nobody(codes[crowd == 0]), 1))
    distance = np.linalg.norm(codes[crowd == 0][:, None] - codes[crowd == 0][None], axis=2)
    nearest = np.sort(distance, axis=1)[:, 1 : acquisition.NEIGHBOURS + 1]
    assert row == nearest.mean(axis=1).argmin()


def test_crowds_with_a_label_wait_until_the_others_have_one(blobs):
    codes, crowd = blobs
    labelled = nobody(codes)
    labelled[[0, 70]] = True  # of the crowds 0 and 2
    asked = rows_of(acquisition.typical(codes, labelled, 2))
    assert crowd[asked].tolist() == [1, 3] and not labelled[asked].any()


def test_of_equal_crowds_those_of_a_category_not_asked_for_come_first(blobs):
    codes, crowd = blobs
    y = np.eye(2)[np.array([0, 0, 1, 1])[crowd]]  # crowds 0 and 1 are predicted to be one class
    asked = rows_of(acquisition.typical(codes, nobody(codes), 4, y))
    assert crowd[asked].tolist() == [0, 2, 1, 3]


def test_few_images_far_from_all_others_are_no_crowd(blobs):
    codes, _ = blobs
    codes = np.concatenate([codes, [[-90.0, -90.0]]])
    y = np.eye(2)[(np.arange(101) == 100).astype(int)]  # though of a category never asked for
    asked = rows_of(acquisition.typical(codes, nobody(codes), 5, y))
    assert asked[-1] == 100


def test_uncertain_images_are_those_of_the_least_margin_far_apart(blobs):
    codes, crowd = blobs
    first = np.full(len(codes), 0.99)
    doubted = np.concatenate([np.flatnonzero(crowd == c)[:5] for c in range(4)])
    first[doubted] = 0.55
    y = np.stack([first, 1 - first], axis=1)
    y[crowd % 2 == 1] = y[crowd % 2 == 1][:, ::-1]
    asked = acquisition.uncertain(codes, nobody(codes), 4, y)
    assert sorted(crowd[rows_of(asked)].tolist()) == [0, 1, 2, 3]
    assert set(rows_of(asked)) <= set(doubted.tolist())
    assert asked[0].why == "doubtful: 55% its category, 45% the next"


def test_a_category_gives_at_most_twice_its_share_of_the_doubtful():
    """All of the first are doubtful, and more of them than of the others together."""
    y = np.concatenate([np.tile([0.4, 0.3, 0.3, 0.0], (200, 1)), np.tile(np.eye(4)[1:], (50, 1))])
    shared = acquisition._shared_out(np.arange(350), y, 40)
    assert (y[shared].argmax(axis=1) == 0).sum() == 20


def test_margins_are_those_of_the_two_most_probable():
    y = np.array([[0.5, 0.2, 0.3], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(acquisition.margins(y), [0.2, 1.0, 0.0], atol=1e-12)


def test_the_rule_goes_from_typical_to_doubtful_with_the_labels(blobs):
    codes, _ = blobs
    y = np.tile([0.6, 0.4], (len(codes), 1))
    shares = [acquisition.share_of_doubtful(labels, 2) for labels in (0, 5, 20, 99)]
    assert shares == [0.0, 0.25, 1.0, 1.0]
    for labels, doubtful in ((0, 0), (5, 2), (20, 8)):
        labelled = nobody(codes)
        labelled[:labels] = True
        whys = [question.why for question in acquisition.choose(codes, labelled, 8, y)]
        kinds = [why.split()[0] for why in whys]
        assert kinds == ["typical"] * (8 - doubtful) + ["doubtful:"] * doubtful


@pytest.mark.parametrize("method", acquisition.METHODS)
def test_no_image_is_asked_for_twice_or_with_a_label(blobs, random, method):
    codes, _ = blobs
    y = random.dirichlet([1, 1, 1], len(codes))
    labelled = random.random(len(codes)) < 0.5
    asked = rows_of(acquisition.choose(codes, labelled, 1000, y, method))
    assert sorted(asked) == np.flatnonzero(~labelled).tolist()
    again = rows_of(acquisition.choose(codes, labelled, 1000, y, method))
    assert asked == again


def test_codes_that_are_all_alike_are_asked_for_too():
    codes = np.zeros((6, 2))
    assert sorted(rows_of(acquisition.typical(codes, nobody(codes), 6))) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("method", ["auto", "typical"])
def test_a_single_category_says_nothing(blobs, method):
    codes, labelled = blobs[0], np.zeros(len(blobs[0]), bool)
    labelled[:20] = True  # so many that `auto` would ask for doubtful ones
    alone = acquisition.choose(codes, labelled, 5, np.ones((len(codes), 1)), method)
    assert alone == acquisition.choose(codes, labelled, 5, None, method)


def test_a_method_that_cannot_be_used_is_refused(blobs):
    codes, _ = blobs
    with pytest.raises(ValueError, match="one of auto, typical.*Received: method='best'"):
        acquisition.choose(codes, nobody(codes), 1, method="best")
    with pytest.raises(ValueError, match="has none. Use typical. Received: method='uncertain'"):
        acquisition.choose(codes, nobody(codes), 1, method="uncertain")


def test_typical_images_are_those_of_scikit_activeml(blobs):
    """The paper's own method, by others: one image of each crowd, the same crowds."""
    pool = pytest.importorskip("skactiveml.pool", reason="scikit-activeml is not installed")
    codes, crowd = blobs
    theirs = pool.TypiClust(random_state=0).query(codes, np.full(len(codes), np.nan), batch_size=4)
    ours = rows_of(acquisition.typical(codes, nobody(codes), 4))
    assert crowd[ours].tolist() == crowd[theirs].tolist()
