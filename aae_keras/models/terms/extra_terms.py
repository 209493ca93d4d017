"""Terms that any setting may add to its own: `SETTING(..., extra_terms=[ConditionalEntropy()])`.

Conditional and marginal entropy together are the mutual information of image and y: the encoder is
sure of every image, and uses all categories.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from aae_keras import losses
from aae_keras.models.aae import AdversarialModel
from aae_keras.models.objective import Term
from aae_keras.models.replicas import global_mean
from aae_keras.models.terms.regularizers import Regularizer, check_has_y
from aae_keras.models.terms.smoothness import Shift, VirtualAdversarial
from aae_keras.networks import output_shapes, upstream_variables


@keras.saving.register_keras_serializable(package="aae_keras")
class ConditionalEntropy(Regularizer):
    """H(y|x): the encoder is to be sure of the label of every image.

    It sharpens whatever the encoder believes, so it belongs after the labels have steered y: fade
    it in. Its term is of the reconstruction phase, whose optimizer it shares; it moves what y
    depends on.

    Args:
        weight: Number or function of the step. Known good values are 0 to 0.1 nats against a
            classification loss of weight 1 and an equal rate.
    """

    def __init__(self, weight: float | Callable = 0.1):
        super().__init__(weight)

    def terms(self, model: AdversarialModel) -> list[Term]:
        """See `Regularizer.terms`."""
        check_has_y(self, model)
        return [
            Term(
                "conditional_entropy",
                phase="reconstruction",
                loss=lambda forward: losses.conditional_entropy(forward.code["y_logits"]),
                variables=upstream_variables(model.encoder, ["y_logits"]),
                weight=self.weight,
                validated=True,
            )
        ]


@keras.saving.register_keras_serializable(package="aae_keras")
class MarginalEntropy(Regularizer):
    """max(KL(mean of q(y|x) || p(y)), slack): the categories are used as often as p(y) says.

    For a uniform p(y) that is log K - H(mean of y): every category in use. The mean is over a
    batch, so that a batch must hold a few images of each category, of held-out images too: arrays
    that are passed for validation have to be mixed. The term is of the reconstruction phase, whose
    optimizer it shares; it moves what y depends on.

    Args:
        weight: Number or function of the step. A few times that of `ConditionalEntropy`, which
            would rather have one category for all images.
        slack: Nats up to which the mean may differ from p(y) at no cost, at least 0.
        shares: p(y): how often each category occurs, up to a factor; None for equally often.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(
        self,
        weight: float | Callable = 0.4,
        slack: float = 0.01,
        shares: Sequence[float] | None = None,
    ):
        super().__init__(weight)
        if not slack >= 0:
            raise ValueError(f"`slack` must be at least 0. Received: slack={slack}")
        if shares is not None and not all(share > 0 for share in shares):
            raise ValueError(f"`shares` must be numbers above 0. Received: shares={shares!r}")
        self.slack = float(slack)
        self.shares = None if shares is None else [float(share) / sum(shares) for share in shares]

    def terms(self, model: AdversarialModel) -> list[Term]:
        """See `Regularizer.terms`."""
        check_has_y(self, model)
        categories = output_shapes(model.encoder)["y_logits"][-1]
        shares = self.shares or [1 / categories] * categories
        if len(shares) != categories:
            raise ValueError(
                f"`shares` must have a number for each of the {categories} categories of y. "
                f"Received: {len(shares)}"
            )
        return [
            Term(
                "marginal_entropy",
                phase="reconstruction",
                loss=lambda forward: losses.marginal_divergence(
                    global_mean(forward.code["y"]), tf.constant(shares), self.slack
                ),
                variables=upstream_variables(model.encoder, ["y_logits"]),
                weight=self.weight,
                per="batch",
                validated=True,
            )
        ]

    def get_config(self) -> dict[str, Any]:
        """See `Regularizer.get_config`."""
        return {**super().get_config(), "slack": self.slack, "shares": self.shares}


# By the names they have in a configuration.
EXTRA_TERMS = {
    "conditional_entropy": ConditionalEntropy,
    "marginal_entropy": MarginalEntropy,
    "shift": Shift,
    "vat": VirtualAdversarial,
}
