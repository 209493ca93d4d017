"""What each score means, and whether its value is good."""

import dataclasses
import math
from collections.abc import Callable, Mapping

from aae_keras.report.contents import Score


@dataclasses.dataclass(frozen=True)
class Yardstick:
    """What a score is compared with.

    Attributes:
        chance: Share of wrong answers of somebody who always says the most frequent class.
        categories: Number of values of y.
        has_y: Whether the code has a y beside z, so that z should keep the style alone.
        mean_image: Reconstruction error of a decoder that always draws the mean image.
        mmd_of_prior: What the prior's own samples stay below.
    """

    chance: float = math.nan
    categories: int = 0
    has_y: bool = False
    mean_image: float = math.nan
    mmd_of_prior: float = math.nan


@dataclasses.dataclass(frozen=True)
class Kind:
    """A score that a report shows.

    Attributes:
        title: What a reader calls it.
        meaning: A sentence.
        is_share: Whether it is written in percent.
        judge: From its value and a `Yardstick` to a mark and a sentence.
    """

    title: str
    meaning: str
    is_share: bool
    judge: Callable[[float, Yardstick], tuple[str, str]]


def judged(
    name: str,
    value: float,
    interval: tuple[float, float] | None,
    test: float | None,
    yardstick: Yardstick,
) -> Score:
    """A score with its sentences.

    Args:
        name: One of `KINDS`.
        value: On held-out images.
        interval: Its 95 % interval, or None.
        test: Its value for test, or None.
        yardstick: What to compare it with.
    """
    kind = KINDS[name]
    mark, verdict = kind.judge(value, yardstick)
    return Score(
        name=name,
        title=kind.title,
        text=_text(value, kind),
        interval="" if interval is None else " to ".join(_text(end, kind) for end in interval),
        test="" if test is None else _text(test, kind),
        meaning=kind.meaning,
        verdict=verdict,
        mark=mark,
    )


def _text(value, kind):
    if kind.is_share:
        return f"{100 * value:.3g} %"
    return f"{value:d}" if isinstance(value, int) else f"{value:.4g}"


def _mark(value, good, fair):
    """`good` up to one bound, `fair` up to the other."""
    return "good" if value <= good else "fair" if value <= fair else "poor"


def _error(value, yardstick):
    if not yardstick.chance > 0:
        return "", "All images are of one class."
    share = value / yardstick.chance
    return _mark(share, 0.1, 0.4), (
        f"Always saying the most frequent class would be wrong on {yardstick.chance:.1%}."
    )


def _ece(value, yardstick):
    return _mark(value, 0.03, 0.08), (
        "Below 3 % confidence can be taken at its word; few images alone add some of it."
    )


def _brier(value, yardstick):
    uniform = 1 - 1 / max(yardstick.categories, 1)
    if not uniform:
        return "", "There is one class."
    return _mark(value / uniform, 0.15, 0.5), (
        f"0 is perfect; giving every class the same probability has {uniform:.2g}."
    )


def _agreement(value, yardstick):
    return _mark(1 - value, 0.2, 0.5), "1 is the same grouping as the labels', 0 is chance."


def _clusters_used(value, yardstick):
    share = value / max(yardstick.categories, 1)
    return _mark(1 - share, 0.1, 0.4), f"Of {yardstick.categories} that there are."


def _reconstruction(value, yardstick):
    if not yardstick.mean_image > 0:
        return "", "There is nothing to compare it with."
    return _mark(value / yardstick.mean_image, 0.35, 0.7), (
        f"Always drawing the mean image would have {yardstick.mean_image:.4g}."
    )


def _mmd(value, yardstick):
    if not yardstick.mmd_of_prior > 0:
        return "", "0 where codes and prior are alike."
    return _mark(value / yardstick.mmd_of_prior, 1, 10), (
        f"Samples of the prior itself stay below {yardstick.mmd_of_prior:.2g} in 95 of 100 cases."
    )


def _ks(value, yardstick):
    return _mark(value, 0.1, 0.25), "0 where codes and prior are alike, 1 where they never meet."


def _probe(value, yardstick):
    if yardstick.has_y:
        above = value - (1 - yardstick.chance)
        return _mark(above, 0.1, 0.4), (
            f"z should keep the style alone: the ideal is chance, {1 - yardstick.chance:.1%}."
        )
    return _high(value, yardstick)


def _high(value, yardstick):
    return _mark(1 - value, 0.1, 0.3), "100 % is the ideal."


def _likelihood(value, yardstick):
    return "", "More is better; it compares with other runs on the same images alone."


_RULE = "Share of images whose class is not that of their cluster, where a cluster's class is {}."
# In the order in which they are shown.
KINDS: Mapping[str, Kind] = {
    "error_rate": Kind("error", "Share of images given a wrong label.", True, _error),
    "error_rate_majority": Kind(
        "error, by majority", _RULE.format("the most frequent one in it"), True, _error
    ),
    "error_rate_hungarian": Kind(
        "error, one to one", _RULE.format("one that no other cluster has"), True, _error
    ),
    "error_rate_paper_rule": Kind(
        "error, by the surest", _RULE.format("that of the image it is surest of"), True, _error
    ),
    "ece": Kind(
        "calibration error",
        "Mean distance of confidence from the share of right answers.",
        True,
        _ece,
    ),
    "brier": Kind(
        "Brier score",
        "Mean squared distance of the probabilities from the right answer: error and calibration "
        "in one.",
        False,
        _brier,
    ),
    "nmi": Kind("NMI", "Normalised mutual information of clusters and labels.", False, _agreement),
    "ami": Kind("AMI", "The same, corrected for chance.", False, _agreement),
    "ari": Kind(
        "ARI", "Adjusted Rand index: agreement on which pairs belong together.", False, _agreement
    ),
    "clusters_used": Kind(
        "clusters in use", "Clusters with a held-out image in them.", False, _clusters_used
    ),
    "component_accuracy": Kind(
        "codes at home",
        "Share of codes nearest to their own class's part of the prior.",
        True,
        _high,
    ),
    "generated_accuracy": Kind(
        "drawings recognised",
        "Share of drawn images in which a classifier of real ones sees the label asked for.",
        True,
        _high,
    ),
    "reconstruction_error": Kind(
        "reconstruction error",
        "Half the squared error of reconstructions, summed over the pixels.",
        False,
        _reconstruction,
    ),
    "label_probe_accuracy": Kind(
        "label told by z",
        "Share of images whose label a linear classifier reads off z.",
        True,
        _probe,
    ),
    "mmd": Kind(
        "distance from the prior", "Squared maximum mean discrepancy of z and prior.", False, _mmd
    ),
    "ks": Kind(
        "worst dimension of z", "Largest Kolmogorov-Smirnov distance from the prior.", False, _ks
    ),
    "log_likelihood": Kind(
        "log-likelihood", "Of the images under 10 000 drawn ones, in nats.", False, _likelihood
    ),
}
