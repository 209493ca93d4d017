import errno

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
