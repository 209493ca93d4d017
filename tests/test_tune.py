"""`tools.tune` as a user calls it: its lines, Ctrl-C, a second call, and the command it prints."""

import re
import shlex
import signal
import subprocess
import sys
import types

import pytest

from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.presets import preset
from aae_keras.experiment.run_folder import runs
from aae_keras.experiment.search.journal import Tried
from tests.test_tools import QUICK
from tools import cli, tune

FLAGS = [*QUICK, "--epochs=8", "--optimizer=adam", "--reconstruction_rate=0.001"]


def start(*arguments):
    command = [sys.executable, "-m", "tools.tune", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.long
def test_a_search_that_was_interrupted_goes_on_and_prints_a_command(npz, tmp_path):
    where = ["--preset=", f"--dataset={npz}", f"--tune_dir={tmp_path / 'tune'}", *FLAGS]
    process = start(*where)
    assert process.stdout.readline() == (
        "The score is the error rate of 6 validation images: less is better. The test images are "
        "not looked at.\n"
    )
    assert re.fullmatch(r"trial 0: as configured: \d+\.\d\d %, \d+ s\n", process.stdout.readline())
    process.send_signal(signal.SIGINT)
    out, messages = process.communicate(timeout=120)
    assert process.returncode == 1 and "Traceback" not in messages, messages
    assert f"The same command goes on with what is in {tmp_path / 'tune'}." in messages
    assert "best: " in out and out.splitlines()[-1].startswith(
        "python -m tools.train --preset= --dataset="
    )

    over = 1 + len(re.findall(r"(?m)^trial", out))
    out, messages = start(*where, f"--trials={over + 2}").communicate(timeout=120)
    *_, first, second, best, command = out.splitlines()
    values = r"reconstruction_rate=[\d.e-]+ input_noise=[\d.]+"
    for line in (first, second):
        assert re.fullmatch(rf"trial \d+: {values}: \d+\.\d\d %, \d+ s(, pruned)?", line), messages
    assert re.fullmatch(
        r"best: (trial \d+, with .* %; as configured .* %|the configuration as it is, with .* %)",
        best,
    )
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "tools.train"] and "--epochs=8" in words
    assert f"--dataset={npz}" in words and "--hidden_units=16,16" in words


@pytest.mark.parametrize(
    "outcome, message", [("stopped", "Give more --minutes"), ("diverged", "Lower the rates")]
)
def test_a_search_without_an_end_says_why(outcome, message):
    trial = Tried(0, {}, {"input_noise": 0.1}, None, 3.0, outcome, True)
    search = types.SimpleNamespace(tried=[trial], folder="runs/tune-x")
    assert message in tune.none_ended(search, 0.5)
    assert tune.line_of(trial, None) == f"trial 0: as configured: no score, 3 s, {outcome}"


@pytest.mark.parametrize(
    "config",
    [
        Config(dataset="my pictures", rate_drops=(), hidden_units=(5, 6), seed=4),
        preset("mnist-100-plus", vat_radius=0.31, batch_norm=False, extra_terms=("vat",)),
        preset("own", setting="dimensionality-reduction", num_clusters=10, pretrain="labels-only"),
    ],
)
def test_the_flags_of_a_configuration_make_it(config):
    script = (
        "import sys; from tools import cli; t = cli.Tool('t', ''); t.config_flags();"
        "t.flag(str, 'config', '', '');"
        "t.define(); cli.FLAGS(sys.argv); print(cli.config_from_flags().to_yaml())"
    )
    flags = shlex.split(shlex.join(cli.flags_of(config)))
    done = subprocess.run([sys.executable, "-c", script, *flags], capture_output=True, text=True)
    assert done.stdout.strip() == config.to_yaml().strip(), done.stderr


def test_the_command_trains_beside_a_run_that_is_there(tmp_path, monkeypatch, capsys):
    class Search:
        best = types.SimpleNamespace(as_configured=True, score=0.1)
        criterion = types.SimpleNamespace(text=str)

        def config_of(self, trial):
            return preset("digits", seed=3)

    monkeypatch.chdir(tmp_path)
    tune.say_best(Search())
    assert "--run_dir" not in capsys.readouterr().out
    folder = tmp_path / "runs" / "digits-seed3"
    folder.mkdir(parents=True)
    runs.write_config(runs.Run(folder, preset("digits"), "20260101T000000Z-aaaa", "f"))
    tune.say_best(Search())
    assert capsys.readouterr().out.endswith(" --run_dir=runs/digits-seed3-tuned\n")
