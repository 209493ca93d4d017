"""The supervised adversarial autoencoder: style and content apart (section 4 of the paper)."""

from typing import Any

import keras
import tensorflow as tf

from aae_keras.models.elements import Element, class_indices, unpack_training
from aae_keras.models.latent_y import LatentY
from aae_keras.models.matching import check_judge_of_z
from aae_keras.models.objective import Batch, Named
from aae_keras.models.settings.latent_z import LatentZAAE
from aae_keras.networks import input_shapes
from aae_keras.priors import Prior


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
        **kwargs: See `PhasedModel`.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or a prior other dimensions.
    """

    latent_y = LatentY.GIVEN
    decoder_inputs = ("y", "z")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator_gauss: keras.Model,
        gaussian_prior: Prior,
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, discriminator_gauss, gaussian_prior, **kwargs)
        self.gaussian_prior = gaussian_prior
        check_judge_of_z(discriminator_gauss, gaussian_prior.dim, self.categories)

    def make_batch(self, data: Element) -> Batch:
        """The `Batch` of the labelled images."""
        inputs, labels, _ = unpack_training(data, needs_labels=True)
        return self.batch_of(self.to_images(inputs["labeled"]), None, class_indices(labels))

    def code_of(self, batch: Batch, training: bool) -> Named:
        """Latent z, and the one-hot label as `y`, where it is known."""
        code = super().code_of(batch, training)
        if batch.labels is None:
            return code
        return code | {"y": tf.one_hot(batch.labels, self.categories)}

    @property
    def categories(self) -> int:
        """See `PhasedModel.categories`."""
        return input_shapes(self.decoder)["y"][-1]

    def get_config(self) -> dict[str, Any]:
        """See `PhasedModel.get_config`."""
        return {**super().get_config(), "gaussian_prior": self.gaussian_prior}
