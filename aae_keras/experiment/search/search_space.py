"""What a search for own data changes in a configuration, and the short run that a trial is."""

import dataclasses
from collections.abc import Mapping

from aae_keras.experiment.configuration.changes import stretched
from aae_keras.experiment.configuration.config import Config

# Of its epochs, so many are trained in a trial, but no fewer than the least.
SHARE = 1 / 4
LEAST_EPOCHS = 2


@dataclasses.dataclass(frozen=True)
class Searched:
    """One field of `Config` that is searched.

    Attributes:
        name: The field.
        low, high: Its range, which grows to hold the configured value.
        log: Whether it is searched by factors, or else by differences.
        relative: Whether the range is in multiples of the configured value.
        followers: Fields that stay in the proportion to it that they were configured in.
    """

    name: str
    low: float
    high: float
    log: bool = True
    relative: bool = False
    followers: tuple[str, ...] = ()


# The whole space. A field of an extra term is searched where the term is on. The recipes with
# `vat` have a marginal entropy of four times the weight of the conditional, and three equal rates.
SPACE = (
    Searched("vat_radius", 0.1, 0.8),
    Searched("conditional_entropy_weight", 0.03, 0.3, followers=("marginal_entropy_weight",)),
    Searched(
        "reconstruction_rate", 1 / 3, 3.0, relative=True,
        followers=("classification_rate", "generator_rate"),
    ),
    Searched("input_noise", 0.0, 0.3, log=False),
)  # fmt: skip


def space_of(config: Config) -> dict[str, Searched]:
    """The fields to search for a configuration, by name: those that it has a use for."""
    # A weight of 0 is a term that is off, and has no factors.
    return {
        field.name: field
        for field in SPACE
        if _is_used(config, field.name) and (getattr(config, field.name) or not field.log)
    }


def range_of(config: Config, field: Searched) -> tuple[float, float]:
    """The least and the largest value of a field to search, the configured one between them."""
    configured = getattr(config, field.name)
    unit = configured if field.relative else 1.0
    return min(unit * field.low, configured), max(unit * field.high, configured)


def changed_fields(config: Config, values: Mapping[str, float]) -> dict[str, float]:
    """The fields of `Config` to set for values of the searched ones: these and their followers.

    Args:
        config: The `Config` as it is.
        values: By name of a searched field.

    Returns:
        Dict by name, in three digits: what is printed is what was tried.
    """
    fields = {}
    for name, value in values.items():
        followers = [other for other in space_of(config)[name].followers if _is_used(config, other)]
        for other in (name, *followers):
            proportion = getattr(config, other) / getattr(config, name) if other != name else 1.0
            fields[other] = float(f"{value * proportion:.3g}")
    return fields


def shortened(config: Config) -> Config:
    """The run that a trial makes: a quarter of the epochs, with what is stated in epochs.

    Rates drop and weights fade in a quarter of the way too: a miniature, not a beginning.
    """
    return dataclasses.replace(stretched(config, SHARE, LEAST_EPOCHS), draw_every=0)


def _is_used(config, name):
    """Whether a field is of no extra term, or of one that is on."""
    terms = {field.name: field.metadata["term"] for field in dataclasses.fields(config)}
    return terms[name] is None or terms[name] in config.extra_terms
