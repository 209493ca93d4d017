"""The semi-supervised adversarial autoencoder (section 5 of the paper)."""

import keras

from aae_keras.models.latent_y import LatentY
from aae_keras.models.objective import Term, classification_term
from aae_keras.models.settings.label_and_style import LabelAndStyleAAE


@keras.saving.register_keras_serializable(package="aae_keras")
class SemiSupervisedAAE(LabelAndStyleAAE):
    """Latent y, pushed to a categorical prior, is the label; latent z, pushed to a normal, style.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded code from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(code)), for y plus for z | discriminators |
    | generator | -log D(code), for y plus for z | encoder |
    | classification | cross-entropy of y on labelled images | encoder without its z head |

    Its arguments are those of `LabelAndStyleAAE`.
    """

    latent_y = LatentY.CLASS

    def build_terms(self) -> list[Term]:
        """The rows of the table above."""
        return [*super().build_terms(), classification_term(self)]
