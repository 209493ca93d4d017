"""Unsupervised clustering (section 6 of the paper), with the additions of its later users."""

import functools
from typing import Any, cast

import keras
import tensorflow as tf
from keras import ops

from aae_keras import losses, ranges
from aae_keras.models.aae import Forward
from aae_keras.models.latent_y import LatentY
from aae_keras.models.objective import Named, Term
from aae_keras.models.settings.label_and_style import LabelAndStyleAAE
from aae_keras.networks import call_network, check_network
from aae_keras.priors import CategoricalPrior

# Of the running mean of y that a balanced prior samples against: about the last hundred steps.
USAGE_DECAY = 0.99


@keras.saving.register_keras_serializable(package="aae_keras")
class ClusteringAAE(LabelAndStyleAAE):
    """Latent y, pushed to a categorical prior without any label, is the cluster; z the style.

    | phase | minimises | moves |
    |---|---|---|
    | reconstruction | distance of the decoded code from the clean image | encoder, decoder |
    | discriminator | -log D(prior sample) - log(1 - D(code)), for y plus for z | discriminators |
    | generator | -log D(code), for y plus for z | encoder |

    The additions are terms of the reconstruction phase, each there only if asked for:

    | argument | adds |
    |---|---|
    | `cyclic_loss` | the encoder finds in the decoded image the code that made it |
    | `z_penalty` | half the squared length of z |
    | `mode_decoder` | images decoded of y alone: the typical image of each cluster |
    | `mode_distance` | images decoded of different y at z = 0 are kept apart |

    Args:
        *parts: Networks and priors, as of `LabelAndStyleAAE`.
        mode_decoder: Functional model, `y` to `image_logits`; or None.
        cyclic_loss, z_penalty, mode_distance: Weights of the terms; 0 leaves them out.
        balanced_prior: Whether to sample categories more often the more rarely the encoder uses
            them. The prior of y must be a `CategoricalPrior` without shares of its own.
        **kwargs: See `LabelAndStyleAAE`, whose arguments may be given by name too.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or a number is out of range.
    """

    latent_y = LatentY.CLUSTER

    def __init__(
        self,
        *parts: Any,
        mode_decoder: keras.Model | None = None,
        cyclic_loss: float = 0.0,
        z_penalty: float = 0.0,
        mode_distance: float = 0.0,
        balanced_prior: bool = False,
        **kwargs: Any,
    ):
        super().__init__(*parts, **kwargs)
        if mode_decoder is not None:
            check_network("mode_decoder", mode_decoder, ["y"], ["image_logits"])
        self.mode_decoder = mode_decoder
        self.cyclic_loss = ranges.checked("cyclic_loss", cyclic_loss)
        self.z_penalty = ranges.checked("z_penalty", z_penalty)
        self.mode_distance = ranges.checked("mode_distance", mode_distance)
        self.balanced_prior = bool(balanced_prior)
        if balanced_prior:
            prior = self.categorical_prior
            if not isinstance(prior, CategoricalPrior) or prior.shares is not None:
                raise ValueError(
                    "`balanced_prior` draws categories by their use alone, so that the prior of y "
                    f"must be a CategoricalPrior without shares. Received: {prior.get_config()}"
                )
            self.usage = self.add_weight(
                shape=(self.categorical_prior.dim,),
                initializer=keras.initializers.Constant(1 / self.categorical_prior.dim),
                trainable=False,
                aggregation="mean",
                name="usage",
            )

    def build_terms(self) -> list[Term]:
        """The rows of the tables above."""
        terms = super().build_terms()
        addition = functools.partial(Term, phase="reconstruction")
        encoder, decoder = self.encoder.trainable_variables, self.decoder.trainable_variables
        if self.cyclic_loss:
            variables, weight = encoder + decoder, self.cyclic_loss
            terms.append(
                addition("cyclic_loss", loss=self._cycle, variables=variables, weight=weight)
            )
        if self.z_penalty:
            terms.append(
                addition(
                    "z_penalty",
                    loss=lambda forward: losses.half_squared_length(forward.code["z"]),
                    variables=encoder,
                    weight=self.z_penalty,
                )
            )
        if self.mode_decoder is not None:
            variables = self.mode_decoder.trainable_variables
            variables = variables if self.detached_y else encoder + variables
            terms.append(addition("mode_loss", loss=self._mode_loss, variables=variables))
        if self.mode_distance:
            terms.append(
                addition(
                    "mode_distance",
                    loss=self._mode_distance,
                    variables=decoder,
                    weight=self.mode_distance,
                    per="batch",
                )
            )
        return terms

    def decode_modes(self, y: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Image logits that the mode decoder draws of y alone."""
        return call_network(self.mode_decoder, {"y": y}, training)["image_logits"]

    def modes(self, training: bool = False) -> tf.Tensor:
        """The decoder's images of each category at z = 0, in [0, 1], one row per category."""
        categories = self.categorical_prior.dim
        code = {"y": ops.eye(categories), "z": ops.zeros((categories, self.posterior.z_dim))}
        return ops.sigmoid(self.decode(code, training))

    def sample_priors(self, count: tf.Tensor, labels: tf.Tensor | None) -> Named:
        """Samples of both priors, of y by the usage of its categories if balanced."""
        samples = super().sample_priors(count, labels)
        if self.balanced_prior:
            # As often as a category was missing so far, and never less than now and then.
            weights = 1.0 / (self.usage + 0.1 / self.categories)
            prior = cast(CategoricalPrior, self.categorical_prior)  # the one that takes weights
            samples["y"] = prior.sample(count, self.stream("prior of y"), weights)
        return samples

    def after_step(self, forward: Forward) -> None:
        """Keep count of how much each category is used, too."""
        super().after_step(forward)
        if self.balanced_prior:
            now = ops.mean(forward.code["y"], axis=0)
            self.usage.assign_add((1 - USAGE_DECAY) * (now - self.usage))

    def get_config(self) -> dict[str, Any]:
        """See `PhasedModel.get_config`."""
        return {
            **super().get_config(),
            "mode_decoder": self.mode_decoder,
            "cyclic_loss": self.cyclic_loss,
            "z_penalty": self.z_penalty,
            "mode_distance": self.mode_distance,
            "balanced_prior": self.balanced_prior,
        }

    def _mode_distance(self, forward):
        # The moving statistics of batch normalisation are those of decoded images, not of these.
        with keras.StatelessScope():
            return losses.mode_distance_loss(self.modes(training=True))

    def _cycle(self, forward):
        # Not in training mode: the moving statistics of batch normalisation are of real images.
        decoded = self.posterior.inputs(ops.sigmoid(forward.image_logits), None)
        outputs = call_network(self.encoder, decoded, training=False)
        code_again = {"y_logits": outputs["y_logits"], "z": self.posterior.z(outputs, None)}
        return losses.cyclic_loss(forward.code, code_again)

    def _mode_loss(self, forward):
        distance, y = losses.RECONSTRUCTION[self.reconstruction], self.decoded(forward.code)["y"]
        return distance(forward.batch.images, self.decode_modes(y, training=True))
