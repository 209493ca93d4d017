"""The parts that a configuration describes: networks, each with a seed of its own, and priors."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from aae_keras import networks, priors
from aae_keras.data import Data
from aae_keras.errors import UserError
from aae_keras.experiment.building import optimization
from aae_keras.experiment.configuration import consistency
from aae_keras.experiment.configuration.config import Config


class Networks:
    """The networks that a configuration describes, each with a seed of its own.

    `categories` is the size of y: the clusters to be found, or else the classes of the data;
    `shares` is how often each of them occurs, None for equally often.
    """

    def __init__(self, config: Config, data: Data):
        self.config = config
        self.shape = data.image_shape
        self.categories = config.num_clusters or len(data.class_names)
        self.shares = class_shares(config, data)
        roles = ("encoder", "decoder", "cat", "gauss", "mode_decoder", "cluster_head")
        seeds = np.random.SeedSequence(config.seed).generate_state(len(roles))
        self.seeds = {role: int(seed) for role, seed in zip(roles, seeds, strict=True)}
        self.common: dict[str, Any] = {
            "hidden_units": config.hidden_units,
            "weight_stddev": config.weight_stddev,
            "precision": optimization.precision(config),
        }

    def encoder(self, with_y: bool = True) -> keras.Model:
        """From the image to y, if there is one, and z."""
        convolutional = self.config.network == "convolutional"
        build: Callable[..., keras.Model] = networks.build_encoder
        if convolutional:
            build = networks.build_convolutional_encoder
        return build(
            *self._ends(with_y),
            batch_norm=self.config.batch_norm,
            batch_norm_heads=self.config.batch_norm_heads,
            trunks=self.config.trunks,
            z_units=self.config.z_units or None,
            posterior=self.config.posterior,
            seed=self.seeds["encoder"],
            **self.common,
        )

    def decoder(self, with_y: bool = True, latent_name: str = "z") -> keras.Model:
        """From the same codes back to the image."""
        options: dict[str, Any] = {
            "latent_name": latent_name,
            "y_scale": self.config.y_scale,
            "seed": self.seeds["decoder"],
            **self.common,
        }
        if self.config.network == "convolutional":
            options["batch_norm"] = self.config.batch_norm
            return networks.build_convolutional_decoder(*self._ends(with_y), **options)
        return networks.build_decoder(*self._ends(with_y), **options)

    def mode_decoder(self) -> keras.Model:
        """From y alone."""
        return networks.build_decoder(
            self.shape, self.categories, 0, name="mode_decoder", seed=self.seeds["mode_decoder"],
            **self.common,
        )  # fmt: skip

    def cluster_head(self) -> keras.Model:
        """From y to a place among the representations."""
        seed = self.seeds["cluster_head"]
        return networks.build_cluster_head(self.categories, self.config.latent_dim, seed=seed)

    def discriminator_cat(self) -> keras.Model:
        """Of y."""
        return networks.build_discriminator(
            self.categories, seed=self.seeds["cat"], name="discriminator_cat", **self._judges
        )

    def discriminator_gauss(self, beside_z: int = 0) -> keras.Model:
        """Of z, and of so many numbers beside it."""
        return networks.build_discriminator(
            self.config.latent_dim + beside_z,
            seed=self.seeds["gauss"],
            name="discriminator_gauss",
            **self._judges,
        )

    @property
    def _judges(self):
        """What the discriminators have in common."""
        units = self.config.discriminator_units or self.config.hidden_units
        return self.common | {"hidden_units": units}

    def _ends(self, with_y):
        """What encoder and decoder have in common: image shape, sizes of y and z."""
        return self.shape, self.categories if with_y else 0, self.config.latent_dim


def build_prior(config: Config, components: int = 10) -> priors.Prior:
    """The prior of z that a configuration names; of so many components, if it has any."""
    if config.prior == "gaussian":
        return priors.GaussianPrior(config.latent_dim, config.prior_stddev)
    return priors.MIXTURES[config.prior](components, config.prior_scale)


def class_shares(config: Config, data: Data) -> list[float] | None:
    """How often each class occurs, by `class_prior`; None for equally often, or for clusters.

    Raises:
        UserError: If it states another number of shares than there are classes.
    """
    if config.num_clusters or config.class_prior == "uniform":
        return None
    classes = len(data.class_names)
    if config.class_prior == "labels":
        labels = data.split.labels[data.split.labeled_rows]
        counts = np.bincount(labels, minlength=classes) + 1  # a class of no label may occur
        return [float(share) for share in counts / counts.sum()]
    shares = consistency.shares_of(config.class_prior)
    if shares is None or len(shares) != classes:
        raise UserError(
            f"`class_prior` must have a share for each of the {classes} classes, "
            f"{', '.join(data.class_names[:5])}... Received: class_prior={config.class_prior!r}"
        )
    return shares
