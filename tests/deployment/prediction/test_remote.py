"""The client against look-alikes of both interfaces, and a real server where there is one."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading

import grpc
import numpy as np
import pytest
from PIL import Image

from aae_keras.deployment import prediction
from aae_keras.deployment.prediction import clients, remote
from tests import forked
from tests.servers import prediction_service, rest
from tests.servers.graph_mode import ServedModel

UNAVAILABLE = {"http": 503, "grpc": grpc.StatusCode.UNAVAILABLE}
SERVERS = {"http": rest.serving, "grpc": prediction_service.serving}


@pytest.fixture(scope="module")
def models(exported):
    return {"tiny": {7: ServedModel(exported.path)}}


@pytest.fixture(params=SERVERS)
def scheme(request):
    return request.param


@contextlib.contextmanager
def client(scheme, models, failures=0, code=None, **options):
    """A client of a look-alike that fails so many times before it answers."""
    failing = [code or UNAVAILABLE[scheme]] * failures
    with SERVERS[scheme](models, failing) as address:
        address = address if scheme == "http" else f"grpc://{address}"
        yield clients.open_server(address, **{"name": "tiny", **options})


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(remote, "FIRST_WAIT", 0.001)


@pytest.fixture
def files(images, tmp_path):
    """Digits as PNG; one as JPEG, one as BMP, one large, and three that are no images."""
    paths = {}
    for number, image in enumerate(images[:5, :, :, 0]):
        picture = Image.fromarray(image)
        paths[f"{number}.png"] = picture
    paths["6.jpg"] = Image.fromarray(images[6, :, :, 0]).resize((50, 60))
    paths["7.bmp"] = Image.fromarray(images[7, :, :, 0])
    for name, picture in paths.items():
        picture.save(tmp_path / name)
    (tmp_path / "text.png").write_text("no image")
    content = (tmp_path / "6.jpg").read_bytes()
    (tmp_path / "cut.png").write_bytes((tmp_path / "0.png").read_bytes()[:-30])
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    return [str(tmp_path / name) for name in (*paths, "text.png", "cut.png", "none.png")]


def test_a_server_says_what_the_export_says(scheme, models, exported, files):
    local = list(prediction.predict_files(prediction.open_predictor(exported.path), files))
    with client(scheme, models) as server:
        rows = list(remote.classify_files(server, files))
    assert [row["image"] for row in rows] == files
    for row, expected in zip(rows, local, strict=True):
        assert row.keys() == expected.keys()
        if "error" not in row:
            assert (row["label"], row["class_name"]) == (expected["label"], expected["class_name"])
            np.testing.assert_allclose(row["probabilities"], expected["probabilities"], atol=1e-6)
    assert [("error" in row) for row in rows] == [False] * 7 + [True] * 3
    assert "not a readable image" in rows[7]["error"] and "no such file" in rows[9]["error"]
    # what the server's decoder says of it
    assert rows[8]["error"].startswith(f"{files[8]}: the server refused it: Invalid PNG data")


def test_one_damaged_file_does_not_fail_its_batch(scheme, models, files):
    with client(scheme, models) as server:
        sent = []
        classify = server.classify
        server.classify = lambda contents: sent.append(len(contents)) or classify(contents)
        list(remote.classify_files(server, files))
    assert sent == [8] + [1] * 8  # once together, then one by one


def test_files_go_in_batches(scheme, models, files, monkeypatch):
    monkeypatch.setattr(remote, "BATCH", 3)
    with client(scheme, models) as server:
        rows = list(remote.classify_files(server, files[:7]))
        assert len(rows) == 7 and all("label" in row for row in rows)
        assert list(remote.classify_files(server, [])) == []


def test_an_unavailable_server_is_asked_again(scheme, models, files):
    with client(scheme, models, failures=remote.ATTEMPTS - 1) as server:
        (row,) = remote.classify_files(server, files[:1])
        assert "label" in row
    with client(scheme, models, failures=remote.ATTEMPTS) as server:
        with pytest.raises(clients.ServerError, match="No answer after 5 attempts.*not now"):
            list(remote.classify_files(server, files[:1]))


@pytest.mark.parametrize(
    "status, later", [(429, True), (408, True), (503, True), (401, False), (403, False)]
)
def test_what_is_no_matter_of_the_images_is_not_blamed_on_them(files, status, later):
    """So a batch is not taken apart, and no image is called refused."""
    asked = []

    class Gate(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.path)
            self.send_error(status)

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Gate) as gate:
        threading.Thread(target=gate.serve_forever, daemon=True).start()
        server = clients.open_server(f"http://127.0.0.1:{gate.server_port}", "tiny")
        with pytest.raises(clients.ServerError):
            list(remote.classify_files(server, files[:3]))
        gate.shutdown()
    assert len(asked) == (remote.ATTEMPTS if later else 1)


def test_a_grpc_server_out_of_memory_is_asked_again(models, files):
    exhausted = grpc.StatusCode.RESOURCE_EXHAUSTED
    with client("grpc", models, failures=remote.ATTEMPTS - 1, code=exhausted) as server:
        rows = list(remote.classify_files(server, files[:3]))
    assert ["label" in row for row in rows] == [True] * 3


def test_a_grpc_message_that_is_too_long_is_taken_apart(models, tmp_path, monkeypatch):
    """A channel that sends one of three files at a time, but not two."""
    noise = Image.effect_noise((60, 60), 50)
    copies = [tmp_path / f"{number}.png" for number in range(3)]
    for copy in copies:
        noise.save(copy)
    channel = grpc.insecure_channel
    limit = [("grpc.max_send_message_length", 3 * os.path.getsize(copies[0]) // 2)]
    monkeypatch.setattr(grpc, "insecure_channel", lambda address: channel(address, limit))
    with client("grpc", models) as server:
        rows = list(remote.classify_files(server, copies))
    assert ["label" in row for row in rows] == [True] * 3


def test_waits_grow(monkeypatch):
    waits = []
    monkeypatch.setattr(remote, "FIRST_WAIT", 0.2)
    monkeypatch.setattr(remote.time, "sleep", waits.append)

    def classify(contents):
        raise clients.Unavailable("busy")

    with pytest.raises(clients.ServerError, match="busy"):
        remote._with_retries(classify, [])
    assert waits == [0.2, 0.4, 0.8, 1.6]


def test_a_server_that_is_not_there(scheme, files):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"{scheme}://127.0.0.1:{free.getsockname()[1]}"
        server = clients.open_server(address, "tiny", timeout=0.2)
        with pytest.raises(clients.ServerError, match="No answer after 5 attempts"):
            list(remote.classify_files(server, files[:1]))


@pytest.mark.parametrize("chosen", [{"name": "other"}, {"version": 8}])
def test_a_model_or_version_that_the_server_has_not(scheme, models, files, chosen):
    with client(scheme, models, **chosen) as server:
        with pytest.raises(clients.ServerError, match="Servable not found"):
            list(remote.classify_files(server, files[:1]))
    with client(scheme, models, version=7) as server:
        (row,) = remote.classify_files(server, files[:1])
        assert "label" in row


@pytest.mark.parametrize(
    "address",
    ["localhost:8501", "ftp://localhost:1", "http://", "grpc:x", "http://[::1", "http://x:port"],
)
def test_addresses_of_another_form_are_refused(address):
    expected = f"http://HOST:8501 .* Received: {re.escape(address)}"
    with pytest.raises(ValueError, match=expected):
        clients.open_server(address, "tiny")


@pytest.mark.parametrize(
    "wrong", [{"timeout": 0.0}, {"timeout": np.inf}, {"timeout": np.nan}, {"version": 2**63}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must lie in"):
        clients.open_server("grpc://localhost:1", "tiny", **wrong)


def test_large_files_go_in_small_batches(scheme, models, files, monkeypatch):
    sizes = [len(remote.read_file(file)) for file in files[:7]]
    monkeypatch.setattr(remote, "BATCH_BYTES", sizes[0] + sizes[1])
    with client(scheme, models) as server:
        sent = []
        classify = server.classify
        server.classify = lambda contents: (
            sent.append(sum(map(len, contents))) or classify(contents)
        )
        rows = list(remote.classify_files(server, [*files[:7], files[6]]))
    assert [row["image"] for row in rows] == [*files[:7], files[6]]
    assert len(sent) > 3 and sum(sent) == sum(sizes) + sizes[6]
    assert all(size <= remote.BATCH_BYTES or size == max(sizes) for size in sent)


def test_a_picture_that_png_cannot_hold_is_converted(scheme, models, exported, tmp_path):
    picture = tmp_path / "print.tif"
    Image.new("CMYK", (5, 6), (10, 200, 30, 40)).save(picture)
    (local,) = prediction.predict_files(prediction.open_predictor(exported.path), [picture])
    with client(scheme, models) as server:
        (row,) = remote.classify_files(server, [picture])
    assert row["label"] == local["label"]


def test_the_tool_prints_the_same_lines(scheme, models, exported, files):
    def predict(*flags):
        done = forked.run("tools.predict", *flags, *files[:2], files[9])
        assert done.returncode == 1, done.stderr  # the last file is not there
        return [json.loads(line) for line in done.stdout.splitlines()]

    local_rows = predict(f"--model={exported.path}")
    with SERVERS[scheme](models) as address:
        address = address if scheme == "http" else f"grpc://{address}"
        remote_rows = predict(f"--server={address}", "--name=tiny", "--version=7", "--timeout=30")
    assert [row.keys() for row in remote_rows] == [row.keys() for row in local_rows]
    for row, expected in zip(remote_rows, local_rows, strict=True):
        assert row["image"] == expected["image"] and row.get("label") == expected.get("label")


def test_rest_needs_no_tensorflow(models, files):
    with rest.serving(models) as address:
        script = (
            "import sys; from aae_keras.deployment.prediction import clients, remote;"
            f"server = clients.open_server({address!r}, 'tiny');"
            f"print(len(list(remote.classify_files(server, {files!r}))));"
            "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "10\n[]\n", done.stderr


@pytest.mark.skipif(
    "AAE_TF_SERVING" not in os.environ,
    reason="no TensorFlow Serving: set AAE_TF_SERVING to its address, see BUILD.md",
)
def test_the_real_server(tmp_path):
    """Its rows are those of the export that it serves, AAE_TF_SERVING_EXPORT, read here."""
    version = pathlib.Path(os.environ["AAE_TF_SERVING_EXPORT"]).resolve()
    predictor = prediction.open_predictor(version)
    height, width, channels = predictor.image_shape
    random = np.random.default_rng(0)
    paths = []
    for number in range(70):
        pixels = random.integers(0, 256, (height + number, width, 3), dtype="uint8")
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(pixels).save(paths[-1])
    (tmp_path / "cut.png").write_bytes((tmp_path / "0.png").read_bytes()[:-30])
    local = list(prediction.predict_files(predictor, paths))
    server = clients.open_server(os.environ["AAE_TF_SERVING"], version.parent.name)
    *rows, bad = remote.classify_files(server, [*paths, str(tmp_path / "cut.png")])
    assert "the server refused it" in bad["error"]
    for row, expected in zip(rows, local, strict=True):
        assert (row["image"], row["label"]) == (expected["image"], expected["label"])
        np.testing.assert_allclose(row["probabilities"], expected["probabilities"], atol=1e-4)
