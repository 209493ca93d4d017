"""Networks and models small enough to test in milliseconds."""

from aae_keras import models, networks, priors

IMAGE_SHAPE = (6, 5, 1)
NUM_CLASSES = 3
NUM_CLUSTERS = 4
LATENT_DIM = 2
UNITS = (16, 16)
COMMON = {"hidden_units": UNITS, "weight_stddev": 0.3}


def encoder(categories, **kwargs):
    return networks.build_encoder(
        IMAGE_SHAPE, categories, LATENT_DIM, seed=1, **{**COMMON, **kwargs}
    )


def decoder(categories, **kwargs):
    return networks.build_decoder(
        IMAGE_SHAPE, categories, LATENT_DIM, seed=2, **{**COMMON, **kwargs}
    )


def discriminator(name, dim, **kwargs):
    seed = {"discriminator_cat": 3, "discriminator_gauss": 4}[name]
    return networks.build_discriminator(dim, seed=seed, name=name, **{**COMMON, **kwargs})


def tiny_networks(batch_norm=False, weight_stddev=0.3, categories=NUM_CLASSES):
    """The four networks of the semi-supervised setting, by role."""
    common = {"weight_stddev": weight_stddev}
    return {
        "encoder": encoder(categories, batch_norm=batch_norm, **common),
        "decoder": decoder(categories, **common),
        "discriminator_cat": discriminator("discriminator_cat", categories, **common),
        "discriminator_gauss": discriminator("discriminator_gauss", LATENT_DIM, **common),
    }


def tiny_model(parts=None, kind=models.SemiSupervisedAAE, categories=NUM_CLASSES, **kwargs):
    """A model with both codes, semi-supervised if not said otherwise, that is not compiled."""
    return kind(
        **(parts or tiny_networks(categories=categories)),
        categorical_prior=priors.CategoricalPrior(categories),
        gaussian_prior=priors.GaussianPrior(LATENT_DIM),
        **{"seed": 0, **kwargs},
    )


def basic(posterior="deterministic", **kwargs):
    return models.BasicAAE(
        encoder(0, posterior=posterior),
        decoder(0),
        discriminator("discriminator_gauss", LATENT_DIM),
        priors.GaussianPrior(LATENT_DIM, 5.0),
        **kwargs,
    )


def label_informed(**kwargs):
    return models.LabelInformedAAE(
        encoder(0),
        decoder(0),
        discriminator("discriminator_gauss", LATENT_DIM + NUM_CLASSES + 1),
        priors.GaussianMixturePrior(NUM_CLASSES, scale=0.2),
        **kwargs,
    )


def supervised(informed=False, **kwargs):
    return models.SupervisedAAE(
        encoder(0),
        decoder(NUM_CLASSES),
        discriminator("discriminator_gauss", LATENT_DIM + NUM_CLASSES * informed),
        priors.GaussianPrior(LATENT_DIM),
        **kwargs,
    )


def clustering(**kwargs):
    return tiny_model(kind=models.ClusteringAAE, categories=NUM_CLUSTERS, **kwargs)


def clustering_with_everything(**kwargs):
    """The clustering setting with all of the manual's additions."""
    additions = {
        "mode_decoder": networks.build_decoder(
            IMAGE_SHAPE, NUM_CLUSTERS, 0, name="mode_decoder", seed=5, **COMMON
        ),
        "cyclic_loss": 1.0,
        "z_penalty": 0.1,
        "mode_distance": 0.5,
        "balanced_prior": True,
    }
    return clustering(**additions, **kwargs)


def two_trunks(**kwargs):
    """The semi-supervised setting with what the `-plus` recipes add to it."""
    parts = tiny_networks(batch_norm=True)
    parts["encoder"] = encoder(NUM_CLASSES, trunks=2, batch_norm=True, batch_norm_heads=False)
    parts["discriminator_gauss"] = discriminator("discriminator_gauss", LATENT_DIM + NUM_CLASSES)
    options = {
        "detached_y": True,
        "y_game_weight": 0.3,
        "z_game_weight": 2.0,
        "encoder_average": 0.5,
        "extra_terms": [
            models.ConditionalEntropy(),
            models.MarginalEntropy(),
            models.VirtualAdversarial(radius=0.5, relative=False),
        ],
    }
    return tiny_model(parts, **options | kwargs)


def dimensionality_reduction(semi_supervised=True, **kwargs):
    categories = NUM_CLASSES if semi_supervised else NUM_CLUSTERS
    parts = tiny_networks(categories=categories)
    parts["decoder"] = decoder(0, latent_name="representation")
    return tiny_model(
        parts,
        kind=models.DimensionalityReductionAAE,
        categories=categories,
        semi_supervised=semi_supervised,
        **{"cluster_head": networks.build_cluster_head(categories, LATENT_DIM, seed=6), **kwargs},
    )


def labels_only(**kwargs):
    return models.LabelsOnly(encoder(NUM_CLASSES), **kwargs)


def clusters_only(**kwargs):
    terms = [models.ConditionalEntropy(), models.MarginalEntropy()]
    return models.ClustersOnly(encoder(NUM_CLUSTERS), extra_terms=terms, **kwargs)


# The baselines, by name.
ENCODER_ALONE = {"labels-only": labels_only, "clusters-only": clusters_only}
# Every other learning setting, and every posterior, by name.
SETTINGS = {
    "semi-supervised": tiny_model,
    "semi-supervised-two-trunks": two_trunks,
    "supervised": supervised,
    "supervised-informed": lambda **kwargs: supervised(informed=True, **kwargs),
    "clustering": clustering,
    "clustering-with-everything": clustering_with_everything,
    "dimensionality-reduction": dimensionality_reduction,
    "dimensionality-reduction-without-labels": lambda **kwargs: dimensionality_reduction(
        semi_supervised=False, **kwargs
    ),
    "basic": basic,
    "basic-gaussian": lambda **kwargs: basic("gaussian", **kwargs),
    "basic-universal": lambda **kwargs: basic("universal", **kwargs),
    "label-informed": label_informed,
}
EVERY_SETTING = SETTINGS | ENCODER_ALONE
