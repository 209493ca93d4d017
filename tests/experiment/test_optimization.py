"""From a configuration to how a model is compiled."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from aae_keras.experiment.building import factory, hardware, optimization
from aae_keras.experiment.configuration.config import Config


@pytest.mark.parametrize(
    ("changes", "step", "updates"),
    [
        ({}, True, False),
        ({"optimizer": "adam"}, True, False),
        ({"precision": "bfloat16"}, False, False),
        ({"precision": "bfloat16", "optimizer": "adam"}, False, True),
        ({"precision": "bfloat16", "jit_compile": "step"}, True, False),
        ({"jit_compile": "updates"}, False, True),
        ({"jit_compile": "off"}, False, False),
    ],
)
def test_what_xla_compiles(changes, step, updates):
    found = optimization.compilation(Config(**changes))
    assert found == {"jit_compile": step, "jit_updates": updates}


def test_on_a_gpu_xla_compiles_bfloat16_too(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a GPU"])
    assert optimization.compilation(Config(precision="bfloat16"))["jit_compile"]


@pytest.mark.parametrize(
    ("flags", "gpus", "expected"),
    [
        ("fpu avx512_bf16 sse", [], "bfloat16"),
        ("fpu amx_bf16", [], "bfloat16"),
        ("fpu avx512_bf16", ["a GPU"], "float32"),
        ("fpu avx512f", [], "float32"),
        (None, [], "float32"),
    ],
)
def test_auto_precision_asks_the_processor(monkeypatch, tmp_path, flags, gpus, expected):
    path = tmp_path / "cpuinfo"
    if flags:
        path.write_text(f"model name\t: Some CPU\nflags\t\t: {flags}\n\nprocessor\t: 1\n")
    monkeypatch.setattr(hardware, "CPUINFO", path)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    assert optimization.precision(Config(precision="auto")) == expected
    assert optimization.precision(Config(precision="bfloat16")) == "bfloat16"


SAME_RATES = {"reconstruction_rate": 0.1, "adversarial_momentum": 0.9}


@pytest.mark.parametrize(
    ("changes", "optimizers"),
    [
        ({"schedule": "alternating"}, [1, 1, 1, 1]),
        # Only where rate and momentum are the same: sharing more saves no time.
        ({"schedule": "paired"}, [1, 1, "discriminator", 1]),
        ({"schedule": "simultaneous"}, [1, 1, "discriminator", 1]),
        ({"schedule": "simultaneous", **SAME_RATES}, [1, *["reconstruction"] * 3]),
        ({"schedule": "paired", **SAME_RATES}, [1, 1, "discriminator", "reconstruction"]),
        ({"schedule": "paired", "optimizer": "adam"}, [1, 1, "discriminator", 1]),
    ],
)
def test_which_phases_share_an_optimizer(small, changes, optimizers):
    config = dataclasses.replace(small, **changes)
    model = factory.build_model(config, factory.load_data(config))
    names = [phase.name for phase in model.phases]
    for phase, expected in zip(model.phases, optimizers, strict=True):
        first = model.phases[names.index(phase.name if expected == 1 else expected)]
        assert phase.optimizer is first.optimizer, phase.name
    assert len(model.optimizers) == optimizers.count(1)
    rates = [float(phase.optimizer.learning_rate) * phase.weight for phase in model.phases]
    wanted = [rate for rate, _ in optimization.phase_recipe(config, model).values()]
    assert rates == pytest.approx(wanted)


def test_rates_fall_linearly_to_zero_over_the_last_share_of_the_epochs():
    config = Config(epochs=10, rate_fall=0.4, rate_drops=())
    schedule = optimization.rate_schedule(0.5, config, steps_per_epoch=20)
    rates = [float(schedule(step)) for step in (0, 120, 140, 160, 180, 200, 300)]
    np.testing.assert_allclose(rates, [0.5, 0.5, 0.375, 0.25, 0.125, 0, 0], rtol=1e-5)
    both = optimization.rate_schedule(0.5, dataclasses.replace(config, rate_drops=(3,)), 20)
    np.testing.assert_allclose(
        [float(both(s)) for s in (59, 60, 160)], [0.5, 0.05, 0.025], rtol=1e-5
    )
    for one in (schedule, both):
        saved = keras.saving.serialize_keras_object(one)
        again = keras.saving.deserialize_keras_object(saved)
        assert [float(again(s)) for s in (10, 170)] == [float(one(s)) for s in (10, 170)]
