"""What the settings without latent y share: latent z alone, and one discriminator."""

import tensorflow as tf

from aae_keras.models.base import AdversarialModel
from aae_keras.networks import check_network


def beside(z, labels, classes):
    """z, then the one-hot label: what a discriminator that is told the label judges."""
    return tf.concat([z, tf.one_hot(labels, classes)], axis=1)


class LatentZAAE(AdversarialModel):
    """Latent z, pushed to a prior.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded code from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(code)) | discriminator |
    | generator | -log D(code) | encoder |

    Args:
        encoder, decoder, discriminator_gauss: See the subclasses.
        priors: Dict of one prior, of z, by its name in the subclass's constructor.
        decoder_inputs: Names of the decoder's inputs.
        **kwargs: See `AdversarialModel`.
    """

    has_y = False
    # What the discriminator judges.
    judged = "z"

    def __init__(
        self, encoder, decoder, discriminator_gauss, priors, decoder_inputs=("z",), **kwargs
    ):
        check_network("decoder", decoder, decoder_inputs, ["image_logits"])
        check_network("discriminator_gauss", discriminator_gauss, None, None)
        parts = {
            "encoder": encoder,
            "decoder": decoder,
            "discriminator_gauss": discriminator_gauss,
            **priors,
        }
        (prior,) = priors.values()
        super().__init__(parts, priors={"z": prior}, **kwargs)

    def build_terms(self):
        """The rows of the table above."""
        return [
            self.reconstruction_term(needs_labels=self.told_labels),
            *self.adversarial_terms("gauss", self.discriminator_gauss, code=self.judged),
        ]
