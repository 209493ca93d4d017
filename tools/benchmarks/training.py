"""Training: the textbook step against ours, our share of the machine's limit, and what costs what.

The step is the manual's: 784-1000-1000, y 10, z 2, batch normalisation in the encoder, Adam. The
images are random bytes: their values do not matter to the clock.
"""

import dataclasses
import functools
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from aae_keras import data as data_module
from aae_keras.data.source import Source
from aae_keras.data.splits import split_source
from aae_keras.experiment.building import factory, optimization
from aae_keras.experiment.configuration.presets import preset
from aae_keras.models import fused
from aae_keras.phases import SCHEDULES

from .limit import ADAM_BYTES, AVERAGE_BYTES, Limit, manual_passes, plus_passes
from .measure import Row, in_turn
from .textbook import TextbookAAE

# The rate of every phase is one and the momentum too, so the simultaneous schedule needs one Adam.
MANUAL = {
    "latent_dim": 2,
    "batch_norm": True,
    "weight_stddev": 0.0,
    "optimizer": "adam",
    "reconstruction_rate": 1e-3,
    "discriminator_rate": 1e-3,
    "generator_rate": 1e-3,
    "classification_rate": 1e-3,
    "adversarial_momentum": 0.9,
}
CANDIDATES = {
    schedule + suffix: {"schedule": schedule, "precision": precision}
    for schedule in SCHEDULES
    for suffix, precision in (("", "float32"), ("-bfloat16", "bfloat16"))
}
# A preset of each learning setting.
SETTINGS = (
    "mnist-100",
    "mnist-style",
    "mnist-clusters-16",
    "mnist-2d-100",
    "mnist-2d-clusters-20",
    "mnist-gaussian",
    "mnist-mixture",
    "mnist-likelihood",
)
# Each trick of speed is taken away by itself, from a preset as it ships and from bfloat16's Adam.
TRICKS = {
    "mnist-100": {},
    "mnist-clusters-16": {},
    "mnist-2d-100": {},
    "paired": {"schedule": "paired"},
    "bfloat16": {"precision": "bfloat16"},
    "adam": MANUAL,
    "adam-bfloat16": MANUAL | {"precision": "bfloat16"},
}
BATCH_SIZES = (32, 100, 400)
WIDTHS = (300, 1000, 3000)
STEPS = 40
DIGITS = (28, 28, 1)  # (height, width, channels)


def rows(config=None):
    """The `train/` rows.

    Args:
        config: Of the row `train/mnist-100`; the preset if None.
    """
    steps = {"textbook": textbook_steps()}
    for name, changes in CANDIDATES.items():
        steps[name] = our_steps(preset("mnist-100", **MANUAL | changes))
    steps["mnist-100"] = our_steps(config or preset("mnist-100"))
    limit = Limit(manual_passes())
    seconds = in_turn(steps | limit.candidates)
    for name in steps:
        yield Row(f"train/{name}", 100 * STEPS / seconds[name], "images/s")
    for name in ("alternating", "simultaneous", "simultaneous-bfloat16"):
        yield Row(f"train/{name}-speedup", seconds["textbook"] / seconds[name], "x textbook")
    yield from limit.rows(seconds, seconds["simultaneous"] / STEPS)


def plus_rows():
    """The `plus/` rows: the step of `mnist-100-plus` in both precisions, and its limit."""
    yield from _limited_rows("mnist-100-plus", preset("mnist-100-plus", pretrain=""), DIGITS)


def photo_rows():
    """The `photos/` rows: the same of the convolutional pair, on small colour images."""
    config = preset("photos-1000", network="convolutional")
    yield from _limited_rows("photos-convolutional", config, (32, 32, 3))


def _limited_rows(name, config, image_shape):
    for precision in ("float32", "bfloat16"):
        config = dataclasses.replace(config, precision=precision)
        passes = plus_passes(config, image_shape)
        limit = Limit(passes, ADAM_BYTES + AVERAGE_BYTES, precision)
        row = f"{name}-{precision}"
        steps = our_steps(config, image_shape)
        seconds = in_turn({row: steps} | limit.candidates)
        yield Row(f"train/{row}", config.batch_size * STEPS / seconds[row], "images/s")
        yield Row(f"train/{row}-step", 1e3 * seconds[row] / STEPS, "ms a step")
        yield from limit.rows(seconds, seconds[row] / STEPS, of=f"{row}-")


def scale_rows():
    """The `scale/` rows: how cost grows with the batch and with the width of the layers."""
    steps = {}
    for batch_size in BATCH_SIZES:
        config = preset("mnist-100", batch_size=batch_size, labeled_batch_size=batch_size, **MANUAL)
        for name in ("textbook", "simultaneous"):
            steps[f"batch-{batch_size}/{name}"] = batch_size, _steps(name, config)
    for width in WIDTHS:
        config = preset("mnist-100", hidden_units=(width, width), **MANUAL)
        for name in ("textbook", "simultaneous"):
            steps[f"width-{width}/{name}"] = 100, _steps(name, config)
    seconds = in_turn({name: run for name, (_, run) in steps.items()})
    for name, (batch_size, _) in steps.items():
        yield Row(f"scale/{name}", batch_size * STEPS / seconds[name], "images/s")


def setting_rows():
    """The `setting/` rows: a shipped preset of each learning setting."""
    seconds = in_turn({name: our_steps(preset(name)) for name in SETTINGS})
    for name in SETTINGS:
        yield Row(f"setting/{name}", 100 * STEPS / seconds[name], "images/s")


def trick_rows():
    """The `trick/` rows: images a second with every trick, and the share left without each."""
    for name, changes in TRICKS.items():
        config = preset(name if name.startswith("mnist") else "mnist-100", **changes)
        steps = {"": our_steps(config)}
        no_turning = mock.patch.object(fused, "reversal_weights", lambda phases: None)
        steps["reversal"] = traced(config, no_turning)
        steps["shared-backward-passes"] = our_steps(config, fused=False)
        no_sharing = mock.patch.object(optimization, "_partner", lambda *recipe: None)
        steps["shared-optimizers"] = traced(config, no_sharing)
        if optimization.compilation(config)["jit_updates"]:
            steps["compiled-updates"] = our_steps(config, jit_updates=False)
        seconds = in_turn(steps)
        yield Row(f"trick/{name}", 100 * STEPS / seconds[""], "images/s")
        for trick in list(steps)[1:]:
            yield Row(f"trick/{name}-without-{trick}", seconds[""] / seconds[trick], "of that")


def traced(config, patch):
    """The steps of a configuration, built and traced while a patch holds."""
    with patch:
        steps = our_steps(config)
        steps()
    return steps


def _steps(name, config):
    if name == "textbook":
        return textbook_steps(config.hidden_units, config.batch_size)
    return our_steps(dataclasses.replace(config, schedule="simultaneous"))


def our_steps(config, image_shape=DIGITS, **compiled):
    """The same of a configuration, on random images.

    Args:
        config: The `Config`.
        image_shape: (height, width, channels).
        **compiled: Attributes that `compile` sets, to be set otherwise.
    """
    use_labels = config.learns_from_labels
    sizes = config.batch_size, config.labeled_batch_size
    data = random_data(*sizes, use_labels=use_labels, image_shape=image_shape)
    if config.needs_distances:
        data = data.with_distances(np.ones(len(data.split.unlabeled_rows), "float32"))
    return trained_steps(config, data, **compiled)


def trained_steps(config, data, **compiled):
    """A function that trains `STEPS` steps of a configuration, as `fit` would."""
    model = factory.build_model(config, data)
    for name, value in compiled.items():
        setattr(model, name, value)
    return _trained(model, data, calls=STEPS // config.steps_per_execution)


def textbook_steps(hidden_units=(1000, 1000), batch_size=100):
    """The same of the baseline, compiled as Keras does by default on a CPU."""
    keras.utils.set_random_seed(0)
    model = TextbookAAE(hidden_units)
    model.compile(jit_compile=False)
    return _trained(model, random_data(batch_size, batch_size), calls=STEPS)


def _trained(model, data, calls):
    model.make_train_function()
    batches = iter(data.train.repeat())

    def run():
        for _ in range(calls):
            logs = model.train_function(batches)
        tf.nest.map_structure(lambda value: value.numpy(), logs)  # wait for the last

    return run


@functools.cache
def random_data(
    batch_size, labeled_batch_size, num_images=20_000, use_labels=True, image_shape=DIGITS
):
    """Images of random bytes, 100 of them labelled."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (num_images, *image_shape), dtype=np.uint8)
    labels = np.arange(num_images) % 10
    names = tuple("0123456789")
    source = Source(images, labels, names, images[:1000], labels[:1000])
    labeled = max(100, labeled_batch_size) if use_labels else 0
    split = split_source(source, labeled, 0, use_labels=use_labels)
    return data_module.Data(split, batch_size, labeled_batch_size)
