"""The tools as a user calls them: exit codes, messages, files."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml
from PIL import Image

from aae_keras.data import sources
from tests import forked
from tests.folders import write_images

TOOLS = (
    "train", "evaluate", "visualize", "generate", "export", "predict", "prepare_data", "demo",
    "benchmark", "versions", "reproduce", "tune", "report", "suggest", "label",
    "demo_labels",
)  # fmt: skip
QUICK = [
    "--num_labeled=12", "--validation_size=6", "--hidden_units=16,16", "--latent_dim=2",
    "--batch_size=10", "--labeled_batch_size=10", "--epochs=2", "--jit_compile=off",
    "--weight_stddev=0.2",
]  # fmt: skip


def tool(name, *arguments):
    return forked.run(f"tools.{name}", *arguments)


@pytest.mark.parametrize(
    "module, arguments",
    [
        ("tools.train", ["--epoch=3"]),  # a usage error
        ("tools.versions", ["--name=none", "--root=."]),  # a failure
        ("tools.export", ["--help"]),
        ("zipfile", ["--list", "none"]),  # a traceback
    ],
)
def test_a_forked_tool_answers_as_one_that_is_started(module, arguments, tmp_path):
    command = [sys.executable, "-m", module, *arguments]
    path = os.environ | {"PYTHONPATH": os.getcwd()}
    started = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=path)
    done = forked.run(module, *arguments, cwd=tmp_path)
    assert done.returncode == started.returncode
    assert done.stdout == started.stdout
    if "Traceback" in done.stderr:
        done.stderr, started.stderr = (
            text.splitlines()[-1] for text in (done.stderr, started.stderr)
        )
    assert done.stderr == started.stderr


@pytest.mark.parametrize("name", TOOLS)
def test_help_lists_the_flags_without_importing_tensorflow(name):
    script = (
        f"import sys, runpy; sys.argv = [{name!r}, '--help']\n"
        f"try: runpy.run_module('tools.{name}', run_name='__main__')\n"
        "except SystemExit as stop: print('code', stop.code)\n"
        "print([m for m in ('tensorflow', 'keras', 'numpy', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.startswith(f"usage: python -m tools.{name} [flags]")
    assert done.stdout.endswith("code 0\n[]\n"), done.stderr


def test_every_field_is_a_flag_and_in_the_help():
    import dataclasses

    from aae_keras.experiment.configuration.config import Config

    shown = tool("train", "--help").stdout
    for field in dataclasses.fields(Config):
        assert f"  --{field.name}: " in shown
    assert shown.index("Data:") < shown.index("Networks and priors:") < shown.index("Execution:")


def test_help_shows_the_values_of_the_preset_that_is_named_or_of_that_for_own_data():
    own, mnist = (
        tool("train", "--help").stdout,
        tool("train", "--preset", "mnist-100", "--help").stdout,
    )
    assert "the preset own; --preset=NAME --help" in own and "[250]" in own and "[adam]" in own
    assert "the preset mnist-100." in mnist and "[sgd]" in mnist and "[adam]" not in mnist
    groups = tool("suggest", "--help").stdout  # which trains where there is no run yet
    assert "the preset own-clusters; --preset=NAME" in groups and "[clustering]" in groups
    data = tool("evaluate", "--help").stdout
    assert "if it has moved." in data and "[digits]" not in data


@pytest.mark.parametrize(
    "name, arguments, code, message",
    [
        ("train", ["--epoch=3"], 2, "Unknown command line flag 'epoch'. Did you mean: epochs"),
        ("benchmark", ["--only=speed"], 2, "--only must be of train, plus, photos"),
        ("benchmark", ["--output=no/such/folder.json"], 1, "No such file or directory"),
        ("train", ["--preset=digit"], 2, "Unknown preset 'digit'. Did you mean digits"),
        ("train", ["--epochs=many"], 2, "epochs=many"),
        ("train", ["--epochs=0"], 2, "`epochs` must be at least 1. Received: epochs=0"),
        (
            "train",
            ["--hidden_units=10,x"],
            2,
            "--hidden_units takes whole numbers with commas between them, such as 64,64. Received: "
            "--hidden_units=10,x",
        ),
        ("train", ["--config=none.yaml"], 2, "--config=none.yaml: No such file"),
        ("train", ["--resume", "--overwrite"], 2, "choose one"),
        ("train", ["digits"], 2, "Unexpected argument 'digits'"),
        ("train", ["--distribute=many"], 2, "--distribute must be one of mirrored, multiworker"),
        ("train", ["--distribute=multiworker"], 1, "TF_CONFIG, which is not set"),
        ("train", ["--resume", "--run_dir=none"], 1, "none holds no run"),
        ("train", ["--dataset=no/such/folder"], 1, "there is no such folder"),
        ("train", ["--preset=mnist-100", "--data_dir=none"], 1, "mnist is not prepared in none"),
        ("evaluate", [], 2, "--run_dir is needed"),
        ("evaluate", ["--run_dir=none"], 1, "none holds no run"),
        ("visualize", ["--run_dir=none"], 1, "none holds no run"),
        ("report", [], 2, "--run_dir is needed"),
        ("report", ["--run_dir=none"], 1, "none holds no run"),
        ("label", [], 2, "Give either --dataset=FOLDER or --run_dir=runs/digits-seed0"),
        ("label", ["--dataset=x", "--run_dir=y"], 2, "Give either --dataset=FOLDER or"),
        ("label", ["--run_dir=none"], 1, "none holds no run"),
        ("label", ["--dataset=x", "--labels=x.json"], 2, "--labels must end in .csv"),
        ("label", ["--dataset=x", "--port=70000"], 2, "--port must lie in [0, 65535]"),
        ("label", ["--dataset=no/such/folder"], 1, "there is no such folder"),
        ("label", ["--dataset=digits"], 1, "Every training image has a label in the data"),
        ("suggest", [], 2, "--run_dir=RUN is needed"),
        ("suggest", ["--run_dir=none"], 1, "none holds no run"),
        ("suggest", ["--run_dir=none", "--count=0"], 2, "--count must be at least 1"),
        ("suggest", ["--run_dir=none", "--method=best"], 2, "--method is one of auto, typical"),
        ("suggest", ["--run_dir=none", "--epochs=3"], 2, "--epochs is for training, and the run"),
        ("train", ["--resume_from=none"], 1, "none holds no run"),
        ("suggest", ["--run_dir=none", "--output=a.txt"], 2, "--output must end in .csv"),
        ("export", ["--run_dir=none"], 1, "none holds no run"),
        ("export", ["--run_dir=none", "--version=0"], 2, "--version must be 1 or more"),
        ("export", ["--run_dir=none", "--formats=tflite"], 2, "--formats must be of saved_model"),
        ("generate", ["--run_dir=none"], 2, "--output is needed"),
        ("generate", ["--run_dir=none", "--output=x.png"], 1, "none holds no run"),
        ("generate", ["--run_dir=none", "--output=x.txt"], 2, "must end in .png"),
        ("generate", ["--run_dir=x", "--output=x.png", "--between=a"], 2, "two image files"),
        ("generate", ["--run_dir=x", "--output=x.png", "--count=1"], 2, "between 2 and 400"),
        ("generate", ["--run_dir=x", "--output=x.png", f"--seed={2**64}"], 2, "--seed must lie"),
        (
            "generate",
            ["--run_dir=x", "--output=x.png", "--between=a,b", "--count=61"],
            2,
            "between 2 and 60",
        ),
        ("generate", ["--run_dir=x", "--output=x.png", "--style_of=a", "--count=9"], 2, "no use"),
        ("generate", ["--run_dir=x", "--output=x.png", "--between=a,b", "--seed=9"], 2, "no use"),
        ("versions", ["--name=x", "--retire=1", "--check"], 2, "--check compares all versions"),
        ("reproduce", ["--table_only", "--seeds=1"], 2, "--seeds is for runs, and --table_only"),
        ("demo", ["--epochs=0"], 2, "`epochs` must be at least 1"),
        ("train", ["--seed=99999999999"], 2, "`seed` must lie in [0, 2147483647]"),
        ("train", ["--dataset=mnist:9.9.9"], 1, "Unknown data set 'mnist:9.9.9'"),
        ("predict", ["--model=none"], 2, "Name at least one image"),
        ("predict", ["--model=none", "a.png"], 1, "none: expected saved_models/NAME"),
        ("predict", ["a.png"], 2, "--model is needed"),
        ("predict", ["--model=x", "--server=y", "a.png"], 2, "exclude each other"),
        ("predict", ["--server=localhost:1", "a.png"], 2, "A server's address is http://HOST:8501"),
        ("predict", ["--server=http://x:1", "--timeout=0", "a.png"], 2, "`timeout` must lie in"),
        ("predict", ["--server=http://x:1", "--timeout=inf", "a.png"], 2, "`timeout` must lie in"),
        ("predict", ["--server=http://[::1", "a.png"], 2, "A server's address is http"),
        ("predict", ["--model=x", "--version=3", "a.png"], 2, "--version is for --server"),
        ("export", ["--run_dir=x", f"--version={2**63}"], 2, "--version must be 1 or more"),
        ("export", ["--run_dir=x", "--formats=saved_model", "--quantize=int8"], 2, "--quantize is"),
        (
            "export",
            ["--run_dir=x", "--formats=litert", "--with_decoder"],
            2,
            "--with_decoder is for the format saved_model",
        ),
        ("export", ["--run_dir=none", "--quantize=int4"], 2, "--quantize must be of none, float16"),
        ("versions", [], 2, "--name is needed"),
        ("versions", ["--name=none"], 1, "saved_models/none has no version"),
        ("versions", ["--name=none", "--retire=1"], 1, "has no version 1. There are: none"),
        ("reproduce", ["--rows=digit"], 2, "Unknown row 'digit'. Did you mean digits"),
        ("reproduce", ["--rows=photos-1000"], 2, "cannot be run. photos-1000: "),
        (
            "reproduce",
            ["--rows=digits", "--seeds=a"],
            2,
            "--seeds takes whole numbers with commas between them, such as 0,1,2",
        ),
        ("reproduce", ["--rows=digits", "--seeds=-1"], 2, "`seed` must lie in [0, 2147483647]"),
        ("reproduce", ["--jobs=0"], 2, "--jobs must be at least 1. Received: --jobs=0"),
        ("tune", ["--minute=3"], 2, "Unknown command line flag 'minute'. Did you mean: minutes"),
        ("tune", ["--minutes=0"], 2, "--minutes must be above 0. Received: --minutes=0.0"),
        ("tune", ["--trials=-1"], 2, "--trials must be at least 0. Received: --trials=-1"),
        ("tune", ["--preset=mnist-100", "--data_dir=none"], 1, "mnist is not prepared in none"),
        ("prepare_data", ["--dataset=mnist"], 2, "--data_dir is needed"),
        ("prepare_data", ["--dataset=x", "--data_dir=y"], 1, "has no set named 'x'"),
        ("prepare_data", ["--dataset=mnist", "--data_dir=y", "--from=z"], 1, "no such folder"),
    ],
)
def test_mistakes_end_in_one_clear_message(name, arguments, code, message):
    done = tool(name, *arguments)
    assert message in done.stderr and f"{name}: " in done.stderr
    assert done.returncode == code and done.stdout == ""
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 2


def test_precedence_is_preset_then_file_then_flags(tmp_path):
    (tmp_path / "c.yaml").write_text("epochs: 3\nseed: 5\n")
    script = (
        "import sys; from tools import cli; t = cli.Tool('t', ''); t.config_flags();"
        "t.flag(str, 'config', '', '');"
        "t.define();"
        f"cli.FLAGS(['t', '--preset=mnist-1000', '--config={tmp_path}/c.yaml', '--seed=6']);"
        "print(cli.config_from_flags().to_yaml())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    found = yaml.safe_load(done.stdout)
    assert (found["num_labeled"], found["epochs"], found["seed"]) == (1000, 3, 6), done.stderr


def test_a_preset_named_in_a_file_gives_what_the_file_leaves_out(tmp_path):
    from aae_keras.experiment.configuration import presets

    found = presets.from_yaml("preset: mnist-1000\nepochs: 3\ngenerator_rate: 1e-4")
    assert (found.num_labeled, found.epochs, found.generator_rate) == (1000, 3, 1e-4)
    (tmp_path / "c.yaml").write_text("preset: mnist-1000")
    done = tool("train", "--preset=digits", f"--config={tmp_path}/c.yaml")
    assert done.returncode == 2 and "preset: 'mnist-1000', and --preset=digits" in done.stderr
    (tmp_path / "c.yaml").write_text("preset: mnist-10")
    done = tool("train", f"--config={tmp_path}/c.yaml")
    assert done.returncode == 2 and "Unknown preset 'mnist-10'. Did you mean" in done.stderr


def trained_and_evaluated(tmp_path, dataset):
    """A run folder of a user's own data."""
    run = tmp_path / "run"
    done = tool("train", f"--dataset={dataset}", f"--run_dir={run}", *QUICK, "--pretrain=")
    assert done.returncode == 0, done.stderr
    assert "revision 20" in done.stdout and "peak memory" in done.stdout
    done = tool("evaluate", f"--run_dir={run}")
    assert json.loads(done.stdout)["test"].keys() >= {"error_rate"}, done.stderr
    return run


def test_own_folder_of_pictures_through_every_tool(tmp_path):
    folder, root = tmp_path / "pictures", tmp_path / "work"
    write_images(folder, {"cat": 20, "dog": 20, "owl": 20, "unlabeled": 40})
    pictures = sorted((folder / "dog").glob("*.png"))[:3]
    run = trained_and_evaluated(tmp_path, folder)
    done = tool("visualize", f"--run_dir={run}")
    assert len(done.stdout.split()) == 11, done.stderr
    done = tool(
        "export", f"--run_dir={run}", f"--root={root}", "--name=own", "--quantize=none,float16"
    )
    version = done.stdout.strip()
    assert "litert-float16" in done.stderr and "not calibrated: " in done.stderr
    assert done.returncode == 0 and version.startswith(f"{root}/own/20"), done.stderr
    broken = tmp_path / "broken.png"
    broken.write_text("no image")
    done = tool("predict", f"--model={root / 'own'}", broken, *pictures)
    assert done.returncode == 1, done.stderr
    first, *rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert "error" in first and len(rows) == len(pictures)
    assert {row["class_name"] for row in rows} <= {"cat", "dog", "owl"}
    done = tool("predict", f"--model={version}/litert/encoder.tflite", *pictures)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["label"] for row in lines] == [row["label"] for row in rows]
    listed = tool("versions", f"--root={root}", "--name=own").stdout.splitlines()
    assert len(listed) == 2 and "newest" in listed[1] and "error_rate 0." in listed[1]


@pytest.mark.long
def test_own_npz_with_missing_labels_through_the_tools(tmp_path, npz, images):
    picture, run = tmp_path / "picture.png", trained_and_evaluated(tmp_path, npz)
    Image.fromarray(images[0, :, :, 0]).save(picture)
    done = tool("export", f"--run_dir={run}", f"--root={tmp_path}", "--name=own")
    done = tool("predict", f"--model={done.stdout.strip()}/litert/encoder.tflite", picture)
    row = json.loads(done.stdout)
    assert row["image"] == str(picture) and row["confidence"] == max(row["probabilities"])


def test_a_retired_version_is_out_of_sight(exported, tmp_path):
    shutil.copytree(exported.path.parent, tmp_path / "tiny")
    shutil.copytree(exported.path, tmp_path / "tiny" / "8")
    where = f"--root={tmp_path}", "--name=tiny"
    assert tool("versions", *where, "--retire=8").stdout == f"{tmp_path}/tiny/.retired-8\n"
    lines = tool("versions", *where).stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["7", "newest"], ["8", "retired"]]
    assert "not evaluated" in lines[1]


def test_a_file_predicts_without_tensorflow(exported, tmp_path, images):
    """From the command on: the tool too, whose start-up is what an edge device feels."""
    picture = tmp_path / "picture.png"
    Image.fromarray(images[0, :, :, 0]).save(picture)
    script = (
        "import sys, runpy;"
        f"sys.argv = ['predict', '--model={exported.path}/litert/encoder.tflite', '{picture}']\n"
        "try: runpy.run_module('tools.predict', run_name='__main__')\n"
        "except SystemExit as stop: print('code', stop.code)\n"
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.startswith('{"image": ') and done.stdout.endswith("\n[]\n"), done.stderr


@pytest.mark.parametrize(
    "stop", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.exhaustive)]
)
def test_stopping_keeps_the_last_epoch_and_says_how_to_resume(tmp_path, npz, stop):
    """Also where the process was started with the signal ignored, as background jobs are."""
    run = tmp_path / "run"
    command = [sys.executable, "-m", "tools.train", f"--dataset={npz}", f"--run_dir={run}"]
    process = subprocess.Popen(
        [*command, *QUICK, "--setting=labels-only", "--epochs=5000"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    deadline = time.monotonic() + 60
    while not list((run / "backup").glob("epoch-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(stop)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in messages
    assert f"go on with python -m tools.train --run_dir={run} --resume" in messages
    last = max(int(p.name.removeprefix("epoch-")) for p in (run / "backup").glob("epoch-*"))
    done = tool("train", f"--run_dir={run}", "--resume", f"--epochs={last + 1}")
    assert f"Resuming after epoch {last} of {last + 1}" in done.stderr, done.stderr
    assert done.returncode == 0


def test_an_existing_run_is_refused(tmp_path, npz):
    (tmp_path / "config.yaml").write_text("revision: x\n")
    done = tool("train", f"--dataset={npz}", f"--run_dir={tmp_path}", *QUICK)
    assert done.returncode == 1 and "holds a run already. Pass --overwrite" in done.stderr


def test_a_folder_without_write_permission_is_named(npz):
    done = tool("train", f"--dataset={npz}", "--run_dir=/proc/run", *QUICK)
    assert done.returncode == 1 and "/proc/run" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_prepare_data_refuses_other_files_and_misses_none(tmp_path):
    """The four files of MNIST, but with other contents."""
    import gzip
    import struct

    originals = tmp_path / "originals"
    originals.mkdir()
    random = np.random.default_rng(0)
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        pixels = random.integers(0, 2, (count, 28 * 28), dtype="uint8")
        for kind, magic, sizes, payload in (
            ("images-idx3", 2051, (28, 28), pixels),
            ("labels-idx1", 2049, (), np.arange(count, dtype="uint8") % 10),
        ):
            header = struct.pack(f">{2 + len(sizes)}i", magic, count, *sizes)
            with gzip.open(originals / f"{part}-{kind}-ubyte.gz", "wb", compresslevel=1) as file:
                file.write(header + payload.tobytes())
    done = tool(
        "prepare_data", "--dataset=mnist", f"--from={originals}", f"--data_dir={tmp_path}/tfds"
    )
    # tensorflow-datasets knows the checksums of the true files, and these are others.
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "mnist could not be made from the files in" in done.stderr
    for path in originals.iterdir():
        path.unlink()
    done = tool(
        "prepare_data", "--dataset=mnist", f"--from={originals}", f"--data_dir={tmp_path}/tfds"
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{originals} lacks the original file" in done.stderr


@pytest.mark.long
def test_prepare_data_makes_what_training_reads(tmp_path):
    originals = pathlib.Path(os.environ.get("AAE_MNIST_IDX", "../shared/data/mnist_idx"))
    if not originals.is_dir():
        pytest.skip("no original files of MNIST: set AAE_MNIST_IDX to their folder")
    done = tool("prepare_data", "--dataset=mnist", f"--from={originals}", f"--data_dir={tmp_path}")
    assert done.stdout.strip() == f"{tmp_path}/mnist/3.0.1", done.stderr
    source = sources.read("mnist", data_dir=str(tmp_path))
    assert len(source.images) == 60_000 and len(source.test_images) == 10_000
    assert tool("prepare_data", "--dataset=mnist", f"--data_dir={tmp_path}").returncode == 0
