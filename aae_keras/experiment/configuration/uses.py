"""When a field of a configuration has a use, and what it is for where it has none.

One rule for both who must know: a field that was given without a use is refused, and one that a
change of another leaves without goes back to its default.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aae_keras.experiment.configuration.vocabulary import FINDS_CLUSTERS, MIXTURES

Values = Mapping[str, Any]  # of every field, by name


class Idle(NamedTuple):
    """Why a field has no use.

    Attributes:
        purpose: `is for ...`: what it is for.
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
    only, term = field.metadata["only"], field.metadata["term"]
    if only and not _settings(field.name, values) & set(only):
        plural = "s" if len(only) > 1 else ""
        return Idle(f"is for the setting{plural} {' and '.join(only)}", ("setting",))
    if term and term not in values["extra_terms"]:
        return Idle(f"is for the extra term {term}: add it to `extra_terms`", ("extra_terms",))
    if field.name.startswith("pretrain_") and not values["pretrain"]:
        return Idle("is for a run with `pretrain`", ("pretrain",))
    has_use, idle = _BESIDE.get(field.name, (None, None))
    return idle if has_use and not has_use(values) else None


def _settings(name, values):
    """The settings of a run that a field of one kind of setting alone may belong to."""
    if name == "num_clusters" and values["pretrain_clusters"]:
        return {values["setting"]}  # a first stage has so many for each category of y
    return {values["setting"], values["pretrain"]}


def _names_or_compares(values):
    """Whether something happens to merged clusters: labels name them, or starts are compared."""
    several = values["pretrain_starts"] > 1
    return values["pretrain_clusters"] and (several or values["setting"] != "clustering")


_OF_CLUSTERS = (
    lambda values: values["pretrain_clusters"],
    Idle("is for a run with pretrain_clusters", ("pretrain_clusters",)),
)
# By field: whether it has a use beside the others, and why not.
_BESIDE: dict[str, tuple[Callable[[Values], Any], Idle]] = {
    "pretrain_clusters": (
        lambda values: values["pretrain"] in FINDS_CLUSTERS,
        Idle(f"is for a run whose `pretrain` is {' or '.join(FINDS_CLUSTERS)}", ("pretrain",)),
    ),
    "pretrain_keeps_y": _OF_CLUSTERS,
    "pretrain_starts": _OF_CLUSTERS,
    "pretrain_merged_epochs": (
        _names_or_compares,
        Idle(
            "is for a run with pretrain_clusters, in which labels name the clusters or several "
            "starts are compared",
            ("pretrain_clusters", "setting", "pretrain_starts"),
        ),
    ),
    "z_units": (
        lambda values: values["trunks"] == 2,
        Idle("is for an encoder whose z has a trunk of its own: trunks=2", ("trunks",)),
    ),
    "prior_scale": (
        lambda values: values["prior"] in MIXTURES,
        Idle(
            f"is for the priors {' and '.join(MIXTURES)}; a Gaussian has `prior_stddev`", ("prior",)
        ),
    ),
    "prior_stddev": (
        lambda values: values["prior"] not in MIXTURES,
        Idle("is for the prior gaussian; a mixture has `prior_scale`", ("prior",)),
    ),
}
