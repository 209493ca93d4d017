"""What the settings share whose encoder finds no y: latent z alone, and one discriminator."""

from typing import Any

import keras

from aae_keras.models.aae import AdversarialModel
from aae_keras.models.latent_y import LatentY
from aae_keras.models.matching import check_prior
from aae_keras.models.objective import Term, adversarial_terms, reconstruction_term
from aae_keras.networks import check_network
from aae_keras.priors import Prior


class LatentZAAE(AdversarialModel):
    """Latent z, pushed to a prior.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded code from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(code)) | discriminator |
    | generator | -log D(code) | encoder |

    Args:
        encoder: Functional model, `image` to `z` (or to what another `Posterior` needs).
        decoder: Functional model, `z` to `image_logits`.
        discriminator_gauss: Functional model, z to one logit.
        prior: `Prior` of z.
        **kwargs: See `PhasedModel`.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or the prior other dimensions.
    """

    decoder_inputs: tuple[str, ...] = ("z",)
    # The code that the discriminator judges.
    judged = "z"

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator_gauss: keras.Model,
        prior: Prior,
        **kwargs: Any,
    ):
        super().__init__(encoder, **kwargs)
        check_network("decoder", decoder, self.decoder_inputs, ["image_logits"])
        check_network("discriminator_gauss", discriminator_gauss, None, None)
        check_prior("z", prior, encoder, self.posterior.outputs[0])
        self.decoder = decoder
        self.discriminator_gauss = discriminator_gauss
        self.prior = prior

    def build_terms(self) -> list[Term]:
        """The rows of the table above."""
        needs_labels = self.latent_y == LatentY.GIVEN
        return [
            reconstruction_term(self, needs_labels=needs_labels),
            *adversarial_terms(self, "gauss", self.discriminator_gauss, code=self.judged),
        ]

    @property
    def priors(self) -> dict[str, Prior]:
        """See `PhasedModel.priors`."""
        return {"z": self.prior}

    def get_config(self) -> dict[str, Any]:
        """See `PhasedModel.get_config`."""
        return {
            **super().get_config(),
            "decoder": self.decoder,
            "discriminator_gauss": self.discriminator_gauss,
        }
