"""The supervised adversarial autoencoder: style and content apart (section 4 of the paper)."""

import keras
import tensorflow as tf

from aae_keras.images import to_unit_range
from aae_keras.models.latent_z import LatentZAAE, beside
from aae_keras.models.step import unpack_training
from aae_keras.networks import input_shapes


@keras.saving.register_keras_serializable(package="aae_keras")
class SupervisedAAE(LatentZAAE):
    """The decoder is told the label; latent z, pushed to a normal, keeps the style.

    It learns from the labelled images alone.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded (label, z) from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(z)) | discriminator |
    | generator | -log D(z) | encoder |

    The game pushes the z of all images to the normal, and each class may still have a part of it. A
    discriminator that is told the label pushes the z of each class to the whole normal.

    Args:
        encoder: Functional model, `image` to `z` (or to what another `Posterior` needs).
        decoder: Functional model, `y` (the one-hot label) and `z` to `image_logits`.
        discriminator_gauss: Functional model, z to one logit; or to be told the label, one input of
            latent_dim + classes dimensions (z, then the one-hot label).
        gaussian_prior: `Prior` of z.
        **kwargs: See `AdversarialModel`.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or a prior other dimensions.
    """

    told_labels = True

    def __init__(self, encoder, decoder, discriminator_gauss, gaussian_prior, **kwargs):
        priors = {"gaussian_prior": gaussian_prior}
        super().__init__(
            encoder, decoder, discriminator_gauss, priors, decoder_inputs=("y", "z"), **kwargs
        )
        (found,) = input_shapes(discriminator_gauss).values()
        expected = gaussian_prior.dim, gaussian_prior.dim + self.categories
        if found[-1] not in expected:
            raise ValueError(
                f"`discriminator_gauss` must take the {expected[0]} dimensions of z, or "
                f"{expected[1]}, with one for each class. Received: shape {found}"
            )

    @property
    def judged(self):
        """What the discriminator judges: z, or z beside the label."""
        (found,) = input_shapes(self.discriminator_gauss).values()
        return "z" if found[-1] == self.gaussian_prior.dim else "z_and_label"

    def sample_priors(self, count, labels, seeds):
        """Samples of z, beside the labels of the batch if the discriminator is told them."""
        z = super().sample_priors(count, labels, seeds)["z"]
        return {"z": z, "z_and_label": beside(z, labels, self.categories)}

    def draw(self, data):
        """The labelled images are the batch."""
        inputs, labels = unpack_training(data, needs_labels=True)
        return self.batch_of(to_unit_range(inputs["labeled"]), None, labels)

    def code_of(self, batch, training):
        """Latent z, and the one-hot label as `y`, where it is known."""
        code = super().code_of(batch, training)
        if batch.labels is None:
            return code
        return code | {
            "y": tf.one_hot(batch.labels, self.categories),
            "z_and_label": beside(code["z"], batch.labels, self.categories),
        }

    @property
    def categories(self):
        """See `AdversarialModel.categories`."""
        return input_shapes(self.decoder)["y"][-1]
