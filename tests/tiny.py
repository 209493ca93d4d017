"""Networks and a model small enough to test in milliseconds."""

from aae_keras import models, networks, priors

IMAGE_SHAPE = (6, 5, 1)
NUM_CLASSES = 3
LATENT_DIM = 2
UNITS = (16, 16)


def tiny_networks(batch_norm=False, weight_stddev=0.3):
    """The four networks of the semi-supervised setting, by role."""
    common = {"hidden_units": UNITS, "weight_stddev": weight_stddev}
    shape = (IMAGE_SHAPE, NUM_CLASSES, LATENT_DIM)
    return {
        "encoder": networks.build_encoder(*shape, batch_norm=batch_norm, seed=1, **common),
        "decoder": networks.build_decoder(*shape, seed=2, **common),
        "discriminator_cat": networks.build_discriminator(
            NUM_CLASSES, seed=3, name="discriminator_cat", **common
        ),
        "discriminator_gauss": networks.build_discriminator(
            LATENT_DIM, seed=4, name="discriminator_gauss", **common
        ),
    }


def tiny_model(parts=None, kind=models.SemiSupervisedAAE, **kwargs):
    """A semi-supervised model that has not been compiled."""
    return kind(
        **(parts or tiny_networks()),
        categorical_prior=priors.CategoricalPrior(NUM_CLASSES),
        gaussian_prior=priors.GaussianPrior(LATENT_DIM),
        **{"seed": 0, **kwargs},
    )
