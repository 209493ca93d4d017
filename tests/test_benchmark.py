"""The benchmark: what it counts is what the networks hold, and what it writes is its contract."""

import importlib.util
import json
import pathlib
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from absl import flags

from aae_keras import networks
from aae_keras.experiment.building import factory
from aae_keras.experiment.configuration.presets import preset
from tools import benchmark
from tools.benchmarks import limit, many, measure, serving, small_files, training
from tools.benchmarks.measure import Row
from tools.benchmarks.textbook import TextbookAAE


def flops_of(model, uses):
    """Of so many rows by network: forward, weights, and input of all but the encoder's first."""
    flops = 0
    for name, rows in uses.items():
        kernels = [w for w in getattr(model, name).trainable_variables if len(w.shape) == 2]
        for weight in kernels:
            first = name == "encoder" and weight.shape[0] == 784
            flops += 2 * rows * (2 if first else 3) * np.prod(weight.shape)
    return flops


def test_the_limit_counts_the_parameters_and_products_of_the_step():
    config = preset("mnist-100", **training.MANUAL)
    model = factory.build_model(config, training.random_data(100, 100))
    found = limit.Limit(limit.manual_passes())
    # scale and shift of the normalised layers, y and z, not worth a product
    norms = 2 * (1000 + 1000 + 10 + config.latent_dim)
    assert found.parameters == sum(np.prod(v.shape) for v in model.trainable_variables) - norms
    # forward, weights and input of every layer but the encoder's first, which passes nothing on
    rows = {"encoder": 200, "decoder": 100, "discriminator_cat": 200, "discriminator_gauss": 200}
    assert sum(2 * np.prod(shape) for shape in found.products) == flops_of(model, rows)


def test_the_limit_of_a_plus_step_counts_each_of_its_networks_once():
    config = preset("mnist-100-plus", pretrain="")
    model = factory.build_model(config, training.random_data(250, 100))
    found = limit.Limit(limit.plus_passes(config))
    norms = 2 * (1000 + 1000 + 500 + 500)  # of the hidden layers of both trunks
    assert found.parameters == sum(np.prod(v.shape) for v in model.trainable_variables) - norms


def test_a_convolution_is_the_product_of_its_kernel_with_patches():
    """16 numbers of each channel make a patch, which stands at every second pixel both ways."""
    sizes = {"image": (6, 4, 3), "filters": (2, 7)}
    encoding = limit.MapPass(5, (2 * 1 * 7, 9), **sizes)
    assert encoding.forward == [(5 * 3 * 2, 48, 2), (5 * 2 * 1, 32, 7), (5, 14, 9)]
    decoding = limit.MapPass(5, (9, 2 * 1 * 7), decoding=True, **sizes)
    assert decoding.forward == [(5, 9, 14), (5 * 2 * 1, 7, 32), (5 * 3 * 2, 2, 48)]
    encoder = networks.build_convolutional_encoder((6, 4, 3), 0, 9, (2, 7), hidden_units=())
    assert limit.parameters_of([encoding, encoding]) == encoder.count_params()


def test_a_pass_counts_what_is_asked_for():
    forward = [(5, 2, 3), (5, 3, 4)]
    of_weights, of_inner = [(2, 5, 3), (3, 5, 4)], [(5, 4, 3)]
    counted = {
        (False, False): forward,
        (True, False): forward + of_weights + of_inner,
        (False, True): [*forward, *of_inner, (5, 3, 2)],
        (True, True): [*forward, *of_weights, *of_inner, (5, 3, 2)],
    }
    for (weights, inputs), expected in counted.items():
        found = limit.Pass(5, (2, 3, 4), of_weights=weights, of_input=inputs).products
        assert sorted(found) == sorted(expected)


def test_the_limit_is_products_at_their_rates_and_the_optimizers_traffic():
    passes = limit.manual_passes(batch=2, width=3, pixels=4, codes=(2, 1))
    found = limit.Limit(passes, bytes_a_parameter=40)
    seconds = dict.fromkeys(found.candidates, 0.5 * limit.REPEATS)
    seconds |= {name: 1.0 * limit.REPEATS for name in seconds if name.startswith("product")}
    seconds["copy"] = 2.0
    rows = {row.name: row.value for row in found.rows(seconds, step=100.0)}
    products = 0.5 * len(found.products)  # the faster of the two kinds
    traffic = found.parameters * 40 / (2 * found._source.nbytes / 2.0)
    assert rows["limit/products"] == pytest.approx(1e3 * products)
    assert rows["train/limit-share"] == pytest.approx((products + traffic) / 100)


def test_the_textbook_step_learns_what_ours_does():
    """It is a fair baseline: each phase moves its networks, and its losses have our values."""
    baseline = TextbookAAE(hidden_units=(20, 20))
    baseline.compile(jit_compile=False)
    random = np.random.default_rng(0)
    images = tf.constant(random.integers(0, 256, (100, 28, 28, 1)).astype("uint8"))
    element = {"unlabeled": images, "labeled": images}, tf.range(100) % 10
    step = tf.function(baseline.train_step)
    networks = (baseline.encoder, baseline.decoder, baseline.judge_y, baseline.judge_z)
    before = [network.get_weights()[0] for network in networks]
    first = step(element)
    for network, old in zip(networks, before, strict=True):
        assert np.any(network.get_weights()[0] != old)
    assert 2.0 < first["discriminator_loss"] < 4.0  # about 4 log 2: two undecided judges
    assert 1.0 < first["generator_loss"] < 2.0
    assert 1.8 < first["classification_loss"] < 3.5  # about log 10
    for _ in range(60):
        last = step(element)
    assert last["reconstruction_loss"] < first["reconstruction_loss"]
    assert last["classification_loss"] < 0.8 * first["classification_loss"]


def test_candidates_take_turns_and_the_median_counts(monkeypatch):
    clock, calls = [0.0], []
    cost = {"a": iter([9.0, 1.0, 5.0, 2.0]), "b": iter([9.0, 3.0, 3.0, 3.0])}

    def run(name):
        calls.append(name)
        clock[0] += next(cost[name])

    monkeypatch.setattr(measure.time, "perf_counter", lambda: clock[0])
    found = measure.in_turn({name: lambda name=name: run(name) for name in cost}, rounds=3)
    assert found == {"a": 2.0, "b": 3.0}
    assert "".join(calls) == "abababab"


def test_latencies_are_percentiles_of_single_calls(monkeypatch):
    clock = [0.0]
    taken = iter([0.0] * 10 + list(range(1, 101)))
    monkeypatch.setattr(measure.time, "perf_counter", lambda: clock[0])

    def run():
        clock[0] += next(taken)

    assert measure.latencies(run, calls=100) == {"p50": 50.5, "p99": pytest.approx(99.01)}


def test_every_trick_is_measured_beside_the_step_without_it(monkeypatch):
    """What is replaced for a step without a trick must be there to be replaced."""
    monkeypatch.setattr(training, "our_steps", lambda *config, **compiled: lambda: None)
    monkeypatch.setattr(training, "in_turn", lambda steps: dict.fromkeys(steps, 2.0))
    rows = {row.name: row.value for row in training.trick_rows()}
    without = {name.partition("-without-")[2] for name in rows} - {""}
    assert without >= {"reversal", "shared-backward-passes", "shared-optimizers"}
    assert rows["trick/mnist-100"] == 100 * training.STEPS / 2.0
    assert rows["trick/mnist-100-without-reversal"] == 1.0


def test_the_table_and_the_file_hold_the_rows(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(training, "rows", lambda: iter([Row("train/textbook", 2500.0, "images/s")]))
    monkeypatch.setattr(serving, "rows", lambda: iter([Row("serve/x", 0.5, "ms")]))
    values = flags.FLAGS
    benchmark.TOOL.define()
    values.mark_as_parsed()
    monkeypatch.setattr(values["only"], "value", ["serve", "train"])
    monkeypatch.setattr(values["output"], "value", str(tmp_path / "b.json"))
    benchmark.main([])
    report = json.loads((tmp_path / "b.json").read_text())
    assert report.keys() == {"machine", "commit", "rows"} and "cores" in report["machine"]
    assert report["rows"] == [
        {"name": "serve/x", "value": 0.5, "unit": "ms"},
        {"name": "train/textbook", "value": 2500.0, "unit": "images/s"},
    ]
    assert "train/textbook" in capsys.readouterr().out
    monkeypatch.setattr(values["only"], "value", ["speed"])
    with pytest.raises(benchmark.cli.Usage, match="--only must be of train, .*Received: speed"):
        benchmark.main([])


@pytest.mark.long
def test_the_serving_rows_are_of_a_real_export():
    found = {row.name: row for row in serving.rows()}
    assert len(found) == 3 * 2 * 2 + 2
    assert all(row.value > 0 for row in found.values())
    parameters = 784 * 1000 + 1000 * 1000 + 1000 * 20 + 2020
    assert 4e-6 * parameters < found["serve/litert-size"].value < 4.2e-6 * parameters


@pytest.mark.long
def test_many_files_go_every_way_and_all_are_whole(monkeypatch):
    monkeypatch.setattr(many, "NUM_IMAGES", 200)
    monkeypatch.setattr(small_files, "IN_A_FOLDER", 150)
    lines = {}
    run = subprocess.run

    def counted(command, **kwargs):
        done = run(command, **kwargs)
        output = pathlib.Path(command[-1])
        lines[output.stem] = len(output.read_text().splitlines())
        sizes.update(file.stat().st_size for file in pathlib.Path(command[-2]).rglob("*.png"))
        return done

    sizes = set()
    monkeypatch.setattr(many.subprocess, "run", counted)
    found = {row.name: row.value for row in many.rows()}
    ways = {"loop", "predict"} | ({"beam"} if importlib.util.find_spec("apache_beam") else set())
    assert lines == dict.fromkeys(ways, 200)
    assert 800 < min(sizes) <= max(sizes) < 1000  # 784 bytes of noise, which nothing can pack
    assert found["bulk/share"] == pytest.approx(found["bulk/predict"] / found["bulk/loop"])
    assert found["bulk/predict-peak"] < 1
