"""Archives: the same bytes each time, and nothing of one that is not safe is unpacked."""

import copy
import hashlib
import random
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from glalign.storage import archives
from glalign.storage.archives import entries, read_entries, unpack, write_archive
from glalign.support.errors import UserError


def with_entry(path: Path, name: str, mode: int = stat.S_IFREG | 0o644, count: int = 1) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for _ in range(count):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, b"content")
    return path


def test_bytes_depend_on_names_and_contents_alone(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"two")
    write_archive(tmp_path / "1.zip", {"x/b": tmp_path / "b", "a": b"one"})
    (tmp_path / "b").touch()
    write_archive(tmp_path / "2.zip", {"a": b"one", "x/b": b"two"})
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    unpack(tmp_path / "1.zip", entries(tmp_path / "1.zip"), tmp_path / "out")
    assert (tmp_path / "out/x/b").read_bytes() == b"two" and (tmp_path / "out/a").read_bytes() == b"one"


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/x",
        "a\\..\\x",
        "C:/x",
        "C:x",
        "a//b",
        "./a",
        "a/",
        ".bashrc",
        "a/.git/x",
        "a\nb",
        "x" * 201,
        "/".join(["x" * 200] * 5),
        "",
    ],
)
def test_a_name_that_is_no_file_below_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="not unpacked"):
        entries(with_entry(tmp_path / "b.zip", name))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_a_link_or_a_device(tmp_path: Path, kind: int) -> None:
    with pytest.raises(UserError, match="a link, a device"):
        entries(with_entry(tmp_path / "b.zip", "a", kind | 0o777))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="stands twice"):
        entries(with_entry(tmp_path / "b.zip", "a", count=2))
    write_archive(tmp_path / "c.zip", {"a": b"", "a/b": b""})
    with pytest.raises(UserError, match="a file and of a folder"):
        entries(tmp_path / "c.zip")
    write_archive(tmp_path / "d.zip", {"a": b"", "A": b""})
    with pytest.raises(UserError, match="stands twice"):
        entries(tmp_path / "d.zip")


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_archive(tmp_path / "b.zip", {"a": b"0" * 100, "b": b""})
    monkeypatch.setattr(archives, "MOST_BYTES", 99)
    with pytest.raises(UserError, match="not a bundle"):
        entries(tmp_path / "b.zip")
    monkeypatch.undo()
    monkeypatch.setattr(archives, "MOST_FILES", 1)
    with pytest.raises(UserError, match="not a bundle"):
        entries(tmp_path / "b.zip")


def test_an_entry_that_is_longer_than_its_list_says(tmp_path: Path) -> None:
    write_archive(tmp_path / "b.zip", {"a": b"0" * 1000})
    data = (tmp_path / "b.zip").read_bytes()
    size = (1000).to_bytes(4, "little")
    assert data.count(size) == 2
    (tmp_path / "b.zip").write_bytes(data.replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(UserError, match=r"b\.zip: a: "):
        list(read_entries(tmp_path / "b.zip", ["a"]))


def test_a_small_archive_does_not_unpack_to_a_large_one(tmp_path: Path) -> None:
    write_archive(tmp_path / "b.zip", {"a": b" " * (2 << 20)})
    with pytest.raises(UserError, match=r"b\.zip: a: .*100 times its packed size"):
        entries(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "stored.zip", "w") as archive:
        archive.writestr("a", b"0" * (2 << 20))
    assert list(entries(tmp_path / "stored.zip")) == ["a"]


def test_entries_that_share_their_bytes(tmp_path: Path) -> None:
    """The list of the archive names one stored entry of a MiB two hundred times."""
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a", b"0" * (1 << 20))
        for number in range(200):
            again = copy.copy(archive.filelist[0])
            again.filename = f"b{number}"
            archive.filelist.append(again)
    with pytest.raises(UserError, match=r"b\.zip: more than 100 times its size"):
        entries(tmp_path / "b.zip")


def test_one_large_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_OF_ONE", 99)
    write_archive(tmp_path / "b.zip", {"a": b"0" * 100})
    with pytest.raises(UserError, match=r"b\.zip: a: "):
        entries(tmp_path / "b.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_another_compression(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w", method) as archive:
        archive.writestr("a", b"content")
    with pytest.raises(UserError, match="neither stored nor compressed by Deflate"):
        entries(tmp_path / "b.zip")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    write_archive(tmp_path / "b.zip", {"a/b": b"content"})
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / ("x" * 300)):
        with pytest.raises(UserError, match="cannot be written"):
            unpack(tmp_path / "b.zip", ["a/b"], folder)


def test_unpacking_takes_a_block_at_a_time(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(1 << 20) * 24
    write_archive(tmp_path / "b.zip", {"a": content})
    tracemalloc.start()
    assert unpack(tmp_path / "b.zip", ["a"], tmp_path / "out") == {"a": hashlib.sha256(content).hexdigest()}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06"])
def test_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(UserError, match="no zip archive"):
        entries(tmp_path / "b.zip")
    with pytest.raises(UserError):
        entries(tmp_path / "none.zip")


def test_a_damaged_entry(tmp_path: Path) -> None:
    write_archive(tmp_path / "b.zip", {"a": bytes(range(256)) * 9})
    data = bytearray((tmp_path / "b.zip").read_bytes())
    data[40] ^= 255
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(UserError, match="damaged"):
        list(read_entries(tmp_path / "b.zip", ["a"]))
