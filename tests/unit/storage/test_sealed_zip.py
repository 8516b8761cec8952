"""A sealed archive says whether it was changed, and is still an archive."""

import zipfile
from pathlib import Path

import pytest

from glalign.storage.sealed_zip import is_intact, seal


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("data", bytes(range(20)))
    return path


def test_every_flipped_bit_and_every_cut_is_noticed(archive: Path) -> None:
    seal(archive)
    assert is_intact(archive)
    whole = archive.read_bytes()
    for place in range(len(whole)):
        archive.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert not is_intact(archive), place
        archive.write_bytes(whole[:place])
        assert not is_intact(archive), place
    archive.write_bytes(whole + b"\0")
    assert not is_intact(archive)
    archive.write_bytes(whole)
    assert is_intact(archive)


def test_a_sealed_archive_is_read_as_before(archive: Path) -> None:
    seal(archive)
    with zipfile.ZipFile(archive) as file:
        assert file.testzip() is None
        assert file.read("data") == bytes(range(20))


def test_one_that_was_never_sealed_is_not_intact_and_one_with_a_comment_is_not_sealed(archive: Path) -> None:
    assert not is_intact(archive)
    seal(archive)
    with pytest.raises(ValueError, match="without a comment"):
        seal(archive)
