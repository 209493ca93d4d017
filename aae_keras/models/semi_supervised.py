"""The semi-supervised adversarial autoencoder (section 5 of the paper)."""

import keras

from aae_keras.models.base import AdversarialModel
from aae_keras.networks import check_network


@keras.saving.register_keras_serializable(package="aae_keras")
class SemiSupervisedAAE(AdversarialModel):
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
        input_noise, reconstruction, encoder_average, seed: See `AdversarialModel`.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or a prior other dimensions.
    """

    def __init__(
        self,
        encoder,
        decoder,
        discriminator_cat,
        discriminator_gauss,
        categorical_prior,
        gaussian_prior,
        **kwargs,
    ):
        check_network("decoder", decoder, ["y", "z"], ["image_logits"])
        check_network("discriminator_cat", discriminator_cat, None, None)
        check_network("discriminator_gauss", discriminator_gauss, None, None)
        parts = {
            "encoder": encoder,
            "decoder": decoder,
            "discriminator_cat": discriminator_cat,
            "discriminator_gauss": discriminator_gauss,
            "categorical_prior": categorical_prior,
            "gaussian_prior": gaussian_prior,
        }
        super().__init__(parts, priors={"y": categorical_prior, "z": gaussian_prior}, **kwargs)

    def build_terms(self):
        """The rows of the table above."""
        return [
            self.reconstruction_term(),
            *self.adversarial_terms("cat", self.discriminator_cat, code="y"),
            *self.adversarial_terms("gauss", self.discriminator_gauss, code="z"),
            self.classification_term(),
        ]
