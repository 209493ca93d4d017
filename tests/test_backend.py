"""Settings of Keras on a user's machine: they change nothing, or are refused in a line."""

import json
import os
import subprocess
import sys

import pytest

PRINT_WEIGHTS = """
import keras, numpy
from aae_keras import networks
shape = (8, 6, 3)
size = {"filters": (4,), "hidden_units": (5,), "seed": 1}
encoder = networks.build_convolutional_encoder(shape, 3, 2, **size)
decoder = networks.build_convolutional_decoder(shape, 3, 2, **size)
dense = networks.build_encoder(shape, 3, 2, hidden_units=(5,), seed=1)
images = numpy.linspace(0, 1, 288, dtype="float32").reshape(2, *shape)
for network in (encoder, dense):
    code = network(images)
    print(keras.ops.sum(code["z"], axis=1).numpy().round(5).tolist(), code["z"].dtype)
print(decoder({"y": keras.ops.eye(3, dtype="float32")[:2], "z": code["z"]})["image_logits"].shape)
"""


def python(script, **settings):
    """A fresh Python, in which environment variables of None are not set."""
    env = {name: value for name, value in (os.environ | settings).items() if value is not None}
    command = [sys.executable, *(["-c", script] if isinstance(script, str) else script)]
    return subprocess.run(command, capture_output=True, text=True, env=env)


def keras_json(folder, **settings):
    """A home that has a keras.json."""
    (folder / ".keras").mkdir()
    whole = {"backend": "tensorflow", "floatx": "float32", "epsilon": 1e-7} | settings
    (folder / ".keras" / "keras.json").write_text(json.dumps(whole))
    return str(folder)


@pytest.mark.parametrize(
    "script",
    [
        "import aae_keras; aae_keras.SemiSupervisedAAE",
        "import aae_keras; aae_keras.preset('digits')",
        "from aae_keras.models import SemiSupervisedAAE",
        "from aae_keras import networks",
    ],
)
def test_another_backend_is_refused_in_a_line(script):
    done = python(script, KERAS_BACKEND="jax")
    last = done.stderr.strip().splitlines()[-1]
    assert "needs Keras on TensorFlow. Set KERAS_BACKEND=tensorflow" in last
    assert last.endswith("Received: 'jax', from the environment variable KERAS_BACKEND")


def test_a_tool_refuses_another_backend_without_a_traceback(tmp_path):
    home = keras_json(tmp_path, backend="torch")
    done = python(["-m", "tools.train"], HOME=home, KERAS_BACKEND=None)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "Received: 'torch', from" in done.stderr and "keras.json" in done.stderr


def test_a_backend_that_is_loaded_already_is_asked():
    script = "import sys, types; k = types.ModuleType('keras'); sys.modules['keras'] = k\n"
    script += "k.config = types.SimpleNamespace(backend=lambda: 'jax')\n"
    done = python(script + "import aae_keras; aae_keras.load_data")
    assert "Received: 'jax', from Keras, which is loaded already" in done.stderr


def test_keras_json_changes_no_network(tmp_path, capsys):
    """Channels are last and numbers float32 whatever the file says."""
    exec(PRINT_WEIGHTS, {})  # here, where Keras is as it comes
    plain = capsys.readouterr().out
    home = keras_json(tmp_path, image_data_format="channels_first", floatx="float64")
    changed = python(PRINT_WEIGHTS, HOME=home, KERAS_BACKEND=None)
    assert changed.returncode == 0, changed.stderr
    assert changed.stdout == plain
    assert plain.endswith("(2, 8, 6, 3)\n")


@pytest.mark.parametrize("home", [None, "/nonexistent/home"])
def test_a_home_that_is_not_there_is_not_needed(home):
    done = python("import aae_keras; print(aae_keras.networks.build_encoder)", HOME=home)
    assert done.returncode == 0 and "build_encoder" in done.stdout, done.stderr
