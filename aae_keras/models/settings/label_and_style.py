"""What the settings with both codes share: latent y for the label, latent z for the style."""

from typing import Any

import keras
import tensorflow as tf

from aae_keras import ranges
from aae_keras.models.aae import AdversarialModel
from aae_keras.models.matching import check_judge, check_judge_of_z, check_prior
from aae_keras.models.objective import Named, Term, adversarial_terms, reconstruction_term
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
        discriminator_gauss: Functional model, z to one logit; or to be told y, one input of
            latent_dim + categories dimensions (z, then y).
        categorical_prior: `Prior` of y.
        gaussian_prior: `Prior` of z.
        y_game_weight, z_game_weight: Factors of the generator's loss: how hard the encoder is
            pushed to either prior, relative to its other terms.
        detached_y: Whether the decoder's gradient leaves y alone: reconstruction then shapes z and
            the decoder, not what counts as a class.
        **kwargs: See `PhasedModel`.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, a prior other dimensions, or a number
            is out of range.
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
        *,
        y_game_weight: float = 1.0,
        z_game_weight: float = 1.0,
        detached_y: bool = False,
        **kwargs: Any,
    ):
        super().__init__(encoder, **kwargs)
        check_network("decoder", decoder, self.decoder_inputs, ["image_logits"])
        check_prior("y", categorical_prior, encoder, "y_logits")
        check_judge("discriminator_cat", discriminator_cat, {categorical_prior.dim: "y"})
        check_prior("z", gaussian_prior, encoder, self.posterior.outputs[0])
        check_judge_of_z(discriminator_gauss, gaussian_prior.dim, categorical_prior.dim)
        self.y_game_weight = ranges.checked("y_game_weight", y_game_weight)
        self.z_game_weight = ranges.checked("z_game_weight", z_game_weight)
        self.detached_y = bool(detached_y)
        self.decoder = decoder
        self.discriminator_cat = discriminator_cat
        self.discriminator_gauss = discriminator_gauss
        self.categorical_prior = categorical_prior
        self.gaussian_prior = gaussian_prior

    def build_terms(self) -> list[Term]:
        """The rows of the table above."""
        return [
            reconstruction_term(self, *self.code_networks(), shapes_y=not self.detached_y),
            *adversarial_terms(self, "cat", self.discriminator_cat, "y", self.y_game_weight),
            *adversarial_terms(self, "gauss", self.discriminator_gauss, "z", self.z_game_weight),
        ]

    def decode(self, code: Named, training: bool = False) -> tf.Tensor:
        """See `AdversarialModel.decode`."""
        return super().decode(self.decoded(code), training)

    def decoded(self, code: Named) -> Named:
        """A code as the decoder's gradient may know it."""
        if not self.detached_y:
            return code
        code = {name: tf.convert_to_tensor(value) for name, value in code.items()}
        return code | {"y": tf.stop_gradient(code["y"])}

    def code_networks(self) -> list[keras.Model]:
        """Networks between encoder and decoder, which reconstruction moves too."""
        return []

    @property
    def priors(self) -> dict[str, Prior]:
        """See `PhasedModel.priors`."""
        return {"y": self.categorical_prior, "z": self.gaussian_prior}

    def get_config(self) -> dict[str, Any]:
        """See `PhasedModel.get_config`."""
        return {
            **super().get_config(),
            "decoder": self.decoder,
            "discriminator_cat": self.discriminator_cat,
            "discriminator_gauss": self.discriminator_gauss,
            "categorical_prior": self.categorical_prior,
            "gaussian_prior": self.gaussian_prior,
            "y_game_weight": self.y_game_weight,
            "z_game_weight": self.z_game_weight,
            "detached_y": self.detached_y,
        }
