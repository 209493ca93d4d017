"""The models: a base with the one `train_step`, and a small class per learning setting."""

from aae_keras import priors  # noqa: F401  registers the classes that a file may name
from aae_keras.models.aae import AdversarialModel, Forward
from aae_keras.models.basic import BasicAAE
from aae_keras.models.clustering import ClusteringAAE
from aae_keras.models.dimensionality_reduction import DimensionalityReductionAAE
from aae_keras.models.extra_terms import EXTRA_TERMS, ConditionalEntropy, MarginalEntropy
from aae_keras.models.label_informed import LabelInformedAAE
from aae_keras.models.labels_only import LabelsOnly
from aae_keras.models.latent_y import LatentY
from aae_keras.models.loading import in_float32, load_model
from aae_keras.models.objective import Batch, Term
from aae_keras.models.rates import FallingRate
from aae_keras.models.regularizers import FadeIn, Regularizer
from aae_keras.models.semi_supervised import SemiSupervisedAAE
from aae_keras.models.smoothness import Shift, VirtualAdversarial
from aae_keras.models.supervised import SupervisedAAE

__all__ = [
    "EXTRA_TERMS",
    "AdversarialModel",
    "BasicAAE",
    "Batch",
    "ClusteringAAE",
    "ConditionalEntropy",
    "DimensionalityReductionAAE",
    "FadeIn",
    "FallingRate",
    "Forward",
    "LabelInformedAAE",
    "LabelsOnly",
    "LatentY",
    "MarginalEntropy",
    "Regularizer",
    "SemiSupervisedAAE",
    "Shift",
    "SupervisedAAE",
    "Term",
    "VirtualAdversarial",
    "in_float32",
    "load_model",
]
