"""Ranges of the numbers that a configuration and a constructor both take, each written once."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Range:
    """Finite numbers within bounds, each of which may be left out.

    Attributes:
        low: The least there is.
        above: What all are above.
        high: The largest there is.
        below: What all are below.
    """

    low: float | None = None
    above: float | None = None
    high: float | None = None
    below: float | None = None

    def __contains__(self, value):
        return (
            math.isfinite(value)
            and (self.low is None or value >= self.low)
            and (self.above is None or value > self.above)
            and (self.high is None or value <= self.high)
            and (self.below is None or value < self.below)
        )

    def __str__(self):
        """What a value must do, for a message: `be at least 0`, `lie in [0, 1)`."""
        if self.high is None and self.below is None:
            if self.low is None and self.above is None:
                return "be finite"
            return f"be at least {self.low}" if self.above is None else f"be above {self.above}"
        left = f"[{self.low}" if self.above is None else f"({self.above}"
        right = f"{self.high}]" if self.below is None else f"{self.below})"
        return f"lie in {left}, {right}"


# By the name of the argument and of the field.
RANGES = {
    "input_noise": Range(low=0),
    "input_dropout": Range(low=0, below=1),
    "encoder_average": Range(low=0, below=1),
    "cyclic_loss": Range(low=0),
    "z_penalty": Range(low=0),
    "mode_distance": Range(low=0),
    "head_threshold": Range(above=0),
    "head_weight": Range(low=0),
    "y_game_weight": Range(low=0),
    "z_game_weight": Range(low=0),
    "y_scale": Range(above=0),
    "prior_stddev": Range(above=0),
    "prior_scale": Range(above=0),
}


def checked(name: str, value: float) -> float:
    """A number as float, if it lies in the range of its name.

    Raises:
        ValueError: If it does not.
    """
    if value not in RANGES[name]:
        raise ValueError(f"`{name}` must {RANGES[name]}. Received: {name}={value!r}")
    return float(value)
