"""Scores, as plain floats; whatever scikit-learn and scipy have is taken from there.

| file | of |
|---|---|
| `classification` | class probabilities against labels |
| `clusters` | clusters against labels: three rules, and agreement without any |
| `distributions` | codes against the prior they should be distributed like |
| `parzen` | samples of the model as a density of images |
| `probes` | what a simple classifier finds in codes or in generated images |
"""

from aae_keras.metrics import clusters, distributions, parzen, probes
from aae_keras.metrics.classification import (
    brier_score,
    error_rate,
    expected_calibration_error,
)

__all__ = [
    "brier_score",
    "clusters",
    "distributions",
    "error_rate",
    "expected_calibration_error",
    "parzen",
    "probes",
]
