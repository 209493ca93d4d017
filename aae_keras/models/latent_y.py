"""What latent y is in a learning setting."""

import enum


class LatentY(enum.StrEnum):
    """What latent y is, and who finds it: the one question that scores, pictures and exports ask.

    | value | y is |
    |---|---|
    | `none` | no part of the code |
    | `class` | found by the encoder, taught by labels: its categories are the classes |
    | `cluster` | found by the encoder without labels: its categories are numbers |
    | `given` | the true label, which the decoder is told and the encoder does not find |
    """

    NONE = "none"
    CLASS = "class"
    CLUSTER = "cluster"
    GIVEN = "given"

    @property
    def is_encoded(self) -> bool:
        """Whether the encoder finds y, so that it is what the model answers."""
        return self in (LatentY.CLASS, LatentY.CLUSTER)

    @property
    def is_class(self) -> bool:
        """Whether the categories of y are the classes of the data."""
        return self in (LatentY.CLASS, LatentY.GIVEN)
