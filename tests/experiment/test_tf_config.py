"""The place of a process among its workers, as TF_CONFIG says it."""

import json
import os
import pathlib
import runpy
import subprocess
import sys
import types

import pytest
import yaml

import aae_keras
from aae_keras.errors import UserError
from aae_keras.experiment.learning.tf_config import place_of

DEPLOY = pathlib.Path("tools/deploy")
RAY = ("ray", "ray.train", "ray.train.tensorflow")
WORKERS = {"worker": ["one:2222", "two:2222"]}


def config(cluster, kind, index):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def test_the_first_worker_is_the_chief_unless_there_is_one():
    assert place_of(config(WORKERS, "worker", 1)).rank == 1
    with_chief = WORKERS | {"chief": ["zero:2222"]}
    assert place_of(config(with_chief, "chief", 0)).rank == 0
    last = place_of(config(with_chief, "worker", "1"))  # some schedulers write it as text
    assert (last.rank, last.count) == (2, 3)
    assert last.addresses == ("zero:2222", "one:2222", "two:2222")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "TF_CONFIG, which is not set"),
        ("", "TF_CONFIG, which is not set"),
        ("{", "must be JSON such as"),
        ("[]", "must be JSON such as"),
        ('{"cluster": {}}', "KeyError: 'task'"),
        (config(WORKERS, "worker", 2), "no worker has the index 2"),
        (config(WORKERS, "worker", -1), "no worker has the index -1"),
        (config(WORKERS, "evaluator", 0), "no evaluator has the index 0"),
        (config(WORKERS | {"ps": ["three:2222"]}, "worker", 0), "chief and worker, not ps"),
        (config({"worker": "one:2222"}, "worker", 0), "worker must be a list of HOST:PORT"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        place_of(text)


def test_the_kubernetes_job_gives_each_worker_its_place():
    _, job = yaml.safe_load_all((DEPLOY / "train_job.yaml").read_text())
    count, template = job["spec"]["completions"], job["spec"]["template"]["spec"]
    assert job["spec"]["parallelism"] == count  # all at once: none can train without the others
    (container,) = template["containers"]
    (script,) = container["args"]
    for rank in range(count):
        shown = subprocess.run(
            [*container["command"], script.replace("exec python", "echo $TF_CONFIG; echo")],
            env=os.environ | {"JOB_COMPLETION_INDEX": str(rank)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        place = place_of(shown[0])
        assert (place.rank, place.count) == (rank, count)
        host = f"{job['metadata']['name']}-{rank}.{template['subdomain']}"
        assert place.addresses[rank] == f"{host}:{container['ports'][0]['containerPort']}"
    assert "--distribute=multiworker" in shown[1]


def test_the_ray_script_trains_as_a_worker(monkeypatch):
    started, trained = [], []

    class Trainer:
        def __init__(self, worker, **options):
            started.append((worker, options))

        def fit(self):
            worker, _ = started[-1]
            worker()

    ray, ray_train, tensorflow = (types.ModuleType(name) for name in RAY)
    for name in ("FailureConfig", "RunConfig", "ScalingConfig"):
        setattr(ray_train, name, dict)
    tensorflow.TensorflowTrainer = Trainer
    for name, module in zip(RAY, (ray, ray_train, tensorflow), strict=True):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(
        aae_keras, "train", lambda *args, **options: trained.append((args, options)), raising=False
    )
    runpy.run_path("examples/train_on_ray.py")
    ((config, _), options) = trained[0]
    assert options == {"resume": False, "distribute": "multiworker"}
    assert config.batch_size % started[0][1]["scaling_config"]["num_workers"] == 0
    assert config.labeled_batch_size % started[0][1]["scaling_config"]["num_workers"] == 0
