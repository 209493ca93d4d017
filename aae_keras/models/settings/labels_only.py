"""The baseline: the same encoder, trained on the labelled images alone."""

import keras

from aae_keras.models.aae import AdversarialModel
from aae_keras.models.latent_y import LatentY
from aae_keras.models.objective import Term, classification_term


@keras.saving.register_keras_serializable(package="aae_keras")
class LabelsOnly(AdversarialModel):
    """The semi-supervised setting reduced to its classification phase.

    Steps, noise, batches and optimizer are those of `SemiSupervisedAAE`, so the difference in
    error is what the unlabelled images are worth.

    Args:
        encoder: Functional model, `image` to `y_logits` and `z` (which stays unused).
        **kwargs: See `PhasedModel`.
    """

    latent_y = LatentY.CLASS

    def build_terms(self) -> list[Term]:
        """Cross-entropy on the labelled images."""
        return [classification_term(self)]
