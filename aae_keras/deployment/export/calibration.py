"""One temperature that makes confidence mean what it says.

A classifier that is right in 99 cases of 100 and calls itself sure in all of them misleads whoever
acts on its confidence. Dividing the logits by one number, fitted on held-out labels, mends most of
it and changes no label. Reference: Guo et al., 2017, arXiv:1706.04599, section 4.2.
"""

import dataclasses

import numpy as np
import scipy.optimize
import scipy.special
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold

from aae_keras.metrics import expected_calibration_error

# Below so many labelled images the fitted number says more of them than of the classifier.
MIN_LABELED = 100
RANGE = (0.2, 20.0)
FOLDS = 10


@dataclasses.dataclass(frozen=True)
class Calibration:
    """A fitted temperature.

    Attributes:
        temperature: What to divide the logits by; 1 changes nothing.
        images: Number of labelled validation images it was fitted on; 0 if it was not.
        ece_before, ece_after: Expected calibration error on them, in [0, 1]; None if not fitted.
            "After" each image is judged at a temperature fitted without it.
        note: Why it was not fitted, or "".
    """

    temperature: float = 1.0
    images: int = 0
    ece_before: float | None = None
    ece_after: float | None = None
    note: str = ""


def fit(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    """Fit the temperature under which held-out labels are likeliest.

    It is taken if it also makes labels likelier that it was not fitted on: of a few mistakes it may
    say more than of the classifier.

    Args:
        logits: Logits of the classes, shape (n, classes).
        labels: Class indices, shape (n,), -1 where not known.

    Returns:
        The `Calibration`; its temperature is 1, and its note says why, if there is too little to
        fit it on.
    """
    known = labels >= 0
    logits, labels = logits[known].astype("float64"), labels[known]
    if len(labels) < MIN_LABELED:
        return Calibration(
            note=f"{len(labels)} labelled validation images are too few to fit a temperature on: "
            f"it takes {MIN_LABELED}."
        )
    if np.all(logits.argmax(axis=1) == labels):
        return Calibration(
            note=f"All {len(labels)} labelled validation images are right: no temperature is so "
            "low that a lower one would not be likelier."
        )
    before, after = probabilities(logits, 1.0), np.empty_like(logits)
    folds = min(FOLDS, len(labels))
    for others, own in KFold(folds, shuffle=True, random_state=0).split(logits):
        after[own] = probabilities(logits[own], _likeliest(logits[others], labels[others]))
    if _cost(labels, after) >= _cost(labels, before):
        return Calibration(
            note=f"No temperature that is fitted on a part of the {len(labels)} labelled "
            "validation images makes the others' labels likelier."
        )
    return Calibration(
        _likeliest(logits, labels),
        len(labels),
        expected_calibration_error(labels, before),
        expected_calibration_error(labels, after),
    )


def _likeliest(logits, labels):
    def cost(log_temperature: float) -> float:
        return _cost(labels, probabilities(logits, np.exp(log_temperature)))

    best = scipy.optimize.minimize_scalar(cost, bounds=np.log(RANGE), method="bounded")
    return float(np.exp(best.x))


def _cost(labels, shares):
    return log_loss(labels, shares, labels=np.arange(shares.shape[1]))


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(logits / temperature) of each row.

    Args:
        logits: Shape (n, classes).
        temperature: Above 0; a larger one makes the probabilities more alike.

    Returns:
        Shape (n, classes), each row summing to 1.
    """
    return scipy.special.softmax(logits / temperature, axis=1)
