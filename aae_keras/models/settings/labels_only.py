"""The baseline: the same encoder, trained on the labelled images alone."""

import dataclasses

import keras

from aae_keras.models.aae import AdversarialModel
from aae_keras.models.elements import Element, unpack_training
from aae_keras.models.latent_y import LatentY
from aae_keras.models.objective import Batch, Term, classification_term


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

    def make_batch(self, data: Element) -> Batch:
        """The `Batch`, whose clean images are the labelled ones: those measure the statistics."""
        inputs, _, _ = unpack_training(data, needs_labels=True)
        return dataclasses.replace(
            super().make_batch(data), images=self.to_images(inputs["labeled"])
        )

    def build_terms(self) -> list[Term]:
        """Cross-entropy on the labelled images."""
        return [classification_term(self)]
