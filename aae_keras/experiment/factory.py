"""From a `Config` to data and to a compiled model: the one file that knows all the parts."""

import dataclasses
import logging
import pathlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from aae_keras import data as data_module
from aae_keras import models, networks, priors
from aae_keras.data import Data
from aae_keras.experiment import consistency, optimization, runs
from aae_keras.experiment.config import Config

log = logging.getLogger(__name__)


def load_data(
    config: Config, distances: Callable[[str], np.ndarray | None] = lambda fingerprint: None
) -> Data:
    """The data that a configuration names; see `data.load`.

    Args:
        config: The `Config`.
        distances: Function of the split's fingerprint to how far its images are from their
            neighbours, or None where that must be computed. Asked only if training needs them.
    """
    data = data_module.load(
        config.dataset,
        data_dir=config.data_dir,
        num_labeled=config.num_labeled,
        use_labels=config.learns_from_labels,
        validation_size=config.validation_size,
        test_fraction=config.test_fraction,
        seed=config.seed,
        split_seed=config.split_seed,
        image_size=config.image_size,
        skip_unreadable=config.skip_unreadable,
        streaming=config.streaming,
        batch_size=config.batch_size,
        labeled_batch_size=config.labeled_batch_size,
    )
    if not config.needs_distances:
        return data
    return data.with_distances(distances(data.split.fingerprint()))


def load_trained(
    folder: pathlib.Path | str, **where: str
) -> tuple[runs.Run, Data, models.AdversarialModel]:
    """A finished run, its data and its model, which computes in float32.

    Args:
        folder: The run folder.
        **where: `dataset` or `data_dir`, if the data lies elsewhere now.

    Returns:
        `Run`, `Data`, model.

    Raises:
        DataError, RunError, UserError: If one of them cannot be used, or the training part of the
            data is not what the run was trained on.
    """
    run = runs.open_trained(folder)
    elsewhere: dict[str, Any] = {**where}
    data = load_data(dataclasses.replace(run.config, **elsewhere))
    runs.check_fingerprint(run, data.split.fingerprint())
    return run, data, models.in_float32(models.load_model(run.model_file))


def build_model(config: Config, data: Data) -> models.AdversarialModel:
    """The compiled model of a configuration, for the images and classes of `data`.

    A first stage (`pretrain`) is for `training.train` to run: this is the model of the last one.
    """
    if config.pretrain:
        log.warning(
            "This model has not had its first stage, %s, which `aae_keras.train` runs; set "
            'pretrain="" if it is to do without.',
            config.pretrain,
        )
    model = build_uncompiled(config, data)
    optimization.compile_model(model, config, data.steps_per_epoch)
    return model


def build_uncompiled(config: Config, data: Data) -> models.AdversarialModel:
    """The model of a configuration's setting: its networks, its priors, its options."""
    networks_of = Networks(config, data)
    shared = _shared_options(config, data.steps_per_epoch, networks_of.shares)
    return _SETTINGS[config.setting](config, networks_of, shared)


def _labels_only(config, networks_of, shared):
    return models.LabelsOnly(networks_of.encoder(), **shared)


def _basic(config, networks_of, shared):
    return models.BasicAAE(
        networks_of.encoder(with_y=False),
        networks_of.decoder(with_y=False),
        networks_of.discriminator_gauss(),
        build_prior(config),
        **shared,
    )


def _label_informed(config, networks_of, shared):
    classes = networks_of.categories
    return models.LabelInformedAAE(
        networks_of.encoder(with_y=False),
        networks_of.decoder(with_y=False),
        networks_of.discriminator_gauss(beside_z=classes + 1),  # one for "label unknown"
        build_prior(config, components=classes),
        **shared,
    )


def _supervised(config, networks_of, shared):
    informed = config.informed_discriminator
    return models.SupervisedAAE(
        networks_of.encoder(with_y=False),
        networks_of.decoder(),
        networks_of.discriminator_gauss(beside_z=networks_of.categories if informed else 0),
        build_prior(config),
        **shared,
    )


def _semi_supervised(config, networks_of, shared):
    parts = _both_codes(config, networks_of)
    return models.SemiSupervisedAAE(decoder=networks_of.decoder(), **parts, **shared)


def _clustering(config, networks_of, shared):
    return models.ClusteringAAE(
        decoder=networks_of.decoder(),
        mode_decoder=networks_of.mode_decoder() if config.mode_decoder else None,
        cyclic_loss=config.cyclic_loss,
        z_penalty=config.z_penalty,
        mode_distance=config.mode_distance,
        balanced_prior=config.balanced_prior,
        **_both_codes(config, networks_of),
        **shared,
    )


def _dimensionality_reduction(config, networks_of, shared):
    return models.DimensionalityReductionAAE(
        decoder=networks_of.decoder(with_y=False, latent_name="representation"),
        cluster_head=networks_of.cluster_head(),
        head_threshold=config.head_threshold,
        head_weight=config.head_weight,
        semi_supervised=config.learns_from_labels,
        **_both_codes(config, networks_of),
        **shared,
    )


_SETTINGS = {
    "semi-supervised": _semi_supervised,
    "supervised": _supervised,
    "clustering": _clustering,
    "dimensionality-reduction": _dimensionality_reduction,
    "basic": _basic,
    "label-informed": _label_informed,
    "labels-only": _labels_only,
}


def class_shares(config: Config, data: Data) -> list[float] | None:
    """How often each class occurs, by `class_prior`; None for equally often, or for clusters.

    Raises:
        ValueError: If it states another number of shares than there are classes.
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
        raise ValueError(
            f"`class_prior` must have a share for each of the {classes} classes, "
            f"{', '.join(data.class_names[:5])}... Received: class_prior={config.class_prior!r}"
        )
    return shares


def _shared_options(config, steps_per_epoch, shares):
    """What every setting takes."""
    names = ("input_noise", "input_dropout", "reconstruction", "encoder_average", "seed")
    options = {name: getattr(config, name) for name in names}
    return options | {"extra_terms": extra_terms(config, steps_per_epoch, shares)}


def extra_terms(
    config: Config, steps_per_epoch: int, shares: list[float] | None = None
) -> list[models.Regularizer]:
    """The regularizers that a configuration asks for by name; `shares` is p(y).

    The fields `NAME_weight` and `NAME_fade` give the weight, every other `NAME_OPTION` an argument.
    """
    sources: list[models.Regularizer] = []
    for name in config.extra_terms:
        prefix = f"{name}_"
        options = {
            field.name.removeprefix(prefix): getattr(config, field.name)
            for field in dataclasses.fields(config)
            if field.metadata["term"] == name
        }
        if fade := options.pop("fade", ()):
            steps = (epoch * steps_per_epoch for epoch in fade)
            options["weight"] = models.FadeIn(options["weight"], *steps)
        if name == "marginal_entropy":
            options["shares"] = shares
        sources.append(models.EXTRA_TERMS[name](**options))
    return sources


def _both_codes(config, networks_of):
    """What every setting with priors of y and of z takes beside its decoder."""
    beside_z = networks_of.categories if config.informed_discriminator else 0
    return {
        "encoder": networks_of.encoder(),
        "discriminator_cat": networks_of.discriminator_cat(),
        "discriminator_gauss": networks_of.discriminator_gauss(beside_z),
        "y_game_weight": config.y_game_weight,
        "z_game_weight": config.z_game_weight,
        "detached_y": config.detached_y,
        "categorical_prior": priors.CategoricalPrior(networks_of.categories, networks_of.shares),
        "gaussian_prior": build_prior(config),
    }


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
            normalised_heads=self.config.batch_norm_heads,
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
