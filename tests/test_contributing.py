"""The two additions that CONTRIBUTING.md shows: they apply to the library as it is, and work."""

import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

DIFFS = re.findall(r"```diff\n(.*?)```", pathlib.Path("CONTRIBUTING.md").read_text(), re.DOTALL)
# Trains one step of a setting with the new term, and one of another with the new prior.
SCRIPT = """
    import keras
    from aae_keras import models
    from aae_keras.experiment.building import factory
    from aae_keras.experiment.configuration.config import Config

    small = {"hidden_units": (8,), "latent_dim": 2, "jit_compile": "off", "epochs": 1}
    for config in (
        Config(setting="basic", extra_terms=("style_length",), style_length_weight=0.1, **small),
        Config(setting="label-informed", prior="ring", **small),
    ):
        data = factory.load_data(config)
        model = factory.build_model(config, data)
        logs = model.train_step(next(iter(data.train)))
        print(sorted(name for name in logs if name.startswith("style")))
        model.save("model.keras")
        print(type(models.load_model("model.keras").priors["z"]).__name__)
"""


def test_they_apply_and_train(tmp_path):
    shutil.copytree("aae_keras", tmp_path / "aae_keras")
    touched = []
    for diff in DIFFS:
        touched.append(re.findall(r"^diff --git a/(\S+)", diff, re.MULTILINE))
        subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff, text=True, check=True)
    assert touched == [
        [
            "aae_keras/experiment/configuration/vocabulary.py",
            "aae_keras/experiment/configuration/config.py",
            "aae_keras/models/terms/extra_terms.py",
        ],
        ["aae_keras/experiment/configuration/vocabulary.py", "aae_keras/priors.py"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["['style_length']", "GaussianPrior", "[]", "RingPrior"], (
        done.stderr
    )
