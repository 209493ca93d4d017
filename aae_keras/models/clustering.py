"""Unsupervised clustering (section 6 of the paper), with the additions of its later users."""

import keras
from keras import ops

from aae_keras import losses
from aae_keras.models.label_and_style import LabelAndStyleAAE
from aae_keras.models.terms import Term
from aae_keras.networks import call_network, check_network

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
        encoder, decoder, discriminator_cat, discriminator_gauss, categorical_prior,
            gaussian_prior: See `SemiSupervisedAAE`.
        mode_decoder: Functional model, `y` to `image_logits`; or None.
        cyclic_loss, z_penalty, mode_distance: Weights of the terms; 0 leaves them out.
        balanced_prior: Whether to draw categories more often the more rarely the encoder uses
            them.
        **kwargs: See `AdversarialModel`.

    Raises:
        TypeError: If a network is no functional model.
        ValueError: If a network has other inputs or outputs, or a number is out of range.
    """

    def __init__(
        self,
        encoder,
        decoder,
        discriminator_cat,
        discriminator_gauss,
        categorical_prior,
        gaussian_prior,
        *,
        mode_decoder=None,
        cyclic_loss=0.0,
        z_penalty=0.0,
        mode_distance=0.0,
        balanced_prior=False,
        **kwargs,
    ):
        weights = {
            "cyclic_loss": cyclic_loss,
            "z_penalty": z_penalty,
            "mode_distance": mode_distance,
        }
        for name, weight in weights.items():
            if not weight >= 0:
                raise ValueError(f"`{name}` must be at least 0. Received: {name}={weight}")
        if mode_decoder is not None:
            check_network("mode_decoder", mode_decoder, ["y"], ["image_logits"])
        options = {name: float(weight) for name, weight in weights.items()}
        super().__init__(
            encoder,
            decoder,
            discriminator_cat,
            discriminator_gauss,
            categorical_prior,
            gaussian_prior,
            networks={"mode_decoder": mode_decoder},
            options={**options, "balanced_prior": bool(balanced_prior)},
            **kwargs,
        )
        if balanced_prior:
            self.usage = self.add_weight(
                shape=(self.categorical_prior.dim,),
                initializer=keras.initializers.Constant(1 / self.categorical_prior.dim),
                trainable=False,
                aggregation="mean",
                name="usage",
            )

    def build_terms(self):
        """The rows of the tables above."""
        terms = super().build_terms()
        encoder, decoder = self.encoder.trainable_variables, self.decoder.trainable_variables
        distance = losses.RECONSTRUCTION[self.reconstruction]
        if self.cyclic_loss:
            terms.append(
                Term(
                    "cyclic_loss",
                    phase="reconstruction",
                    loss=self._cyclic_loss,
                    moves=encoder + decoder,
                    weight=self.cyclic_loss,
                )
            )
        if self.z_penalty:
            terms.append(
                Term(
                    "z_penalty",
                    phase="reconstruction",
                    loss=lambda forward: losses.half_squared_length(forward.code["z"]),
                    moves=encoder,
                    weight=self.z_penalty,
                )
            )
        if self.mode_decoder is not None:
            terms.append(
                Term(
                    "mode_loss",
                    phase="reconstruction",
                    loss=lambda forward: distance(
                        forward.batch.images, self.decode_modes(forward.code["y"], True)
                    ),
                    moves=encoder + self.mode_decoder.trainable_variables,
                )
            )
        if self.mode_distance:
            terms.append(
                Term(
                    "mode_distance",
                    phase="reconstruction",
                    loss=lambda forward: losses.mode_distance_loss(self.modes(training=True)),
                    moves=decoder,
                    weight=self.mode_distance,
                )
            )
        return terms

    def decode_modes(self, y, training=False):
        """Image logits that the mode decoder draws of y alone."""
        return call_network(self.mode_decoder, {"y": y}, training)["image_logits"]

    def modes(self, training=False):
        """The decoder's images of each category at z = 0, in [0, 1], one row per category."""
        categories = self.categorical_prior.dim
        code = {"y": ops.eye(categories), "z": ops.zeros((categories, self.posterior.z_dim))}
        return ops.sigmoid(self.decode(code, training))

    def sample_priors(self, count, labels, seeds):
        """Samples of both priors, of y by the usage of its categories if balanced."""
        if not self.balanced_prior:
            return super().sample_priors(count, labels, seeds)
        # As often as a category was missing so far, and never less than now and then.
        weights = 1.0 / (self.usage + 0.1 / self.categorical_prior.dim)
        return {
            "y": self.categorical_prior.sample(count, next(seeds), weights),
            "z": self.gaussian_prior.sample(count, next(seeds)),
        }

    def after_step(self, forward):
        """Keep count of how much each category is used, too."""
        super().after_step(forward)
        if self.balanced_prior:
            now = ops.mean(forward.code["y"], axis=0)
            self.usage.assign_add((1 - USAGE_DECAY) * (now - self.usage))

    def _cyclic_loss(self, forward):
        # Not in training mode: the moving statistics of batch normalisation are of real images.
        drawn = self.posterior.inputs(ops.sigmoid(forward.image_logits), None)
        outputs = call_network(self.encoder, drawn, training=False)
        again = {"y_logits": outputs["y_logits"], "z": self.posterior.z(outputs, None)}
        return losses.cyclic_loss(forward.code, again)
