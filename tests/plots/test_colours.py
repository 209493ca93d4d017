"""Ten colours that are told apart, by the measure that the CIE recommends."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from aae_keras.plots import style

# What red-blind and green-blind readers see of linear red, green, blue (Machado, Oliveira and
# Fernandes 2009, severity 1).
SIGHT = {
    "normal": np.eye(3),
    "red-blind": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green-blind": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # sRGB, D65


def lab(colour, sight):
    """CIELAB coordinates of what someone sees of a colour."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(SIGHT[sight] @ linear, 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(first, second):
    """CIEDE2000 of two CIELAB colours (Sharma, Wu and Dalal 2005); about 1 is just noticed."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean7 = (np.hypot(a1, b1) / 2 + np.hypot(a2, b2) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(mean7 / (mean7 + 25**7))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180
    lightness, chroma, hue = (l1 + l2) / 2 - 50, (c1 + c2) / 2, h1 + turn / 2
    weights = (-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63)
    t = 1 + sum(w * np.cos(np.radians(times * hue + shift)) for w, times, shift in weights)
    of_l = (l2 - l1) / (1 + 0.015 * lightness**2 / np.sqrt(20 + lightness**2))
    of_c = (c2 - c1) / (1 + 0.045 * chroma)
    of_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    blue = np.sin(np.radians(60 * np.exp(-(((hue % 360 - 275) / 25) ** 2))))
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7)) * blue
    return np.sqrt(of_l**2 + of_c**2 + of_h**2 + rotation * of_c * of_h)


def least_difference(colours, sight):
    """Of all pairs of colours, the difference of the two most alike."""
    seen = [lab(colour, sight) for colour in colours]
    return min(difference(*pair) for pair in itertools.combinations(seen, 2))


@pytest.mark.parametrize(
    "first, second, expected",
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
        ((90.8027, -2.0831, 1.441), (91.1528, -1.6435, 0.0447), 1.4441),
    ],
)
def test_the_measure_gives_the_published_differences(first, second, expected):
    assert difference(first, second) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "sight, measured, of_six",
    [("normal", 24.7, 22.2), ("red-blind", 15.7, 12.2), ("green-blind", 15.6, 12.5)],
)
def test_ten_colours_differ_more_than_six_of_okabe_and_ito(sight, measured, of_six):
    """Six of that palette, made for colour-blind readers, were ours before."""
    okabe_ito = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
    assert least_difference(okabe_ito, sight) == pytest.approx(of_six, abs=0.05)
    assert len(style.COLOURS) == 10
    assert least_difference(style.COLOURS, sight) == pytest.approx(measured, abs=0.05)


@pytest.mark.parametrize("sight", SIGHT)
def test_no_colour_is_taken_for_paper_or_for_no_label(sight):
    """White and grey are as far from each colour as the colours are from each other."""
    assert least_difference((*style.COLOURS, "white", style.NO_LABEL), sight) > 15


def test_marks_of_a_hundred_classes_are_all_different():
    assert len(set(style.marks(100))) == 100
    assert style.marks(101)[100] == style.marks(1)[0]
    colours, markers = zip(*style.marks(10), strict=True)
    assert len(set(colours)) == 10 and len(set(markers)) == 1
