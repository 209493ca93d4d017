"""Whether networks and priors belong together."""

from collections.abc import Mapping

import keras

from aae_keras.networks import check_network, input_shapes, output_shapes
from aae_keras.priors import Prior


def check_prior(code: str, prior: Prior, encoder: keras.Model, output: str) -> None:
    """Refuse a prior that has not as many dimensions as its code.

    Args:
        code: `y` or `z`.
        prior: Its prior.
        encoder: Functional model.
        output: Name of the encoder's output that the code is made of.
    """
    shape = output_shapes(encoder)[output]
    if shape != (None, prior.dim):
        raise ValueError(
            f"The prior of {code} must have as many dimensions as the encoder's {output}, "
            f"whose shape is {shape}. Received: dim={prior.dim}"
        )


def check_judge(role: str, discriminator: keras.Model, widths: Mapping[int, str]) -> None:
    """Refuse a discriminator that is not as wide as what it judges.

    Args:
        role: Name of the constructor's argument, for the message.
        discriminator: Its value.
        widths: By each number of dimensions it may take, what they are.
    """
    check_network(role, discriminator, None, None)
    (shape,) = input_shapes(discriminator).values()
    if shape not in [(None, width) for width in widths]:
        wanted = "; or ".join(f"{width} dimensions: {what}" for width, what in widths.items())
        raise ValueError(f"`{role}` must take {wanted}. Received: shape {shape}")


def check_judge_of_z(discriminator: keras.Model, latent_dim: int, categories: int) -> None:
    """Refuse a `discriminator_gauss` that takes neither z, nor z and y."""
    widths = {latent_dim: "z", latent_dim + categories: "z, and one for each class"}
    check_judge("discriminator_gauss", discriminator, widths)
