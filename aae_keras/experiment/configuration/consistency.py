"""What a configuration must not say: fields that its setting has no use for, contradictions."""

import dataclasses
from typing import Any

from aae_keras.experiment.configuration.uses import why_idle
from aae_keras.experiment.configuration.vocabulary import (
    EXTRA_TERMS,
    FINDS_CLUSTERS,
    MIXTURES,
)
from aae_keras.reading import Reading


def check(config: Any) -> None:
    """Refuse a configuration that could not be followed to the letter.

    Args:
        config: A `Config`, each of whose fields is in its range.

    Raises:
        ValueError: If a field is of no use, or two contradict each other.
    """
    _check_use(config)
    _check_stages(config)
    _check_clusters(config)
    _check_terms(config)
    _check_priors(config)
    Reading(config.fit, config.background, config.pixel_range)
    if config.channels == 2:
        raise ValueError("`channels` must be 1, 3, or 0 for the data's own. Received: channels=2")
    if list(config.rate_drops) != sorted(set(config.rate_drops)):
        raise ValueError(
            "`rate_drops` must be epochs in growing order, such as 50,1000. "
            f"Received: rate_drops={config.rate_drops}"
        )


def _check_use(config):
    """Refuse fields that have no use beside the others."""
    values = vars(config)
    for field in dataclasses.fields(config):
        value = values[field.name]
        if value != field.default and (idle := why_idle(field, values)):
            beside = ", ".join(f"{name}={values[name]!r}" for name in idle.because)
            raise ValueError(f"{idle.purpose}. Received: {field.name}={value!r} with {beside}")


def _check_stages(config):
    if config.resume_from and config.pretrain:
        raise ValueError(
            "`resume_from` takes the place of a first stage: leave `pretrain` out. "
            f"Received: pretrain={config.pretrain!r} with resume_from={config.resume_from!r}"
        )
    if config.pretrain == config.setting and not config.pretrain_clusters:
        raise ValueError(
            "`pretrain` must be another setting than `setting`. "
            f"Received: {config.pretrain!r} for both"
        )
    if config.pretrain == "clusters-only" and not config.pretrain_clusters:
        raise ValueError(
            "`pretrain=clusters-only` leaves nothing but clusters: say by `pretrain_clusters` how "
            "many for each category of y. Received: pretrain_clusters=0"
        )
    counted = {config.setting} if config.pretrain_clusters else {config.setting, config.pretrain}
    for setting in FINDS_CLUSTERS:
        if setting in counted and config.num_clusters < 2:
            raise ValueError(
                f"The setting {setting} needs `num_clusters` of at least 2. "
                f"Received: num_clusters={config.num_clusters}"
            )


def _check_clusters(config):
    """Refuse what cannot be done with clusters that a first stage finds, or without them."""
    clusters = config.pretrain_clusters
    if clusters == 1:
        raise ValueError(
            "`pretrain_clusters` must be at least 2 for each category, to be merged; or 0. "
            "Received: pretrain_clusters=1"
        )
    if clusters and config.batch_norm and config.batch_norm_heads:
        raise ValueError(
            "`pretrain_clusters` teaches the last layer of y, which must not be batch "
            "normalisation: set batch_norm_heads=False. Received: batch_norm=True with "
            "batch_norm_heads=True"
        )
    if config.pretrain_starts == 2:
        raise ValueError(
            "`pretrain_starts` must be 1, or at least 3: of two that differ neither is the better "
            "one. Received: pretrain_starts=2"
        )


def _check_terms(config):
    """Refuse extra terms that the setting has no use for, and fades that are none."""
    for name in config.extra_terms:
        if config.setting not in EXTRA_TERMS[name]:
            raise ValueError(
                f"The extra term {name} is for the settings {' and '.join(EXTRA_TERMS[name])}. "
                f"Received: setting={config.setting!r}"
            )
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name.endswith("_fade") and value:
            if len(value) != 2 or not value[0] < value[1]:
                raise ValueError(
                    f"`{field.name}` must be two epochs, FROM below TO, such as 5,10. "
                    f"Received: {field.name}={value}"
                )
    alone = "clusters-only" in (config.setting, config.pretrain)
    if alone and "marginal_entropy" not in config.extra_terms:
        raise ValueError(
            "The setting clusters-only has no term of its own: give it `extra_terms`, among them "
            "marginal_entropy, without which one cluster takes all images. "
            f"Received: extra_terms={config.extra_terms}"
        )


def shares_of(class_prior: str) -> list[float] | None:
    """The shares that a `class_prior` states; None where it is a word.

    Raises:
        ValueError: If it is neither.
    """
    if class_prior in ("uniform", "labels"):
        return None
    try:
        shares = [float(share) for share in class_prior.split(",")]
    except ValueError:
        shares = []
    if len(shares) < 2 or not all(0 < share < float("inf") for share in shares):
        raise ValueError(
            "`class_prior` must be uniform, labels, or a share above 0 for each class, such as "
            f"0.9,0.1. Received: class_prior={class_prior!r}"
        )
    return shares


def _check_priors(config):
    shares_of(config.class_prior)
    if "label-informed" in (config.setting, config.pretrain) and config.prior == "gaussian":
        raise ValueError(
            "The setting label-informed needs a prior with a component for each class: "
            f"{' or '.join(MIXTURES)}. Received: prior='gaussian'"
        )
    if config.prior != "gaussian" and config.latent_dim != 2:
        raise ValueError(
            f"The prior {config.prior} is for a z of 2 dimensions. "
            f"Received: latent_dim={config.latent_dim}"
        )
