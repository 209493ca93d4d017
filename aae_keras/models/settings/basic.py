"""The basic adversarial autoencoder (section 2 of the paper)."""

from typing import Any

import keras

from aae_keras.models.matching import check_judge
from aae_keras.models.settings.latent_z import LatentZAAE
from aae_keras.priors import Prior


@keras.saving.register_keras_serializable(package="aae_keras")
class BasicAAE(LatentZAAE):
    """Latent z alone, pushed to any prior that can be sampled.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded z from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(z)) | discriminator |
    | generator | -log D(z) | encoder |

    Args:
        encoder, decoder, discriminator_gauss: See `LatentZAAE`.
        gaussian_prior: `Prior` of z, Gaussian or not.
        **kwargs: See `PhasedModel`.

    Raises:
        TypeError, ValueError: As of `LatentZAAE`.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator_gauss: keras.Model,
        gaussian_prior: Prior,
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, discriminator_gauss, gaussian_prior, **kwargs)
        check_judge("discriminator_gauss", discriminator_gauss, {gaussian_prior.dim: "z"})
        self.gaussian_prior = gaussian_prior

    def get_config(self) -> dict[str, Any]:
        """See `PhasedModel.get_config`."""
        return {**super().get_config(), "gaussian_prior": self.gaussian_prior}
