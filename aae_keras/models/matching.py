"""Whether networks and priors belong together."""

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


def check_judge_of_z(discriminator: keras.Model, latent_dim: int, categories: int) -> None:
    """Refuse a discriminator that takes neither z, nor z and y.

    Args:
        discriminator: The value of the argument `discriminator_gauss`.
        latent_dim: Dimensions of z.
        categories: Dimensions of y.
    """
    check_network("discriminator_gauss", discriminator, None, None)
    (shape,) = input_shapes(discriminator).values()
    if shape[-1] not in (latent_dim, latent_dim + categories):
        raise ValueError(
            f"`discriminator_gauss` must take the {latent_dim} dimensions of z, or "
            f"{latent_dim + categories}, with one for each class. Received: shape {shape}"
        )


def check_judge(role: str, discriminator: keras.Model, width: int) -> None:
    """Refuse a discriminator that does not take a code of `width` dimensions, and nothing else.

    Args:
        role: Name of the constructor's argument, for the message.
        discriminator: Its value.
        width: Dimensions of the code.
    """
    check_network(role, discriminator, None, None)
    (shape,) = input_shapes(discriminator).values()
    if shape[-1] != width:
        raise ValueError(
            f"`{role}` must take the {width} dimensions of its code. Received: shape {shape}"
        )
