"""Adversarial autoencoders in Keras 3: few labels in, a served classifier out.

Importing the package is free: TensorFlow is loaded when a name that needs it is first used.

Reference: Makhzani, Shlens, Jaitly, Goodfellow, Frey, "Adversarial Autoencoders", arXiv:1511.05644.
"""

import importlib
import sys

from aae_keras import backend
from aae_keras.moved import HOMES, MovedModules

__version__ = "0.2.0"

# The names on offer, by the module that each is defined in.
_OFFERED = {
    "Config": "experiment.configuration.config",
    "preset": "experiment.configuration.presets",
    "load_data": "experiment.building.factory",
    "build_model": "experiment.building.factory",
    "train": "experiment.learning.training",
    "load_model": "models",
    "AdversarialModel": "models",
    "SemiSupervisedAAE": "models",
    "SupervisedAAE": "models",
    "ClusteringAAE": "models",
    "ClustersOnly": "models",
    "DimensionalityReductionAAE": "models",
    "BasicAAE": "models",
    "LabelInformedAAE": "models",
    "LabelsOnly": "models",
    "Prior": "priors",
    "MixturePrior": "priors",
    "CategoricalPrior": "priors",
    "GaussianPrior": "priors",
    "GaussianMixturePrior": "priors",
    "SwissRollPrior": "priors",
}
_MODULES = ("data", "losses", "metrics", "models", "networks", "plots", "priors")

__all__ = ["__version__", *_OFFERED, *_MODULES]

sys.meta_path.insert(0, MovedModules(__name__))


def __getattr__(name):
    if name in _OFFERED or name in _MODULES:
        backend.check()
    if name in _OFFERED:
        return getattr(importlib.import_module(f"{__name__}.{_OFFERED[name]}"), name)
    if name in _MODULES or name in HOMES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
