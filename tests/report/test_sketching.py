"""What a drawing must be like, measured on drawings whose answer is known."""

import numpy as np
import pytest

from aae_keras.report.sketching import sketch_of


def bars(count=50, side=20, thickness=3, length=12, ink=200, ground=0, shift=0):
    """Upright bars around a place, moved a little at random."""
    random = np.random.default_rng(0)
    images = np.full((count, side, side, 1), ground, "uint8")
    for image in images:
        left = 8 + random.integers(-1, 2) + shift
        top = 4 + random.integers(-1, 2)
        image[top : top + length, left : left + thickness] = ink
    return images


def test_a_bar_has_its_thickness_length_and_place():
    sketch, note = sketch_of(bars())
    assert note == ""
    assert sketch.background == 0 and sketch.ink == pytest.approx(200 / 255)
    # 2 A / P of a bar of 3 by 12 is 2.4, and the grid's steps are taken for 4 / pi too long.
    assert sketch.stroke == pytest.approx(2 * 36 / (30 * np.pi / 4))
    assert sketch.extent == pytest.approx(12 - sketch.stroke)
    assert sketch.centre == pytest.approx((9.5, 10), abs=0.4)


def test_dark_ink_on_light_ground():
    sketch, _ = sketch_of(bars(ink=30, ground=240))
    assert (sketch.background, sketch.ink) == pytest.approx((240 / 255, 30 / 255))


def test_the_centre_is_that_which_moves_less():
    """Digits that were centred by mass are drawn by mass: here a blot far to one side."""
    random = np.random.default_rng(0)
    images = np.zeros((40, 40, 40, 1), "uint8")
    for image in images:
        tail = random.integers(2, 16)
        # Ink of 64 around the middle, and a tail whose length moves the box alone.
        image[16:24, 16:24] = 255
        image[20, 24 : 24 + tail] = 255
    assert sketch_of(images)[0].by_mass
    # Bars whose ends shine: the box stays, the mass moves.
    images = np.zeros((40, 40, 40, 1), "uint8")
    for image in images:
        image[10, 10:30] = image[10:30, 10] = image[29, 10:30] = 255
        image[10 : 10 + random.integers(2, 18), 20:30] = 255
    assert not sketch_of(images)[0].by_mass


@pytest.mark.parametrize(
    "images, reason",
    [
        (np.zeros((3, 8, 8, 3), "uint8"), "grey images"),
        (np.zeros((0, 8, 8, 1), "uint8"), "no held-out images"),
        (np.zeros((3, 1, 64, 1), "uint8"), "1x64 pixels"),
        (np.zeros((3, 8, 8, 1), "uint8"), "Nothing is drawn"),
        (np.random.default_rng(0).integers(0, 255, (9, 8, 8, 1), "uint8"), "plain ground"),
    ],
)
def test_where_a_drawing_makes_no_sense_it_says_why(images, reason):
    sketch, note = sketch_of(images)
    assert sketch is None and reason in note
