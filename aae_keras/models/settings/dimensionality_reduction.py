"""Dimensionality reduction with learned cluster heads (section 7 of the paper)."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from aae_keras import losses, ranges
from aae_keras.models.latent_y import LatentY
from aae_keras.models.objective import Named, Term, classification_term
from aae_keras.models.settings.label_and_style import LabelAndStyleAAE
from aae_keras.networks import call_network, check_network, output_shapes


@keras.saving.register_keras_serializable(package="aae_keras")
class DimensionalityReductionAAE(LabelAndStyleAAE):
    """The representation is W_C y + z: a cluster head for the label, and a style around it.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded W_C y + z from the image | encoder, head, decoder |
    | the same | how much closer than `head_threshold` two heads are | head |
    | discriminator | -log D(prior sample) - log(1 - D(code)), for y plus for z | discriminators |
    | generator | -log D(code), for y plus for z | encoder |
    | classification | if semi-supervised: cross-entropy of y on labelled images | encoder |

    Args:
        *parts: Networks and priors, as of `LabelAndStyleAAE`; but the decoder takes one input,
            `representation`.
        cluster_head: Functional model, `y` to `head`, as wide as z: a linear map W_C.
        head_threshold: Distance from which on two heads do not push each other.
        head_weight: Weight of that cost; 0 leaves it out.
        semi_supervised: Whether there are labels to learn from.
        **kwargs: See `LabelAndStyleAAE`, whose arguments may be given by name too.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or a number is out of range.
    """

    latent_y = LatentY.CLUSTER
    decoder_inputs = ("representation",)

    def __init__(
        self,
        *parts: Any,
        cluster_head: keras.Model,
        head_threshold: float = 6.0,
        head_weight: float = 1.0,
        semi_supervised: bool = True,
        **kwargs: Any,
    ):
        super().__init__(*parts, **kwargs)
        check_network("cluster_head", cluster_head, ["y"], ["head"])
        width = output_shapes(cluster_head)["head"][-1]
        if width != self.posterior.z_dim:
            raise ValueError(
                f"`cluster_head` must be as wide as z, {self.posterior.z_dim} dimensions. "
                f"Received: {width}"
            )
        self.cluster_head = cluster_head
        self.head_threshold = ranges.checked("head_threshold", head_threshold)
        self.head_weight = ranges.checked("head_weight", head_weight)
        self.semi_supervised = bool(semi_supervised)
        if semi_supervised:
            self.latent_y = LatentY.CLASS

    def build_terms(self) -> list[Term]:
        """The rows of the table above."""
        terms = super().build_terms()
        if self.head_weight:
            terms.append(
                Term(
                    "head_distance",
                    phase="reconstruction",
                    loss=lambda forward: losses.head_distance_loss(
                        self.heads(), self.head_threshold
                    ),
                    variables=self.cluster_head.trainable_variables,
                    weight=self.head_weight,
                    per="batch",
                )
            )
        if self.semi_supervised:
            terms.append(classification_term(self))
        return terms

    def code_networks(self) -> list[keras.Model]:
        """See `LabelAndStyleAAE.code_networks`."""
        return [self.cluster_head]

    def encode(
        self, images: tf.Tensor, training: bool = False, noise: tf.Tensor | None = None
    ) -> Named:
        """See `AdversarialModel.encode`; with `representation`, W_C y + z, (batch, latent_dim)."""
        code = super().encode(images, training, noise)
        return code | {"representation": self.represent(code, training)}

    def represent(self, code: Named, training: bool = False) -> tf.Tensor:
        """W_C y + z of a code's `y` and `z`."""
        y = self.decoded(code)["y"]
        head = call_network(self.cluster_head, {"y": y}, training)["head"]
        return head + code["z"]

    def decode(self, code: Named, training: bool = False) -> tf.Tensor:
        """See `AdversarialModel.decode`; of `representation`, or of `y` and `z`."""
        if "representation" not in code:
            code = code | {"representation": self.represent(code, training)}
        return super(LabelAndStyleAAE, self).decode(code, training)

    def heads(self) -> tf.Tensor:
        """The cluster heads, one row per category, shape (categories, latent_dim)."""
        categories = ops.eye(self.categorical_prior.dim)
        return call_network(self.cluster_head, {"y": categories}, training=False)["head"]

    def get_config(self) -> dict[str, Any]:
        """See `PhasedModel.get_config`."""
        return {
            **super().get_config(),
            "cluster_head": self.cluster_head,
            "head_threshold": self.head_threshold,
            "head_weight": self.head_weight,
            "semi_supervised": self.semi_supervised,
        }
