"""Clusters without the rest: the same encoder, trained by its extra terms alone."""

import keras

from aae_keras.models.aae import AdversarialModel
from aae_keras.models.latent_y import LatentY
from aae_keras.models.objective import Term


@keras.saving.register_keras_serializable(package="aae_keras")
class ClustersOnly(AdversarialModel):
    """`ClusteringAAE` reduced to the extra terms of y: no decoder, no discriminator, no label.

    The first stage of a setting whose y nothing else shapes: reconstruction and the game over z
    take a third of a step, and can wait until the clusters are found. By itself it is the
    baseline of `ClusteringAAE`, information maximisation alone.

    Args:
        encoder: Functional model, `image` to `y_logits` and `z` (which stays unused).
        **kwargs: See `PhasedModel`; `extra_terms` are the whole objective.
    """

    latent_y = LatentY.CLUSTER

    def build_terms(self) -> list[Term]:
        """None of its own."""
        return []
