"""Label information in the adversarial regularization (section 2.3 of the paper)."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from aae_keras.models.elements import Element, class_indices, unpack_training
from aae_keras.models.matching import check_judge
from aae_keras.models.objective import Batch, Named
from aae_keras.models.settings.latent_z import LatentZAAE
from aae_keras.priors import MixturePrior


@keras.saving.register_keras_serializable(package="aae_keras")
class LabelInformedAAE(LatentZAAE):
    """Latent z, pushed to a mixture: each class to a component of its own, the rest to the whole.

    The discriminator is told the label, one-hot, with one class more for "label unknown": it
    compares a labelled code with samples of its class's component, an unlabelled one with samples
    of the whole mixture.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded z from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample, label) - log(1 - D(z, label)) | discriminator |
    | generator | -log D(z, label) | encoder |

    Args:
        encoder: Functional model, `image` to `z` (or to what another `Posterior` needs).
        decoder: Functional model, `z` to `image_logits`.
        discriminator_gauss: Functional model, one input of latent_dim + components + 1 dimensions
            (z, then the one-hot label, its last dimension "unknown"), to one logit.
        mixture_prior: `MixturePrior` of z: component k is that of class k.
        **kwargs: See `PhasedModel`.

    Raises:
        TypeError: If a network is no functional model, or the prior no mixture.
        ValueError: If a network has other inputs or outputs, or a prior other dimensions.
    """

    judged = "z_and_label"

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator_gauss: keras.Model,
        mixture_prior: MixturePrior,
        **kwargs: Any,
    ):
        if not hasattr(mixture_prior, "sample_component"):
            raise TypeError(
                "`mixture_prior` must have components, as a `MixturePrior` has. "
                f"Received: {type(mixture_prior).__name__}"
            )
        width = mixture_prior.dim + mixture_prior.num_components + 1
        parts = "z, one for each component of the prior, and one for an unknown label"
        check_judge("discriminator_gauss", discriminator_gauss, {width: parts})
        super().__init__(encoder, decoder, discriminator_gauss, mixture_prior, **kwargs)
        self.mixture_prior = mixture_prior

    def make_batch(self, data: Element) -> Batch:
        """One batch of unlabelled and labelled images; the former have the label "unknown"."""
        inputs, labels, _ = unpack_training(data, needs_labels=True)
        labels = class_indices(labels)
        labels = ops.where(labels < 0, self.unknown, labels)
        unlabeled = self.to_images(inputs["unlabeled"])
        unknown = ops.full((ops.shape(unlabeled)[0],), self.unknown, labels.dtype)
        images = ops.concatenate([unlabeled, self.to_images(inputs["labeled"])])
        return self.batch_of(images, None, ops.concatenate([unknown, labels]))

    def sample_priors(self, count: tf.Tensor, labels: tf.Tensor | None) -> Named:
        """Samples of each label's component, or of the whole mixture, with the label itself."""
        prior = self.mixture_prior
        whole = prior.sample(count, self.stream("prior of z"))
        components = ops.minimum(labels, self.unknown - 1)
        own = prior.sample_component(components, self.stream("prior of z by label"))
        z = ops.where(ops.equal(labels, self.unknown)[:, None], whole, own)
        return {"z_and_label": self._with_label(z, labels)}

    def code_of(self, batch: Batch, training: bool) -> Named:
        """Latent z, and `z_and_label`, where labels are known."""
        code = super().code_of(batch, training)
        if batch.labels is None:
            return code
        return code | {"z_and_label": self._with_label(code["z"], batch.labels)}

    def _with_label(self, z, labels):
        """What the discriminator judges: z, then the label, one-hot, "unknown" last."""
        return tf.concat([z, tf.one_hot(labels, self.unknown + 1)], axis=1)

    @property
    def classes(self) -> int:
        """See `PhasedModel.classes`."""
        return self.unknown

    @property
    def unknown(self) -> int:
        """The label of an image whose class is not known."""
        return self.mixture_prior.num_components

    def get_config(self) -> dict[str, Any]:
        """See `PhasedModel.get_config`."""
        return {**super().get_config(), "mixture_prior": self.mixture_prior}
