"""The semi-supervised adversarial autoencoder (section 5 of the paper)."""

import keras

from aae_keras.models.label_and_style import LabelAndStyleAAE


@keras.saving.register_keras_serializable(package="aae_keras")
class SemiSupervisedAAE(LabelAndStyleAAE):
    """Latent y, pushed to a categorical prior, is the label; latent z, pushed to a normal, style.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded code from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(code)), for y plus for z | discriminators |
    | generator | -log D(code), for y plus for z | encoder |
    | classification | cross-entropy of y on labelled images | encoder without its z head |

    Args:
        encoder: Functional model, `image` to `y_logits` and `z`.
        decoder: Functional model, `y` and `z` to `image_logits`.
        discriminator_cat: Functional model, y to one logit.
        discriminator_gauss: Functional model, z to one logit.
        categorical_prior: `Prior` of y.
        gaussian_prior: `Prior` of z.
        **kwargs: See `AdversarialModel`.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or a prior other dimensions.
    """

    def build_terms(self):
        """The rows of the table above."""
        return [*super().build_terms(), self.classification_term()]
