"""What a simple classifier finds: in codes, in components of a prior, in generated images."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

FOLDS = 5
# Samples of each component of a prior that a code's neighbours are looked for among.
COMPONENT_SAMPLES = 500
NEIGHBOURS = 15


def label_probe_accuracy(fitted_on, scored_on=None):
    """Accuracy of a logistic regression of the label on z; chance is the ideal of a style.

    Args:
        fitted_on: Labels (n,) and codes (n, dim) to learn from.
        scored_on: The same of other images; None for cross-validation among the first.

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


def component_accuracy(labels, codes, sample_component, num_components):
    """Share of codes whose nearest samples of the prior are of their own class's component.

    Args:
        labels: Class indices, shape (n,).
        codes: Shape (n, dim).
        sample_component: Function of an array of components that returns a sample of each.
        num_components: How many there are.

    Returns:
        In [0, 1].
    """
    components = np.repeat(np.arange(num_components), COMPONENT_SAMPLES)
    neighbours = KNeighborsClassifier(NEIGHBOURS).fit(sample_component(components), components)
    return float(neighbours.score(codes, labels))


def generated_accuracy(real, generated):
    """Share of generated images that a classifier trained on real ones takes for what they are.

    The classifier is a support vector machine, which has 3 % error on MNIST itself.

    Args:
        real, generated: Labels (n,) and images (n, pixels) in [0, 1].

    Returns:
        In [0, 1].
    """
    labels, images = real
    judge = SVC(C=10.0).fit(images, labels)
    return float(judge.score(generated[1], generated[0]))
