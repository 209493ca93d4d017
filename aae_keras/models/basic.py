"""The basic adversarial autoencoder (section 2 of the paper)."""

import keras

from aae_keras.models.latent_z import LatentZAAE


@keras.saving.register_keras_serializable(package="aae_keras")
class BasicAAE(LatentZAAE):
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

    def __init__(self, encoder, decoder, discriminator_gauss, gaussian_prior, **kwargs):
        priors = {"gaussian_prior": gaussian_prior}
        super().__init__(encoder, decoder, discriminator_gauss, priors, **kwargs)
