import datetime
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import textwrap

import pytest

from aae_keras import interrupts
from aae_keras.deployment import contract, versions


def finished(base, content="whole"):
    """Write a version of one file, as an export does; gives its number."""
    with versions.written_aside(base) as aside:
        (aside / "file").write_text(content)
        return int(versions.publish(aside, base).name)


def test_a_version_appears_whole_and_nothing_is_left_aside(tmp_path):
    with versions.written_aside(tmp_path / "m") as aside:
        assert aside.stat().st_mode & 0o777 == 0o700  # nobody else, before it is whole
        (aside / "file").touch(0o600)
        assert versions.numbers(tmp_path / "m") == []
        path = versions.publish(aside, tmp_path / "m", 3)
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["3"]
    assert path == tmp_path / "m" / "3" and (path / "file").exists()
    assert path.stat().st_mode & 0o777 == 0o755  # a server runs as another user
    assert (path / "file").stat().st_mode & 0o777 == 0o644


def test_a_failed_one_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), versions.written_aside(tmp_path) as aside:
        (aside / "file").touch()
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", interrupts.SIGNALS)
def test_a_signal_before_the_last_step_publishes_nothing(tmp_path, number):
    class Dying:
        def __del__(self):
            signal.raise_signal(number)  # an exception would be lost here

    with pytest.raises(KeyboardInterrupt), interrupts.deferred():
        with versions.written_aside(tmp_path) as aside:
            (aside / "file").touch()
            Dying()
            versions.publish(aside, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_numbers_are_the_time_and_grow_whatever_the_clock_says(tmp_path):
    first = finished(tmp_path)
    now = int(datetime.datetime.now(datetime.UTC).strftime("%Y%m%d%H%M%S"))
    assert now - 2 <= first <= now
    (tmp_path / "99990101000000").mkdir()
    assert finished(tmp_path) == 99990101000001


def test_a_number_is_used_once(tmp_path, caplog):
    with versions.written_aside(tmp_path) as aside:
        versions.publish(aside, tmp_path, 7)
    for retired in (False, True):
        if retired:
            versions.retire(tmp_path, 7)
        with versions.written_aside(tmp_path) as aside:
            with pytest.raises(versions.VersionError, match="7 exists, and .* never overwritten"):
                versions.publish(aside, tmp_path, 7)
    with versions.written_aside(tmp_path) as aside:
        versions.publish(aside, tmp_path, 3)
    assert "Version 3 is below 7" in caplog.text


def test_after_the_largest_number_none_is_left(tmp_path):
    (tmp_path / str(contract.MAX_VERSION)).mkdir()
    with versions.written_aside(tmp_path) as aside:
        with pytest.raises(versions.VersionError, match="the largest version.*another name"):
            versions.publish(aside, tmp_path)
        assert versions.publish(aside, tmp_path, 3).name == "3"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../../x", "a/b", "a\\b", "/x", ".x", "-x", "a\nb", "a\0", "x" * 201]
)
def test_a_name_is_that_of_one_folder(tmp_path, name):
    with pytest.raises(versions.VersionError, match="that of one folder, such as digits.*--name"):
        versions.base_of(tmp_path, name)


def test_other_names_are_as_data_folders_have_them(tmp_path):
    for name in ("digits", "My photos", "bäume 2.1", "木"):
        assert versions.base_of(tmp_path, name) == tmp_path / name


def test_retiring_hides_a_version_and_keeps_its_files(tmp_path, caplog):
    first, second = finished(tmp_path, "old"), finished(tmp_path, "new")
    reader = open(tmp_path / str(second) / "file")  # a server that has it open
    gone = versions.retire(tmp_path, second)
    assert versions.numbers(tmp_path) == [first]
    assert reader.read() == (gone / "file").read_text() == "new"
    reader.close()
    assert [(v.number, v.retired) for v in versions.listed(tmp_path)] == [
        (first, False),
        (second, True),
    ]
    assert finished(tmp_path) > second
    with pytest.raises(versions.VersionError, match=f"has no version {second}. There are: {first}"):
        versions.retire(tmp_path, second)
    assert "only one" not in caplog.text
    for number in versions.numbers(tmp_path):
        versions.retire(tmp_path, number)
    assert "was the only one" in caplog.text


def test_what_another_machine_writes_is_left_to_it(tmp_path, monkeypatch):
    """Its locks may not be seen here, and its name may begin as this one's."""
    base = tmp_path / "base"
    for host in ("gpu", "gpu-2"):
        monkeypatch.setattr(socket, "gethostname", lambda host=host: host)
        (base / f"{versions._prefix()}abc_d123").mkdir(parents=True)
    monkeypatch.setattr(socket, "gethostname", lambda: "gpu")
    versions._remove_abandoned(base)
    assert [path.name for path in base.iterdir()] == [f"{versions.WRITING}gpu-2-abc_d123"]


def test_a_killed_writer_leaves_no_version_and_the_next_removes_its_folder(tmp_path):
    script = """
        import sys, time
        from aae_keras.deployment import versions
        with versions.written_aside(sys.argv[1]) as aside:
            (aside / "file").touch()
            print("written", flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "written\n"
        (left,) = tmp_path.iterdir()
        finished(tmp_path)
        assert left.exists()  # its writer lives
        os.kill(writer.pid, signal.SIGKILL)
    assert left.exists() and len(versions.numbers(tmp_path)) == 1
    finished(tmp_path)
    assert not left.exists() and len(versions.numbers(tmp_path)) == 2


def write_many(base, count):
    for _ in range(count):
        finished(base)


def test_many_writers_lose_and_overwrite_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(tmp_path, 10)) for _ in range(3)]
    for writer in writers:
        writer.start()
    before = []
    while any(writer.is_alive() for writer in writers):
        numbers = versions.numbers(tmp_path)
        assert all((tmp_path / str(n) / "file").read_text() == "whole" for n in numbers)
        # one that appears is above all that have been seen: a server never passes one over
        new = set(numbers) - set(before)
        assert not new or not before or min(new) > max(before)
        before = numbers
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(versions.numbers(tmp_path)) == 30


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-3, "now"),
        (0, "now"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (7200, "2 hours"),
        (3 * 86400, "3 days"),
    ],
)
def test_age(seconds, expected):
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    exported = (now - datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert versions.age({"exported": exported}, now) == expected
    assert versions.age(None) == versions.age({}) == ""
    assert versions.age({"exported": "2026-01-01"}, now) == ""  # of no known zone


@pytest.mark.parametrize("number", [0, -1, 2**63])
def test_a_number_that_no_server_reads_is_refused(tmp_path, number):
    with versions.written_aside(tmp_path) as aside:
        with pytest.raises(versions.VersionError, match=f"A version lies in 1 to {2**63 - 1}"):
            versions.publish(aside, tmp_path, number)
    for name in ("007", str(2**63), "v1", "1.5"):
        (tmp_path / name).mkdir()
    assert versions.numbers(tmp_path) == [] == versions.listed(tmp_path)


def test_a_damaged_manifest_does_not_hide_a_version(tmp_path):
    for number, text in ((1, "{"), (2, '{"revision": "r"}'), (3, "[]")):
        path = tmp_path / str(number) / contract.MANIFEST
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert [v.manifest for v in versions.listed(tmp_path)] == [
        None,
        {"revision": "r"},
        None,
    ]
    assert versions.listed(tmp_path / "none") == versions.numbers(tmp_path / "none") == []
