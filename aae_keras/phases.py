"""The phases of a training step and the schedules that order them: the one table of both.

Needs nothing but Python, so that a configuration can read it without loading TensorFlow.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class PhaseKind:
    """What there is to know of a phase before a model is compiled.

    Attributes:
        argument: The argument of `compile` that takes its optimizer.
        rate, momentum: Its SGD in the paper's semi-supervised MNIST recipe (appendix A.2.1).
        is_adversarial: Whether it is a side of the game, whose momentum is low.
    """

    argument: str
    rate: float
    momentum: float
    is_adversarial: bool = False


# In the paper's order (sections 2 and 5).
PHASES = {
    "reconstruction": PhaseKind("optimizer", rate=0.01, momentum=0.9),
    "discriminator": PhaseKind("discriminator_optimizer", 0.1, 0.1, is_adversarial=True),
    "generator": PhaseKind("generator_optimizer", 0.1, 0.1, is_adversarial=True),
    "classification": PhaseKind("classification_optimizer", rate=0.1, momentum=0.9),
}

# Which phases share a pass. Each pass takes its gradients at the weights the one before it left.
SCHEDULES = {
    # The paper's: one phase after the other.
    "alternating": [["reconstruction"], ["discriminator"], ["generator"], ["classification"]],
    # What fits the data, then the game.
    "paired": [["reconstruction", "classification"], ["discriminator", "generator"]],
    # Everything at the same weights.
    "simultaneous": [["reconstruction", "discriminator", "generator", "classification"]],
}
