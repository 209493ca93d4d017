import errno
import fcntl
import os

import pytest

from aae_keras import files


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "drawn.png"
    for content in (b"one", b"two"):
        with files.replaced(path) as aside:
            assert aside.parent == tmp_path and aside.suffix == ".png"
            assert aside.stat().st_mode & 0o777 == 0o600  # nobody else reads half of it
            aside.write_bytes(content)
        assert path.read_bytes() == content and path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "full"), ValueError()]
)
def test_what_stood_there_survives_a_failure(tmp_path, error):
    path = tmp_path / "drawn.png"
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as caught, files.replaced(path) as aside:
        aside.write_bytes(b"half")
        raise error
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    if isinstance(error, OSError):
        assert caught.value.filename == str(path)  # the system names none


def test_a_folder_that_is_not_there_is_named_by_the_file_that_was_meant(tmp_path):
    with pytest.raises(OSError) as caught, files.replaced(tmp_path / "none" / "drawn.png"):
        pass
    assert caught.value.filename == str(tmp_path / "none" / "drawn.png")


def test_what_a_link_leads_to_is_replaced(tmp_path):
    (tmp_path / "disk").mkdir()
    file, link = tmp_path / "disk" / "file.json", tmp_path / "link.json"
    file.write_text("old")
    link.symlink_to(file)
    files.write_atomically(link, "new")
    assert link.is_symlink() and file.read_text() == "new"
    assert list(tmp_path.glob("disk/*")) == [file]


def test_others_may_read_what_the_umask_or_the_old_file_lets_them(tmp_path):
    def mode(name):
        files.write_atomically(tmp_path / name, "text")
        return (tmp_path / name).stat().st_mode & 0o777

    before = os.umask(0o077)
    try:
        assert mode("private") == 0o600
        (tmp_path / "private").chmod(0o640)
        assert mode("private") == 0o640
        os.umask(0o002)
        assert mode("shared") == 0o664
    finally:
        os.umask(before)


def test_a_lock_that_another_holds_is_not_taken(tmp_path, monkeypatch, caplog):
    with open(tmp_path / "a", "w") as one, open(tmp_path / "a", "w") as two:
        assert files.lock(one, tmp_path, "nobody else writes") and caplog.messages == []
        assert not files.lock(two, tmp_path, "nobody else writes")

    def refuse(handle, how):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with open(tmp_path / "a", "w") as one:
        assert files.lock(one, tmp_path, "nobody else writes")
    assert f"{tmp_path} has no locks: see to it that nobody else writes" in caplog.text
