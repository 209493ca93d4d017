"""Training on several devices: what workers share, what is refused, two processes on loopback."""

import socket
import subprocess
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from aae_keras.data import from_arrays
from aae_keras.errors import UserError
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.learning import training
from aae_keras.experiment.learning.devices import Group, started
from aae_keras.experiment.learning.tf_config import Place
from aae_keras.experiment.run_folder import outcomes, runs
from aae_keras.models import replicas
from tests.conftest import write_npz
from tests.experiment import workers
from tests.experiment.killing import assert_same_weights, saved_weights
from tests.tiny import tiny_model


class Twin:
    """Stands for the strategy of two workers, the other of whom always has the same numbers."""

    num_replicas_in_sync = 2

    def run(self, reduce, args):
        return [2 * tensor for tensor in args]


@pytest.fixture
def twins():
    with replicas.joined(Twin(), rank=1):
        yield


def group(rank, count):
    addresses = tuple(f"host{i}:1" for i in range(count))
    return Group(types.SimpleNamespace(num_replicas_in_sync=count), Place(rank, addresses))


def test_workers_add_up_tensors_and_changes(twins):
    assert (replicas.count(), replicas.rank()) == (2, 1)
    none, two = replicas.summed([None, tf.constant(1.0)])
    assert none is None and two == 2.0
    total, moving = keras.Variable(10.0), keras.Variable(10.0)
    step = keras.Variable(0, dtype="int64")
    average = keras.Variable(1.0, aggregation="only_first_replica")
    with replicas.adding_up([total, step, average]), replicas.adding_up([moving], mean=True):
        total.assign_add(3.0)
        moving.assign_add(3.0)
        step.assign_add(1)
        average.assign_add(1.0)
    assert [float(v) for v in (total, moving, step, average)] == [16.0, 13.0, 1.0, 2.0]


def test_the_mean_over_workers_sends_its_gradient_to_each(twins):
    values = tf.constant([[1.0, 4.0], [3.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(values)
        share = tf.reduce_sum(replicas.global_mean(values) ** 2) / replicas.count()
    # Of the four rows of both: d/dx of (m1^2 + m2^2) is 2 m / 4, m being (2, 2).
    np.testing.assert_allclose(tape.gradient(share, values), np.ones((2, 2)))


def test_each_worker_has_its_rows_of_every_batch(images, labels):
    data = from_arrays(images, labels, validation_size=7, batch_size=10, labeled_batch_size=6)
    assert data.batch_sizes == {"batch_size": 10, "labeled_batch_size": 6}
    parts = [group(rank, 3).share(data.validation) for rank in range(3)]
    (whole,) = data.validation.as_numpy_iterator()
    shares = [next(part.as_numpy_iterator()) for part in parts]
    assert [len(share[1]) for share in shares] == [3, 2, 2]
    for rank, (x, y) in enumerate(shares):
        np.testing.assert_array_equal(x, whole[0][rank::3])
        np.testing.assert_array_equal(y, whole[1][rank::3])
    assert parts[0].largest_label == data.validation.largest_label
    assert Group().share(data.train) is data.train


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"jit_compile": "step"}, "leave --jit_compile out. Received: jit_compile='step'"),
        ({"batch_size": 8}, "`batch_size` is of all 3 devices .* Received: batch_size=8"),
        ({"labeled_batch_size": 7}, "Received: labeled_batch_size=7"),
    ],
)
def test_what_several_devices_cannot_do_is_refused(images, labels, changes, message):
    sizes = {"batch_size": 9, "labeled_batch_size": 6} | changes
    compiled = sizes.pop("jit_compile", "auto")
    data = from_arrays(images, labels, validation_size=7, **sizes)
    with pytest.raises(UserError, match=message):
        group(0, 3).check(Config(jit_compile=compiled), data)
    Group().check(Config(jit_compile=compiled), data)


def test_models_that_workers_could_not_keep_equal_are_refused(twins):
    model = tiny_model()
    for options, message in (
        ({"jit_compile": True}, "`jit_compile` works on one device"),
        ({"steps_per_execution": 2}, "`steps_per_execution` must be 1 on several devices"),
    ):
        with pytest.raises(ValueError, match=message):
            model.compile(**options)
    model.compile(metrics=["accuracy"], jit_compile=False)
    with pytest.raises(UserError, match="Compile without `metrics`"):
        group(0, 2).check_model(model)
    model = tiny_model()
    model.compile(jit_compile=False)
    group(0, 2).check_model(model)
    model.encoder.layers[-1].synchronized = True
    with pytest.raises(UserError, match="`synchronized=False`"):
        group(0, 2).check_model(model)


def test_a_cluster_of_one_is_one_device(monkeypatch, caplog):
    monkeypatch.setenv(
        "TF_CONFIG",
        '{"cluster": {"worker": ["here:1"]}, "task": {"type": "worker", "index": 0}}',
    )
    with started("multiworker") as alone:
        assert alone.is_chief and not replicas.are_workers()
    assert "names one worker" in caplog.text


def free_ports():
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return f"{one.getsockname()[1]},{two.getsockname()[1]}"


def work_together(folder, *works):
    """What two workers print, and their exit codes."""
    ports = free_ports()
    command = [sys.executable, "-m", "tests.experiment.workers"]
    both = [
        subprocess.Popen(
            [*command, str(rank), ports, str(folder), *works],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = [worker.communicate(timeout=1800) for worker in both]
    finally:
        for worker in both:
            worker.kill()
    for out, err in said:
        print(err)  # pytest shows it where a test fails
        assert out
    return [out for out, _ in said], [worker.returncode for worker in both]


def test_two_workers_learn_what_one_learns(tmp_path, images, labels):
    """Without noise, one process has the same curve, to rounding."""
    write_npz(tmp_path / "own.npz", images, labels)
    (chief, other), codes = work_together(tmp_path, "curve")
    assert codes == [0, 0] and chief == other  # the same run
    alone = training.train(workers.config_of(tmp_path, "curve"), tmp_path / "alone", verbose=0)
    rows, others = (
        outcomes.read_history(run) for run in (alone, runs.open_run(tmp_path / "curve"))
    )
    for row, together in zip(rows, others, strict=True):
        for name in row.keys() - {"seconds", "revision"}:
            assert together[name] == pytest.approx(row[name], rel=1e-4), name


@pytest.mark.exhaustive
def test_two_workers_end_together_and_resume_exactly(tmp_path, images, labels):
    write_npz(tmp_path / "own.npz", images, labels)
    (chief, _), codes = work_together(tmp_path, "whole", "killed")
    assert codes == [1, -9]
    assert "killed Another worker has ended" in chief and "--resume" in chief
    killed = runs.open_run(tmp_path / "killed")
    assert [path.name for path in killed.backup.iterdir()] == ["epoch-000001"]
    _, codes = work_together(tmp_path, "killed-resumed")
    assert codes == [0, 0]
    whole = runs.open_run(tmp_path / "whole")
    assert_same_weights(saved_weights(whole), saved_weights(killed))
