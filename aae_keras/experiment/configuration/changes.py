"""A configuration with other values, and what these leave no use for."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.fields import unknown
from aae_keras.experiment.configuration.uses import why_idle
from aae_keras.experiment.configuration.vocabulary import (
    BOTH_CODES,
    EXTRA_TERMS,
    TAUGHT_Y,
)

# What may differ where a run, or a search, is gone on with: where the data lies, which its
# fingerprint vouches for, and how often pictures are drawn.
MOVABLE = ("dataset", "data_dir", "labels", "draw_every")


def changed(config: Config, **changes: Any) -> Config:
    """A configuration with other values, without what these leave no use for.

    Another setting, no first stage, or fewer extra terms take the fields that belong to them along.
    A run that starts from another's weights has no first stage. Where marginal entropy is left out,
    a first stage of y alone becomes one of the whole model.
    The baseline of labels alone has none either, and no extra term, which would use the other
    images, unless they are asked for. Epochs that are given are taken as stated. What is given by
    name is never left out, but refused where it has no use.

    Raises:
        TypeError, ValueError: As of `Config`; of a field that does not exist, with the nearest.
    """
    known = {field.name for field in dataclasses.fields(config)}
    for name in sorted(changes.keys() - known):
        raise TypeError(unknown(name, known))
    return dataclasses.replace(config, **consequences(config, changes))


def consequences(config: Config, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Some changes of a configuration, and those that they bring about; see `changed`.

    Args:
        config: The `Config`.
        changes: Fields by name.
    """
    setting = changes.get("setting", config.setting)
    becomes_baseline = setting == "labels-only" != config.setting
    finds_groups = bool(changes.get("num_clusters", config.num_clusters))
    values: dict[str, Any] = {"extra_terms": config.extra_terms, "pretrain": config.pretrain}
    if setting != config.setting:
        values["extra_terms"] = tuple(n for n in config.extra_terms if setting in EXTRA_TERMS[n])
    if becomes_baseline:
        values["extra_terms"] = ()
    if becomes_baseline or not _uses_first_stage(config, setting, finds_groups):
        values["pretrain"] = ""
    if changes.get("resume_from"):
        values["pretrain"] = ""
    if "epochs" in changes:
        values["least_steps"] = 0
    values |= changes
    if values["pretrain"] == "clusters-only" and "pretrain" not in changes:
        if "marginal_entropy" not in values["extra_terms"]:
            values["pretrain"] = "clustering"  # whose game over y uses all categories, too
    for field in dataclasses.fields(config):
        if field.name not in changes and why_idle(field, {**vars(config), **values}):
            values[field.name] = field.default
    return values


def _uses_first_stage(config, setting, finds_groups):
    """Whether a setting has a use for the y that a configuration's first stage finds."""
    if config.pretrain_clusters:
        return setting in (*BOTH_CODES, config.setting)
    if config.pretrain == "labels-only":
        return setting in TAUGHT_Y and not finds_groups
    return True


def difference(config: Config, other: Config, names: Iterable[str]) -> tuple[list[str], str]:
    """The fields that differ, and a text that says what the other has in place of ours.

    Args:
        config, other: Two configurations.
        names: The fields to look at.
    """
    ours, theirs = config.to_dict(), other.to_dict()
    differing = [name for name in names if ours[name] != theirs[name]]
    listing = (f"{name} is {theirs[name]!r}, not {ours[name]!r}" for name in differing)
    return differing, ", ".join(listing)


def stretched(config: Config, factor: float, least: int = 1) -> Config:
    """A configuration of other epochs, with what is stated in epochs in proportion.

    Rates drop and weights fade at the same share of the way, in a first stage too: a miniature or
    an enlargement of the training, not a part of it.

    Args:
        config: The `Config`.
        factor: Of its epochs, rounded up.
        least: Epochs that a stage keeps, if it has as many.
    """
    epochs = _scaled(config.epochs, factor, least)
    scale = epochs / config.epochs
    fields: dict[str, Any] = {"epochs": epochs}
    if config.pretrain:
        for name in ("pretrain_epochs", "pretrain_merged_epochs"):
            fields[name] = _scaled(getattr(config, name), factor, least)
    drops = {max(1, round(scale * epoch)) for epoch in config.rate_drops}
    fields["rate_drops"] = tuple(sorted(drops))
    for field in dataclasses.fields(config):
        fade = getattr(config, field.name)
        if field.name.endswith("_fade") and fade:
            start = round(scale * fade[0])
            fields[field.name] = (start, max(start + 1, round(scale * fade[1])))
    return dataclasses.replace(config, **fields)


def _scaled(epochs, factor, least):
    return max(min(epochs, least), math.ceil(factor * epochs))
