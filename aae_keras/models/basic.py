"""The basic adversarial autoencoder (section 2 of the paper)."""

import keras

from aae_keras.models.base import AdversarialModel
from aae_keras.networks import check_network


@keras.saving.register_keras_serializable(package="aae_keras")
class BasicAAE(AdversarialModel):
    """Latent z alone, pushed to any prior that can be sampled.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded z from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(z)) | discriminator |
    | generator | -log D(z) | encoder |

    Args:
        encoder: Functional model, `image` to `z` (or to what another `Posterior` needs).
        decoder: Functional model, `z` to `image_logits`.
        discriminator_gauss: Functional model, z to one logit.
        gaussian_prior: `Prior` of z, Gaussian or not.
        **kwargs: See `AdversarialModel`.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or a prior other dimensions.
    """

    has_y = False

    def __init__(self, encoder, decoder, discriminator_gauss, gaussian_prior, **kwargs):
        check_network("decoder", decoder, ["z"], ["image_logits"])
        check_network("discriminator_gauss", discriminator_gauss, None, None)
        parts = {
            "encoder": encoder,
            "decoder": decoder,
            "discriminator_gauss": discriminator_gauss,
            "gaussian_prior": gaussian_prior,
        }
        super().__init__(parts, priors={"z": gaussian_prior}, **kwargs)

    def build_terms(self):
        """The rows of the table above."""
        return [
            self.reconstruction_term(),
            *self.adversarial_terms("gauss", self.discriminator_gauss, code="z"),
        ]
