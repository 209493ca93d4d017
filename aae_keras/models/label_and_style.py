"""What the settings with both codes share: latent y for the label, latent z for the style."""

from aae_keras.models.base import AdversarialModel
from aae_keras.networks import check_network


class LabelAndStyleAAE(AdversarialModel):
    """Latent y, pushed to a categorical prior, and latent z, pushed to a normal.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded code from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(code)), for y plus for z | discriminators |
    | generator | -log D(code), for y plus for z | encoder |

    Args:
        networks: Dict of further networks by role, or None.
        encoder, decoder, discriminator_cat, discriminator_gauss, categorical_prior, gaussian_prior:
            See the subclasses.
        decoder_inputs: Names of the decoder's inputs.
        **kwargs: See `AdversarialModel`.
    """

    def __init__(
        self,
        encoder,
        decoder,
        discriminator_cat,
        discriminator_gauss,
        categorical_prior,
        gaussian_prior,
        networks=None,
        decoder_inputs=("y", "z"),
        **kwargs,
    ):
        check_network("decoder", decoder, decoder_inputs, ["image_logits"])
        check_network("discriminator_cat", discriminator_cat, None, None)
        check_network("discriminator_gauss", discriminator_gauss, None, None)
        parts = {
            "encoder": encoder,
            "decoder": decoder,
            "discriminator_cat": discriminator_cat,
            "discriminator_gauss": discriminator_gauss,
            **(networks or {}),
            "categorical_prior": categorical_prior,
            "gaussian_prior": gaussian_prior,
        }
        super().__init__(parts, priors={"y": categorical_prior, "z": gaussian_prior}, **kwargs)

    def build_terms(self):
        """The rows of the table above."""
        return [
            self.reconstruction_term(*self.code_networks()),
            *self.adversarial_terms("cat", self.discriminator_cat, code="y"),
            *self.adversarial_terms("gauss", self.discriminator_gauss, code="z"),
        ]

    def code_networks(self):
        """Networks between encoder and decoder, which reconstruction moves too."""
        return []

    @property
    def categories(self):
        """See `AdversarialModel.categories`."""
        return self.categorical_prior.dim
