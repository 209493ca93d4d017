"""From a `Config` to data and to a compiled model: the one file that knows all the parts."""

import keras
import numpy as np

from aae_keras import data as data_module
from aae_keras import models, networks, priors


def load_data(config):
    """The data that a configuration names; see `data.load`."""
    return data_module.load(
        config.dataset,
        data_dir=config.data_dir,
        num_labeled=config.num_labeled,
        validation_size=config.validation_size,
        test_fraction=config.test_fraction,
        seed=config.seed,
        split_seed=config.split_seed,
        image_size=config.image_size,
        skip_unreadable=config.skip_unreadable,
        batch_size=config.batch_size,
        labeled_batch_size=config.labeled_batch_size,
    )


def build_model(config, data):
    """The compiled model of a configuration, for the images and classes of `data`."""
    shape, num_classes = data.image_shape, len(data.class_names)
    seeds = (int(n) for n in np.random.SeedSequence(config.seed).generate_state(4))
    fully_connected = {
        "hidden_units": config.hidden_units,
        "weight_stddev": config.weight_stddev,
    }
    encoder = networks.build_encoder(
        shape,
        num_classes,
        config.latent_dim,
        batch_norm=config.batch_norm,
        seed=next(seeds),
        **fully_connected,
    )
    common = {"input_noise": config.input_noise, "seed": config.seed}
    if config.setting == "labels-only":
        model = models.LabelsOnly(encoder, **common)
    else:
        model = models.SemiSupervisedAAE(
            encoder,
            networks.build_decoder(
                shape, num_classes, config.latent_dim, seed=next(seeds), **fully_connected
            ),
            networks.build_discriminator(
                num_classes, seed=next(seeds), name="discriminator_cat", **fully_connected
            ),
            networks.build_discriminator(
                config.latent_dim, seed=next(seeds), name="discriminator_gauss", **fully_connected
            ),
            categorical_prior=priors.CategoricalPrior(num_classes),
            gaussian_prior=priors.GaussianPrior(config.latent_dim, config.prior_stddev),
            reconstruction=config.reconstruction,
            **common,
        )
    compile_model(model, config, data.steps_per_epoch)
    return model


def compile_model(model, config, steps_per_epoch):
    """Compile a model, built here or by the user, as a configuration says."""

    def optimizer(rate, momentum):
        schedule = rate_schedule(rate, config, steps_per_epoch)
        if config.optimizer == "adam":
            return keras.optimizers.Adam(schedule, beta_1=momentum)
        return keras.optimizers.SGD(schedule, momentum=momentum)

    model.compile(
        optimizer=optimizer(config.reconstruction_rate, config.momentum),
        discriminator_optimizer=optimizer(config.discriminator_rate, config.adversarial_momentum),
        generator_optimizer=optimizer(config.generator_rate, config.adversarial_momentum),
        classification_optimizer=optimizer(config.classification_rate, config.momentum),
        jit_compile=config.jit_compile,
        steps_per_execution=min(config.steps_per_execution, steps_per_epoch),
    )


def rate_schedule(rate, config, steps_per_epoch):
    """`rate`, multiplied by `rate_drop_factor` after each epoch of `rate_drops`.

    Drops are stated in epochs, so a run cut short has the rates of the long one's first epochs.
    """
    if not config.rate_drops:
        return rate
    # The Keras schedule gives step s the rate left of a boundary b while s <= b.
    boundaries = [epoch * steps_per_epoch - 1 for epoch in config.rate_drops]
    rates = [rate * config.rate_drop_factor**drops for drops in range(len(boundaries) + 1)]
    return keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, rates)
