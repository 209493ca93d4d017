"""When a field of a configuration has a use, and what it is for where it has none.

One rule for both who must know: a field that was given without a use is refused, and one that a
change of another leaves without goes back to its default.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aae_keras.experiment.configuration.vocabulary import BOTH_CODES, FINDS_CLUSTERS, MIXTURES

Values = Mapping[str, Any]  # of every field, by name


class Idle(NamedTuple):
    """Why a field has no use.

    Attributes:
        purpose: What it is for, a sentence without its full stop.
        because: The fields whose values leave it none.
    """

    purpose: str
    because: tuple[str, ...]


def why_idle(field: dataclasses.Field, values: Values) -> Idle | None:
    """Why a field has no use beside the others; None where it has one.

    Args:
        field: Of `Config`.
        values: Of every field, by name.
    """
    name, only, term = field.name, field.metadata["only"], field.metadata["term"]
    if only and not _settings(name, values) & set(only):
        plural = "s" if len(only) > 1 else ""
        return Idle(f"`{name}` is for the setting{plural} {' and '.join(only)}", ("setting",))
    if term and term not in values["extra_terms"]:
        purpose = f"`{name}` is for the extra term {term}: add it to `extra_terms`"
        return Idle(purpose, ("extra_terms",))
    if name.startswith("pretrain_") and not values["pretrain"]:
        return Idle(f"`{name}` is for a run with `pretrain`", ("pretrain",))
    has_use, idle = _BESIDE.get(name, (None, None))
    return idle if has_use and not has_use(values) else None


def _settings(name, values):
    """The settings of a run that a field of one kind of setting alone may belong to."""
    if name == "num_clusters" and values["pretrain_clusters"]:
        return {values["setting"]}  # a first stage has so many for each category of y
    return {values["setting"], values["pretrain"]}


def _are_found_and_taken_over(values):
    """Whether a first stage finds clusters, and the setting has a y that starts from them."""
    takes_over = values["setting"] in (*BOTH_CODES, "labels-only")
    return values["pretrain"] in FINDS_CLUSTERS and takes_over


def _are_named_or_compared(values):
    """Whether something happens to merged clusters: labels name them, or starts are compared."""
    several = values["pretrain_starts"] > 1
    return values["pretrain_clusters"] and (several or values["setting"] != "clustering")


def _start_from_clusters(values):
    return values["pretrain_clusters"]


# By field: whether it has a use beside the others, and why not.
_BESIDE: dict[str, tuple[Callable[[Values], Any], Idle]] = {
    "pretrain_clusters": (
        _are_found_and_taken_over,
        Idle(
            f"`pretrain_clusters` is for a run whose `pretrain` is {' or '.join(FINDS_CLUSTERS)} "
            "and whose setting has a y that the encoder finds",
            ("pretrain", "setting"),
        ),
    ),
    "pretrain_keeps_y": (
        _start_from_clusters,
        Idle("`pretrain_keeps_y` is for a run with pretrain_clusters", ("pretrain_clusters",)),
    ),
    "pretrain_starts": (
        _start_from_clusters,
        Idle("`pretrain_starts` is for a run with pretrain_clusters", ("pretrain_clusters",)),
    ),
    "pretrain_merged_epochs": (
        _are_named_or_compared,
        Idle(
            "`pretrain_merged_epochs` is for a run with pretrain_clusters, in which labels name "
            "the clusters or several starts are compared",
            ("pretrain_clusters", "setting", "pretrain_starts"),
        ),
    ),
    "z_units": (
        lambda values: values["trunks"] == 2,
        Idle("`z_units` is for an encoder whose z has a trunk of its own: trunks=2", ("trunks",)),
    ),
    "prior_scale": (
        lambda values: values["prior"] in MIXTURES,
        Idle(
            f"`prior_scale` is for the priors {' and '.join(MIXTURES)}; a Gaussian has "
            "`prior_stddev`",
            ("prior",),
        ),
    ),
    "prior_stddev": (
        lambda values: values["prior"] not in MIXTURES,
        Idle("`prior_stddev` is for the prior gaussian; a mixture has `prior_scale`", ("prior",)),
    ),
}
