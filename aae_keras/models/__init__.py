"""The models: a base with the one `train_step`, and a small class per learning setting."""

from aae_keras import priors  # noqa: F401  registers the classes that a file may name
from aae_keras.models.aae import AdversarialModel, Forward
from aae_keras.models.latent_y import LatentY
from aae_keras.models.loading import in_float32, load_model
from aae_keras.models.objective import Batch, Term
from aae_keras.models.rates import FallingRate
from aae_keras.models.settings.basic import BasicAAE
from aae_keras.models.settings.clustering import ClusteringAAE
from aae_keras.models.settings.clusters_only import ClustersOnly
from aae_keras.models.settings.dimensionality_reduction import DimensionalityReductionAAE
from aae_keras.models.settings.label_informed import LabelInformedAAE
from aae_keras.models.settings.labels_only import LabelsOnly
from aae_keras.models.settings.semi_supervised import SemiSupervisedAAE
from aae_keras.models.settings.supervised import SupervisedAAE
from aae_keras.models.terms.extra_terms import EXTRA_TERMS, ConditionalEntropy, MarginalEntropy
from aae_keras.models.terms.regularizers import FadeIn, Regularizer
from aae_keras.models.terms.smoothness import Shift, VirtualAdversarial

__all__ = [
    "EXTRA_TERMS",
    "AdversarialModel",
    "BasicAAE",
    "Batch",
    "ClusteringAAE",
    "ClustersOnly",
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
