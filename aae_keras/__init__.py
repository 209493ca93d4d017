"""Adversarial autoencoders in Keras 3: few labels in, a served classifier out.

Importing the package is free: TensorFlow is loaded when a name that needs it
is first used.

Reference: Makhzani, Shlens, Jaitly, Goodfellow, Frey, "Adversarial
Autoencoders", arXiv:1511.05644.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "Config": "config",
    "preset": "presets",
    "build_model": "factory",
    "load_model": "models",
    "AdversarialModel": "models",
    "BasicAAE": "models",
    "ClusteringAAE": "models",
    "DimensionalityReductionAAE": "models",
    "LabelInformedAAE": "models",
    "LabelsOnly": "models",
    "SemiSupervisedAAE": "models",
    "SupervisedAAE": "models",
    "Prior": "priors",
    "MixturePrior": "priors",
    "CategoricalPrior": "priors",
    "GaussianPrior": "priors",
    "GaussianMixturePrior": "priors",
    "SwissRollPrior": "priors",
    "train": "training",
}
_MODULES = (
    "applying",
    "callbacks",
    "config",
    "data",
    "evaluation",
    "export",
    "factory",
    "figures",
    "generation",
    "images",
    "losses",
    "metrics",
    "models",
    "networks",
    "optimization",
    "plots",
    "prediction",
    "presets",
    "priors",
    "projector",
    "runs",
    "scoring",
    "serving",
    "training",
    "versions",
)

__all__ = ["__version__", *_HOME, *_MODULES]


def __getattr__(name):
    if name in _HOME:
        module = importlib.import_module(f"{__name__}.{_HOME[name]}")
        return getattr(module, name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
