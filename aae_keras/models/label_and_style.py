"""What the settings with both codes share: latent y for the label, latent z for the style."""

from typing import Any

import keras

from aae_keras.models.aae import AdversarialModel
from aae_keras.models.objective import Term, adversarial_terms, reconstruction_term
from aae_keras.models.phased import check_prior
from aae_keras.networks import check_network
from aae_keras.priors import Prior


class LabelAndStyleAAE(AdversarialModel):
    """Latent y, pushed to a categorical prior, and latent z, pushed to a normal.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded code from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(code)), for y plus for z | discriminators |
    | generator | -log D(code), for y plus for z | encoder |

    Args:
        encoder: Functional model, `image` to `y_logits` and `z`.
        decoder: Functional model, `y` and `z` to `image_logits`.
        discriminator_cat: Functional model, y to one logit.
        discriminator_gauss: Functional model, z to one logit.
        categorical_prior: `Prior` of y.
        gaussian_prior: `Prior` of z.
        **kwargs: See `PhasedModel`.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or a prior other dimensions.
    """

    decoder_inputs: tuple[str, ...] = ("y", "z")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator_cat: keras.Model,
        discriminator_gauss: keras.Model,
        categorical_prior: Prior,
        gaussian_prior: Prior,
        **kwargs: Any,
    ):
        super().__init__(encoder, **kwargs)
        check_network("decoder", decoder, self.decoder_inputs, ["image_logits"])
        check_network("discriminator_cat", discriminator_cat, None, None)
        check_network("discriminator_gauss", discriminator_gauss, None, None)
        check_prior("y", categorical_prior, encoder, "y_logits")
        check_prior("z", gaussian_prior, encoder, self.posterior.outputs[0])
        self.decoder = decoder
        self.discriminator_cat = discriminator_cat
        self.discriminator_gauss = discriminator_gauss
        self.categorical_prior = categorical_prior
        self.gaussian_prior = gaussian_prior

    def build_terms(self) -> list[Term]:
        """The rows of the table above."""
        return [
            reconstruction_term(self, *self.code_networks()),
            *adversarial_terms(self, "cat", self.discriminator_cat, code="y"),
            *adversarial_terms(self, "gauss", self.discriminator_gauss, code="z"),
        ]

    def code_networks(self) -> list[keras.Model]:
        """Networks between encoder and decoder, which reconstruction moves too."""
        return []

    @property
    def priors(self) -> dict[str, Prior]:
        """See `PhasedModel.priors`."""
        return {"y": self.categorical_prior, "z": self.gaussian_prior}

    @property
    def categories(self) -> int:
        """See `PhasedModel.categories`."""
        return self.categorical_prior.dim

    def get_config(self) -> dict[str, Any]:
        """See `PhasedModel.get_config`."""
        return {
            **super().get_config(),
            "decoder": self.decoder,
            "discriminator_cat": self.discriminator_cat,
            "discriminator_gauss": self.discriminator_gauss,
            "categorical_prior": self.categorical_prior,
            "gaussian_prior": self.gaussian_prior,
        }
