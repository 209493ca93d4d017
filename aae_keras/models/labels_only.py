"""The baseline: the same encoder, trained on the labelled images alone."""

import keras

from aae_keras.models.base import AdversarialModel


@keras.saving.register_keras_serializable(package="aae_keras")
class LabelsOnly(AdversarialModel):
    """The semi-supervised setting reduced to its classification phase.

    Steps, noise, batches and optimizer are those of `SemiSupervisedAAE`, so the difference in
    error is what the unlabelled images are worth.

    Args:
        encoder: Functional model, `image` to `y_logits` and `z` (which stays unused).
        input_noise, encoder_average, seed: See `AdversarialModel`.
    """

    def __init__(self, encoder, **kwargs):
        super().__init__({"encoder": encoder}, priors={}, **kwargs)

    def build_terms(self):
        """Cross-entropy on the labelled images."""
        return [self.classification_term()]
