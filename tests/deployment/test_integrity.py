"""Damage to files of a version that nobody exported: no library that reads models is needed."""

import json
import logging

import pytest

from aae_keras.deployment import contract, integrity, versions
from aae_keras.deployment.prediction import PredictorError, opening
from tools import cli
from tools import versions as versions_tool

REVISION = "20260101T000000Z-00000000"


@pytest.fixture
def version(tmp_path):
    """`tmp_path`/model/3."""
    folder = tmp_path / "model" / "3"
    for name in ("saved_model.pb", "variables/variables.index", contract.LITERT_FILE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"content of {name}".encode())
    integrity.write_manifest(folder, {"revision": REVISION, "metrics": None})
    return folder


def with_a_bit_flipped(content, place):
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def test_a_flipped_bit_of_any_byte_is_seen_and_its_file_named(version):
    assert integrity.check(version)
    file = version / contract.LITERT_FILE
    kept = file.read_bytes()
    for path in [path for path in version.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        for place in range(0, 8 * len(content), 9):  # another bit of each byte
            path.write_bytes(with_a_bit_flipped(content, place))
            with pytest.raises(integrity.DamagedError, match=path.name):
                integrity.check(version)
        for shorter in (b"", content[:-2]):
            path.write_bytes(shorter)
            with pytest.raises(integrity.DamagedError, match=path.name):
                integrity.check(version)
        path.write_bytes(content)
    file.unlink()
    with pytest.raises(integrity.DamagedError, match="Received: no file"):
        integrity.check(version)
    file.write_bytes(kept)
    assert integrity.check(version)


def test_a_file_that_was_never_exported_is_not_called_damaged(version):
    missing = version / contract.LITERT_FILES["int8"]
    with pytest.raises(PredictorError, match=r"has no such file; it has litert/encoder\.tflite"):
        opening.open_predictor(missing)
    missing.write_bytes(b"of somebody else")
    with pytest.raises(integrity.DamagedError, match="none of the files that the export wrote"):
        opening.open_predictor(missing)


def test_a_damaged_file_is_refused_before_it_is_opened(version, monkeypatch):
    file = version / contract.LITERT_FILE
    file.write_bytes(file.read_bytes()[:-1])
    for folder, path in ((version.parent, file), (version, file), (file.parent, file)):
        monkeypatch.chdir(folder)
        with pytest.raises(integrity.DamagedError, match=r"encoder\.tflite is damaged.*Expected"):
            opening.open_predictor(path.relative_to(folder))
    for name in ("variables/variables.index", "saved_model.pb"):
        (version / name).write_bytes(b"")
        for path in (version, version.parent):
            with pytest.raises(integrity.DamagedError, match=f"{name} is damaged.*Expected"):
                opening.open_predictor(path)


def test_what_is_not_read_may_be_changed(version, monkeypatch):
    """The model card of an export is there to be edited, and a server needs no file for phones."""
    monkeypatch.setattr(opening, "SavedModelPredictor", lambda path: path)
    (version / "README.md").write_text("a card")
    integrity.write_manifest(version, {"revision": REVISION, "metrics": None})
    (version / "README.md").write_text("a card with a licence")
    (version / contract.LITERT_FILE).unlink()
    assert opening.open_predictor(version) == version
    with pytest.raises(integrity.DamagedError, match="README.md is damaged"):
        integrity.check(version)


def test_a_saved_model_without_its_manifest_is_read_with_a_warning(version, caplog, monkeypatch):
    """What it does not know is how training read image files."""
    monkeypatch.setattr(opening, "SavedModelPredictor", lambda path: path)
    (version / contract.MANIFEST).unlink()
    assert opening.open_predictor(version) == version
    (said,) = caplog.messages
    assert said.startswith(f"{version}: there is no {contract.MANIFEST}") and "--fit" in said
    writing = version.rename(version.with_name(f"{versions.WRITING}3"))
    assert opening.open_predictor(writing) == writing and caplog.messages == [said]


def test_exports_without_checksums_are_used_and_one_line_is_said(version, caplog, monkeypatch):
    monkeypatch.setitem(opening._PREDICTORS, ".tflite", lambda path: path)
    file, manifest = version / contract.LITERT_FILE, version / contract.MANIFEST
    with caplog.at_level(logging.INFO):
        assert opening.open_predictor(file) == file and caplog.messages == []
        manifest.write_text(json.dumps({"revision": REVISION}))  # as version 0.1 wrote it
        assert opening.open_predictor(file) == file
        assert len(caplog.messages) == 1 and "without checksums" in caplog.text
        manifest.unlink()  # as of a file that was copied to a device
        assert opening.open_predictor(file) == file and len(caplog.messages) == 1


@pytest.mark.parametrize(
    "text", ["3", "[]", "null", "", "{", "[" * 100_000, '{"files": 3}', '{"sha256": "0"}', "\0"]
)
def test_manifests_of_another_shape_are_damaged(version, text):
    (version / contract.MANIFEST).write_text(text)
    with pytest.raises(integrity.DamagedError, match="manifest.json is damaged"):
        integrity.check(version)
    (found,) = versions.listed(version.parent)
    assert found.manifest is None


@pytest.fixture
def flags():
    """The tool's flags, which other tests may have defined."""
    if "check" not in cli.FLAGS:
        versions_tool.TOOL.define()
    yield cli.FLAGS
    cli.FLAGS.unparse_flags()


def test_the_tool_checks_every_version(version, flags, capsys):
    arguments = ["versions", f"--root={version.parent.parent}", "--name=model", "--check"]
    flags(arguments)
    versions_tool.main([])
    assert capsys.readouterr().out == f"{3:>16}  whole\n"
    (version / "saved_model.pb").write_bytes(b"")
    with pytest.raises(SystemExit) as end:
        versions_tool.main([])
    assert end.value.code == 1
    assert f"{version}/saved_model.pb is damaged" in capsys.readouterr().out
    (version / contract.MANIFEST).unlink()
    with pytest.raises(SystemExit):
        versions_tool.main([])
    assert f"no {contract.MANIFEST}: copy it anew" in capsys.readouterr().out


@pytest.mark.parametrize(
    "metrics",
    [3, [], {}, {"test": 3}, {"test": {"error_rate": None}}, {"test": {"error_rate": []}}],
)
def test_scores_of_any_shape_are_listed(version, metrics):
    assert versions_tool._score({"metrics": metrics}) == "not evaluated"
