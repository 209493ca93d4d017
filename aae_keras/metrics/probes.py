"""What a simple classifier makes of codes, of components of a prior, and of generated images."""

from collections.abc import Callable

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

FOLDS = 5
# Samples of each component of a prior, among which the neighbours of a code are looked for.
COMPONENT_SAMPLES = 500
NEIGHBOURS = 15


def label_probe_accuracy(
    fitted_on: tuple[np.ndarray, np.ndarray],
    scored_on: tuple[np.ndarray, np.ndarray] | None = None,
) -> float | None:
    """Accuracy of a logistic regression of the label on z.

    A z that holds the style alone, and nothing of the class, gives the accuracy of chance.

    Args:
        fitted_on: Labels (n,) and codes (n, dim) to learn from.
        scored_on: Labels (m,) and codes (m, dim) of other images; None for cross-validation
            among those to learn from.

    Returns:
        In [0, 1]; None if a class has too few images to learn from.
    """
    labels, codes = fitted_on
    counts = np.bincount(labels)
    if np.count_nonzero(counts) < 2 or counts[counts > 0].min() < FOLDS:
        return None
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    if scored_on is None:
        return float(cross_val_score(probe, codes, labels, cv=FOLDS).mean())
    return float(probe.fit(codes, labels).score(scored_on[1], scored_on[0]))


def component_accuracy(
    labels: np.ndarray,
    codes: np.ndarray,
    sample_component: Callable[[np.ndarray], np.ndarray],
    num_components: int,
) -> float:
    """Share of codes whose nearest samples of the prior are of their own class's component.

    Args:
        labels: Class indices, shape (n,).
        codes: Codes z, shape (n, dim).
        sample_component: Function of an array of component indices, shape (m,), that returns a
            sample of each, shape (m, dim).
        num_components: Number of components of the prior.

    Returns:
        In [0, 1].
    """
    components = np.repeat(np.arange(num_components), COMPONENT_SAMPLES)
    neighbours = KNeighborsClassifier(NEIGHBOURS).fit(sample_component(components), components)
    return float(neighbours.score(codes, labels))


def generated_accuracy(
    real: tuple[np.ndarray, np.ndarray], generated: tuple[np.ndarray, np.ndarray]
) -> float:
    """Share of generated images in which a classifier of real ones sees the intended label.

    The classifier is a support vector machine, which has 3 % error on MNIST itself.

    Args:
        real: Labels (n,) and images (n, pixels) in [0, 1] to learn from.
        generated: Labels (m,) and the images (m, pixels) in [0, 1] that were generated of them.

    Returns:
        In [0, 1].
    """
    labels, images = real
    judge = SVC(C=10.0).fit(images, labels)
    return float(judge.score(generated[1], generated[0]))
