"""What cannot be written or read is one error that names it; nothing half written is left."""

import os
from pathlib import Path

import pytest

from glalign.storage.whole_files import resumable_directory, whole_directory, whole_file, write_text
from glalign.support.errors import UserError


@pytest.mark.parametrize("place", ["file/x.csv", "file/below/x.csv", "folder", "n" * 300])
def test_a_file_in_a_place_of_the_wrong_kind(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=rf"{place}: cannot be written \(.*\); free the disk, or name another place"):
        write_text(tmp_path / place, "x")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("place", [".", "/"])
def test_a_path_without_a_name_is_no_file(place: str) -> None:
    with pytest.raises(UserError, match=rf"^{place}: a folder; name a file"):
        write_text(place, "x")


def test_a_pipe_or_a_device_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe: not a file, but a device or a pipe"):
        write_text(tmp_path / "pipe", "x")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("kind", [whole_file, whole_directory, resumable_directory])
def test_a_folder_that_cannot_be_made(tmp_path: Path, kind) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for place in ("/proc/foo/x.csv", f"{tmp_path}/loop/below/x.csv"):
        with pytest.raises(UserError, match=rf"{place}: cannot be written \(.*: /.*\); free the disk"), kind(place):
            pass


def test_an_input_that_is_missing_while_writing_is_no_fault_of_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "x.csv"):
        (tmp_path / "input").read_bytes()


@pytest.mark.parametrize("place", ["file", "file/x"])
@pytest.mark.parametrize("kind", [whole_directory, resumable_directory])
def test_a_folder_in_the_place_of_a_file(tmp_path: Path, place: str, kind) -> None:
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    with pytest.raises(UserError, match=rf"{place}: cannot be written"), kind(tmp_path / place):
        pass
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"
