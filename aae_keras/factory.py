"""From a `Config` to data and to a compiled model: the one file that knows all the parts."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from aae_keras import data as data_module
from aae_keras import hardware, models, networks, priors, runs
from aae_keras.models.phased import PHASES
from aae_keras.models.schedules import SCHEDULES


def load_data(config):
    """The data that a configuration names; see `data.load`."""
    return data_module.load(
        config.dataset,
        data_dir=config.data_dir,
        num_labeled=config.num_labeled,
        use_labels=config.learns_from_labels,
        validation_size=config.validation_size,
        test_fraction=config.test_fraction,
        seed=config.seed,
        split_seed=config.split_seed,
        image_size=config.image_size,
        skip_unreadable=config.skip_unreadable,
        streaming=config.streaming,
        batch_size=config.batch_size,
        labeled_batch_size=config.labeled_batch_size,
    )


def load_trained(folder, **where):
    """A finished run, its data and its model, which computes in float32.

    Args:
        folder: The run folder.
        **where: `dataset` or `data_dir`, if the data lies elsewhere now.

    Returns:
        `Run`, `Data`, model.

    Raises:
        DataError, RunError, UserError: If one of them cannot be used, or the training part of the
            data is not what the run was trained on.
    """
    run = runs.open_trained(folder)
    data = load_data(dataclasses.replace(run.config, **where))
    runs.check_fingerprint(run, data.split.fingerprint())
    return run, data, models.in_float32(models.load_model(run.model_file))


def build_model(config, data):
    """The compiled model of a configuration, for the images and classes of `data`."""
    model = build_uncompiled(config, data)
    compile_model(model, config, data.steps_per_epoch)
    return model


def build_uncompiled(config, data):
    """The model of a configuration's setting: its networks, its priors, its options."""
    networks_of = NetworkBuilder(config, data)
    options = {
        "input_noise": config.input_noise,
        "input_dropout": config.input_dropout,
        "encoder_average": config.encoder_average,
        "seed": config.seed,
    }
    categories = config.num_clusters or len(data.class_names)
    if config.setting == "labels-only":
        return models.LabelsOnly(networks_of.encoder(categories), **options)
    options["reconstruction"] = config.reconstruction
    z_prior = build_prior(config, len(data.class_names))
    if config.setting == "basic":
        return models.BasicAAE(
            networks_of.encoder(0),
            networks_of.decoder(0),
            networks_of.discriminator_gauss(config.latent_dim),
            z_prior,
            **options,
        )
    if config.setting == "label-informed":
        return models.LabelInformedAAE(
            networks_of.encoder(0),
            networks_of.decoder(0),
            networks_of.discriminator_gauss(config.latent_dim + categories + 1),
            z_prior,
            **options,
        )
    if config.setting == "supervised":
        return models.SupervisedAAE(
            networks_of.encoder(0),
            networks_of.decoder(categories),
            networks_of.discriminator_gauss(
                config.latent_dim + (categories if config.informed_discriminator else 0)
            ),
            z_prior,
            **options,
        )
    options |= {
        "encoder": networks_of.encoder(categories),
        "discriminator_cat": networks_of.discriminator_cat(categories),
        "discriminator_gauss": networks_of.discriminator_gauss(config.latent_dim),
        "categorical_prior": priors.CategoricalPrior(categories),
        "gaussian_prior": z_prior,
    }
    if config.setting == "dimensionality-reduction":
        return models.DimensionalityReductionAAE(
            decoder=networks_of.decoder(0, latent_name="representation"),
            cluster_head=networks_of.cluster_head(categories),
            head_threshold=config.head_threshold,
            head_weight=config.head_weight,
            semi_supervised=config.learns_from_labels,
            **options,
        )
    options["decoder"] = networks_of.decoder(categories)
    if config.setting == "clustering":
        return models.ClusteringAAE(
            mode_decoder=networks_of.mode_decoder(categories) if config.mode_decoder else None,
            cyclic_loss=config.cyclic_loss,
            z_penalty=config.z_penalty,
            mode_distance=config.mode_distance,
            balanced_prior=config.balanced_prior,
            **options,
        )
    return models.SemiSupervisedAAE(**options)


class NetworkBuilder:
    """The networks that a configuration describes, each with a seed of its own."""

    def __init__(self, config, data):
        self.config = config
        self.shape = data.image_shape
        roles = ("encoder", "decoder", "cat", "gauss", "mode_decoder", "cluster_head")
        seeds = np.random.SeedSequence(config.seed).generate_state(len(roles))
        self.seeds = {role: int(seed) for role, seed in zip(roles, seeds, strict=True)}
        self.common = {
            "hidden_units": config.hidden_units,
            "weight_stddev": config.weight_stddev,
            "precision": precision(config),
        }

    def encoder(self, categories):
        """Of y in so many categories (0: without y) and of z."""
        convolutional = self.config.network == "convolutional"
        build = networks.build_convolutional_encoder if convolutional else networks.build_encoder
        return build(
            self.shape,
            categories,
            self.config.latent_dim,
            batch_norm=self.config.batch_norm,
            posterior=self.config.posterior,
            seed=self.seeds["encoder"],
            **self.common,
        )

    def decoder(self, categories, latent_name="z"):
        """From the same codes."""
        options = {
            "latent_name": latent_name,
            "y_scale": self.config.y_scale,
            "seed": self.seeds["decoder"],
            **self.common,
        }
        place = self.shape, categories, self.config.latent_dim
        if self.config.network == "convolutional":
            options["batch_norm"] = self.config.batch_norm
            return networks.build_convolutional_decoder(*place, **options)
        return networks.build_decoder(*place, **options)

    def mode_decoder(self, categories):
        """From y alone."""
        return networks.build_decoder(
            self.shape, categories, 0, name="mode_decoder", seed=self.seeds["mode_decoder"],
            **self.common,
        )  # fmt: skip

    def cluster_head(self, categories):
        """From y to a place among the representations."""
        seed = self.seeds["cluster_head"]
        return networks.build_cluster_head(categories, self.config.latent_dim, seed=seed)

    def discriminator_cat(self, categories):
        """Of y."""
        return networks.build_discriminator(
            categories, seed=self.seeds["cat"], name="discriminator_cat", **self.common
        )

    def discriminator_gauss(self, code_dim):
        """Of z, and of what stands beside it."""
        return networks.build_discriminator(
            code_dim, seed=self.seeds["gauss"], name="discriminator_gauss", **self.common
        )


def build_prior(config, num_classes):
    """The prior of z that a configuration names."""
    if config.prior == "gaussian":
        return priors.GaussianPrior(config.latent_dim, config.prior_stddev)
    kinds = {"gaussian-mixture": priors.GaussianMixturePrior, "swiss-roll": priors.SwissRollPrior}
    components = num_classes if config.setting == "label-informed" else 10
    return kinds[config.prior](components, config.prior_scale)


def compile_model(model, config, steps_per_epoch):
    """Compile a model, built here or by the user, as a configuration says."""
    optimizers, weights = {}, {}
    for phase, (rate, momentum) in phase_recipe(config, model).items():
        partner = _partner(config, optimizers, phase, rate, momentum)
        if partner is None:
            optimizers[phase] = rate, momentum
        else:
            optimizers[phase] = partner
            weights[phase] = rate / optimizers[partner][0]
    model.compile(
        **{
            PHASES[phase]: _optimizer(config, *recipe, steps_per_epoch)
            if isinstance(recipe, tuple)
            else recipe
            for phase, recipe in optimizers.items()
        },
        schedule=config.schedule,
        phase_weights=weights,
        **compilation(config),
        steps_per_execution=min(config.steps_per_execution, steps_per_epoch),
    )


def precision(config):
    """The arithmetic of the hidden layers: `auto` is bfloat16 where the processor has it."""
    if config.precision != "auto":
        return config.precision
    return "bfloat16" if _on_cpu() and hardware.bfloat16_instructions() else "float32"


def _on_cpu():
    return not tf.config.list_physical_devices("GPU")


def compilation(config):
    """The arguments of `compile` that say what XLA compiles."""
    part = config.jit_compile
    if part == "auto":
        part = "step"
        if precision(config) == "bfloat16" and _on_cpu():
            # TensorFlow's kernels have a rule as short as SGD's done before XLA has been called.
            part = "updates" if config.optimizer == "adam" else "off"
    return {"jit_compile": part == "step", "jit_updates": part == "updates"}


def phase_recipe(config, model):
    """Rate and momentum of each phase that the model has."""
    recipe = {
        "reconstruction": (config.reconstruction_rate, config.momentum),
        "discriminator": (config.discriminator_rate, config.adversarial_momentum),
        "generator": (config.generator_rate, config.adversarial_momentum),
        "classification": (config.classification_rate, config.momentum),
    }
    present = {term.phase for term in model.terms}
    return {phase: values for phase, values in recipe.items() if phase in present}


def _partner(config, optimizers, phase, rate, momentum):
    """The earlier phase whose optimizer can serve this one too, or None.

    Within a pass gradients can be added up before the optimizer sees them. For SGD of equal
    momentum that is the same as two optimizers, the ratio of the rates being a weight; an Adam
    that sees the sum is another than two, and is shared where both would be alike.
    """
    together = next(group for group in SCHEDULES[config.schedule] if phase in group)
    for other, recipe in optimizers.items():
        if other in together and isinstance(recipe, tuple) and recipe[1] == momentum:
            if config.optimizer == "sgd" or recipe[0] == rate:
                return other
    return None


def _optimizer(config, rate, momentum, steps_per_epoch):
    schedule = rate_schedule(rate, config, steps_per_epoch)
    if config.optimizer == "adam":
        return keras.optimizers.Adam(schedule, beta_1=momentum)
    return keras.optimizers.SGD(schedule, momentum=momentum)


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
