"""What cannot be written or read is one error that names it; nothing half written is left."""

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from glalign.storage.json_files import read_json
from glalign.storage.whole_files import resumable_directory, whole_directory, whole_file, write_json, write_text
from glalign.support.errors import UserError


@pytest.mark.parametrize("place", ["file/x.csv", "file/below/x.csv", "folder", "n" * 300])
def test_a_file_in_a_place_of_the_wrong_kind(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=rf"{place}: cannot be written \(.*\); name another place to write to$"):
        write_text(tmp_path / place, "x")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


KINDS = [whole_file, whole_directory, resumable_directory]


@pytest.mark.parametrize("place", [".", "/", "..", "folder/.."])
@pytest.mark.parametrize("kind", KINDS)
def test_a_path_that_ends_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, kind) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    with pytest.raises(UserError, match=rf"^{place}: does not end with a name; add the name"), kind(place):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


@pytest.mark.parametrize("name", ["a" * 245, "b" * 255, "é" * 127])
@pytest.mark.parametrize("kind", [whole_file, whole_directory])
def test_every_name_that_a_file_may_have_can_be_written(tmp_path: Path, name: str, kind) -> None:
    with kind(tmp_path / name) as part:
        (part if kind is whole_file else part / "x").write_text("x", encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["x", "y" * 255])
def test_the_leftover_of_a_long_name_is_its_own(tmp_path: Path, name: str) -> None:
    killed, other = writer(tmp_path / name), writer(tmp_path / f"{name[:-1]}z")
    for process in (killed, other):
        process.send_signal(signal.SIGKILL)
        process.wait()
    write_text(tmp_path / name, "x")
    assert len(list(tmp_path.iterdir())) == 2
    write_text(tmp_path / f"{name[:-1]}z", "x")
    assert {path.name for path in tmp_path.iterdir()} == {name, f"{name[:-1]}z"}


def test_threads_that_write_one_file_have_a_temporary_file_each(tmp_path: Path) -> None:
    path, letters = tmp_path / "x", "abcd"

    def write(letter: str) -> None:
        for _ in range(50):
            write_text(path, letter * 5000)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, letters))
    assert path.read_text(encoding="utf-8") in {letter * 5000 for letter in letters}
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_within_another_of_the_same_folder(tmp_path: Path) -> None:
    with whole_directory(tmp_path / "x") as outer:
        (outer / "outer").touch()
        with whole_directory(tmp_path / "x") as inner:
            (inner / "inner").touch()
        assert [path.name for path in (tmp_path / "x").iterdir()] == ["inner"]
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["outer"]


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444])
def test_what_is_replaced_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    (tmp_path / "x").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "x").chmod(mode)
    (tmp_path / "folder").chmod(0o700)
    write_text(tmp_path / "x", "new")
    with whole_directory(tmp_path / "folder") as folder:
        (folder / "new").touch()
    assert (tmp_path / "x").stat().st_mode & 0o7777 == mode
    assert (tmp_path / "folder").stat().st_mode & 0o7777 == 0o700
    assert (tmp_path / "x").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, there: bool) -> None:
    disk, results = tmp_path / "disk", tmp_path / "results"
    results.mkdir()
    for name in ("file", "folder", "resumed"):
        (results / name).symlink_to(f"../disk/{name}")
    if there:
        (disk / "folder").mkdir(parents=True)
        (disk / "folder" / "old").touch()
        (disk / "file").write_text("old", encoding="utf-8")
    write_text(results / "file", "new")
    with whole_directory(results / "folder") as folder, resumable_directory(results / "resumed") as resumed:
        (folder / "new").touch()
        (resumed / "new").touch()
    assert all(path.is_symlink() for path in results.iterdir())
    assert {str(path.relative_to(disk)) for path in disk.rglob("*")} == {
        "file", "folder", "folder/new", "resumed", "resumed/new",
    }  # fmt: skip
    assert (disk / "file").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("kind", KINDS)
def test_a_symbolic_link_to_itself(tmp_path: Path, kind) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with (
        pytest.raises(UserError, match="loop: a symbolic link that leads to itself"),
        kind(tmp_path / "loop"),
    ):
        pass


def test_a_pipe_or_a_device_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe: not a file, but a device or a pipe"):
        write_text(tmp_path / "pipe", "x")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_cannot_be_made(tmp_path: Path, kind) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for place in ("/proc/foo/x.csv", f"{tmp_path}/loop/below/x.csv"):
        with (
            pytest.raises(UserError, match=rf"{place}: cannot be written \(.*: /.*\); name"),
            kind(place),
        ):
            pass


def test_a_value_that_no_reader_takes_leaves_what_was_there(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"rank1": 1.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"rank1": float("nan")})
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
    assert read_json(tmp_path / "x.json") == {"rank1": 1.5}


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
        f".cuhk.elsewhere-{killed.pid}-0.part",
        f".cuhk.en.{socket.gethostname()}-{killed.pid}-0.part",
        ".cuhk.x.part",
    ]
    for name in others:
        (tmp_path / name).mkdir()
    assert len(list(tmp_path.iterdir())) == 5
    try:
        with whole_directory(tmp_path / "cuhk") as folder:
            (folder / "whole").write_text("x", encoding="utf-8")
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {"cuhk", f".cuhk.{socket.gethostname()}-{alive.pid}-0.part", *others}
    finally:
        alive.kill()
        alive.wait()
    with whole_directory(tmp_path / "cuhk"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"cuhk", *others}


RACER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from glalign.storage.whole_files import whole_file
target, letter = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.read()
for turn in range(20):
    with whole_file(target) as temporary, temporary.open("w") as file:
        for _ in range(20):
            file.write(letter * 4096)
            file.flush()
"""


def test_two_processes_that_write_one_file_leave_the_whole_one_of_either(tmp_path: Path) -> None:
    path, wholes = tmp_path / "ranks.jsonl", {letter * 20 * 4096 for letter in "ab"}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    racers = [subprocess.Popen([sys.executable, "-c", RACER, str(path), letter], **pipes, text=True) for letter in "ab"]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
    seen = set()
    while any(racer.poll() is None for racer in racers):
        if path.exists():
            seen.add(path.read_text(encoding="utf-8"))
    assert [racer.stderr and racer.stderr.read() for racer in racers] == ["", ""]
    assert seen and seen <= wholes and path.read_text(encoding="utf-8") in wholes
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_of_a_file_goes_when_it_is_written_again(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    parts = {name: f".x.{name}-{int(ended.stdout)}-0.part" for name in (socket.gethostname(), "elsewhere")}
    running = f".x.{socket.gethostname()}-{os.getppid()}-3.part"
    for name in (*parts.values(), running):
        (tmp_path / name).write_text("half", encoding="utf-8")
    write_text(tmp_path / "x", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"x", parts["elsewhere"], running}


def test_an_unfinished_file_that_another_program_removes_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match=r"x: its unfinished file \.x\..* was removed"),
        whole_file(tmp_path / "x") as part,
    ):
        part.touch()
        part.unlink()


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
