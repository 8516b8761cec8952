"""What cannot be written or read is one error that names it; nothing half written is left."""

import os
import signal
import socket
import subprocess
import sys
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


WRITER = """
import sys, time
from glalign.storage.whole_files import whole_directory
with whole_directory(sys.argv[1]) as folder:
    (folder / "half").write_text("x")
    print("ready", flush=True)
    time.sleep(60)
"""


def writer(path: Path) -> subprocess.Popen[str]:
    """A process that is in the middle of writing the folder `path`."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def test_what_a_killed_writer_left_goes_at_the_next_start_and_a_live_writers_folder_stays(tmp_path: Path) -> None:
    killed, alive = writer(tmp_path / "cuhk"), writer(tmp_path / "cuhk")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    others = [
        f".cuhk.elsewhere-{killed.pid}.part",
        f".cuhk.en.{socket.gethostname()}-{killed.pid}.part",
        ".cuhk.x.part",
    ]
    for name in others:
        (tmp_path / name).mkdir()
    assert len(list(tmp_path.iterdir())) == 5
    try:
        with whole_directory(tmp_path / "cuhk") as folder:
            (folder / "whole").write_text("x", encoding="utf-8")
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {"cuhk", f".cuhk.{socket.gethostname()}-{alive.pid}.part", *others}
    finally:
        alive.kill()
        alive.wait()
    with whole_directory(tmp_path / "cuhk"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"cuhk", *others}


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077, 0o002])
def test_folders_and_files_have_the_permissions_that_the_user_wants(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with whole_directory(tmp_path / "folder") as folder:
            write_text(folder / "file", "x")
        with resumable_directory(tmp_path / "resumed"):
            pass
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("folder", "resumed", "folder/file")]
    assert modes == [0o777 & ~mask, 0o777 & ~mask, 0o666 & ~mask]
