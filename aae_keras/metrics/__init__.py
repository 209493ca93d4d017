"""Scores, as plain floats; whatever scikit-learn and scipy have is taken from there.

| file | scores |
|---|---|
| `classification` | class probabilities against labels |
| `clusters` | clusters against labels: by three rules, and by agreement without any |
| `distributions` | codes against the prior they should be distributed like |
| `parzen` | generated images as a density of real ones |
| `probes` | codes and generated images, by what a simple classifier makes of them |
| `shares` | how sure a share is that was counted |
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
