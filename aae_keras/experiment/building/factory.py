"""From a `Config` to data and to a compiled model: the one file that knows all the parts."""

import dataclasses
import logging
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

from aae_keras import data as data_module
from aae_keras import models, priors
from aae_keras.data import Data
from aae_keras.experiment.building import optimization, parts
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.run_folder import runs

log = logging.getLogger(__name__)

# Where a configuration states its `least_steps`: in shorter epochs, pauses would take longer.
STEPS_OF_AN_EPOCH = 10


def load_data(
    config: Config, distances: Callable[[str], np.ndarray | None] = lambda fingerprint: None
) -> Data:
    """The data that a configuration names; see `data.load`.

    Args:
        config: The `Config`.
        distances: Function of the split's fingerprint to how far its images are from their
            neighbours, or None where that must be computed. Asked only if training needs them.
    """
    data = read_data(config)
    if not config.needs_distances:
        return data
    return data.with_distances(distances(data.split.fingerprint()))


def read_data(config: Config) -> Data:
    """The same without what training alone asks of it."""
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
        channels=config.channels,
        fit=config.fit,
        background=config.background,
        pixel_range=config.pixel_range,
        skip_unreadable=config.skip_unreadable,
        labels=config.labels,
        streaming=config.streaming,
        batch_size=config.batch_size,
        labeled_batch_size=config.labeled_batch_size,
    )
    return data.with_steps(STEPS_OF_AN_EPOCH) if config.least_steps else data


def load_trained(
    folder: pathlib.Path | str, **where: str
) -> tuple[runs.Run, Data, models.AdversarialModel]:
    """A finished run, its data and its model, which computes in float32.

    Args:
        folder: The run folder.
        **where: `dataset`, `data_dir` or `labels`, if these lie elsewhere now.

    Returns:
        `Run`, `Data`, model.

    Raises:
        DataError, RunError, UserError: If one of them cannot be used, or the training part of the
            data is not what the run was trained on.
    """
    run = runs.open_trained(folder)
    elsewhere: dict[str, Any] = {**where}
    data = read_data(dataclasses.replace(run.config, **elsewhere))
    runs.check_fingerprint(run, data.split.fingerprint(), where.get("dataset", ""))
    model = models.load_model(run.model_file)
    for weight in model.weights:
        if not np.isfinite(weight).all():
            raise runs.RunError(
                f"{run.model_file} holds NaN or infinite weights, in {weight.path}: nothing that "
                "it says would be true. Train a new run, with lower rates."
            )
    return run, data, models.in_float32(model)


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
    networks_of = parts.Networks(config, data)
    shared = _shared_options(config, data, networks_of.shares)
    return _SETTINGS[config.setting](config, networks_of, shared)


def _labels_only(config, networks_of, shared):
    return models.LabelsOnly(networks_of.encoder(), **shared)


def _clusters_only(config, networks_of, shared):
    return models.ClustersOnly(networks_of.encoder(), **shared)


def _basic(config, networks_of, shared):
    return models.BasicAAE(
        networks_of.encoder(with_y=False),
        networks_of.decoder(with_y=False),
        networks_of.discriminator_gauss(),
        parts.build_prior(config),
        **shared,
    )


def _label_informed(config, networks_of, shared):
    classes = networks_of.categories
    return models.LabelInformedAAE(
        networks_of.encoder(with_y=False),
        networks_of.decoder(with_y=False),
        networks_of.discriminator_gauss(beside_z=classes + 1),  # one for "label unknown"
        parts.build_prior(config, components=classes),
        **shared,
    )


def _supervised(config, networks_of, shared):
    informed = config.informed_discriminator
    return models.SupervisedAAE(
        networks_of.encoder(with_y=False),
        networks_of.decoder(),
        networks_of.discriminator_gauss(beside_z=networks_of.categories if informed else 0),
        parts.build_prior(config),
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
    "clusters-only": _clusters_only,
}


def _shared_options(config, data, shares):
    """What every setting takes."""
    names = ("input_noise", "input_dropout", "reconstruction", "encoder_average", "seed")
    options = {name: getattr(config, name) for name in names}
    return options | {"extra_terms": extra_terms(config, data, shares)}


def extra_terms(
    config: Config, data: Data, shares: list[float] | None = None
) -> list[models.Regularizer]:
    """The regularizers that a configuration asks for by name; `shares` is p(y).

    The fields `NAME_weight` and `NAME_fade` give the weight, every other `NAME_OPTION` an argument.
    Vectors have no shifts: where these are asked for they are left out, and a line says so.
    """
    sources: list[models.Regularizer] = []
    for name in config.extra_terms:
        if name == "shift" and not models.Shift.suits(data.image_shape):
            log.warning("The term shift is left out: these are vectors, no images.")
            continue
        prefix = f"{name}_"
        options = {
            field.name.removeprefix(prefix): getattr(config, field.name)
            for field in dataclasses.fields(config)
            if field.metadata["term"] == name
        }
        if fade := options.pop("fade", ()):
            steps = (epoch * data.steps_per_epoch for epoch in fade)
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
        "gaussian_prior": parts.build_prior(config),
    }
