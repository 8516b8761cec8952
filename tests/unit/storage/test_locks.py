"""Locks: a second process is refused with a remedy, the lock of a killed run goes, another machine's stays."""

import fcntl
import multiprocessing
import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

import pytest

from glalign.storage import locks
from glalign.support.errors import UserError


@pytest.fixture(autouse=True)
def _released() -> None:
    """What a test holds ends with the test, as with a process."""
    yield
    while locks._open_locks:
        locks._open_locks.pop().close()


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The lock file that a killed Snakemake leaves."""
    file = tmp_path / "locks" / "0.output.lock"
    file.parent.mkdir()
    file.write_text("results/table4.csv\n", encoding="utf-8")
    return file


def test_a_dead_runs_lock_goes(left: Path) -> None:
    assert locks.clear_stale_lock(left.parents[1])
    assert not left.exists()


def test_a_living_runs_lock_stays_and_also_after_a_look_by_a_third(left: Path) -> None:
    folder = left.parents[1]
    start = multiprocessing.get_context("spawn")
    ready, done = start.Event(), start.Event()
    other = start.Process(target=_hold, args=(folder, ready, done))
    other.start()
    assert ready.wait(30)
    left.touch()
    for _ in range(2):
        assert not locks.clear_stale_lock(folder)
        assert left.exists()
    done.set()
    other.join(30)


def test_another_machines_lock_stays_until_it_is_cleared_by_hand(left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = left.parents[1]
    (folder / "alive").write_text("node7", encoding="utf-8")
    assert not locks.clear_stale_lock(folder)
    assert left.exists()
    left.unlink()  # `snakemake --unlock`
    assert locks.clear_stale_lock(folder) is False  # our own first look still holds it
    locks._open_locks.pop(0).close()
    locks._open_locks.pop(0).close()
    assert locks.clear_stale_lock(folder)
    assert (folder / "alive").read_text(encoding="utf-8") == socket.gethostname()


@pytest.mark.parametrize("place", ["file/.snakemake", ".snakemake"])
def test_a_folder_that_cannot_be_written_is_one_line_with_the_remedy(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / ".snakemake" / "alive").mkdir(parents=True)  # no file can be opened there
    with pytest.raises(UserError, match=rf"{tmp_path}/{place}: cannot be written \(.*--directory FOLDER"):
        locks.clear_stale_lock(tmp_path / place)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_checkout_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(UserError, match=r"\.snakemake: cannot be written \(Permission denied"):
        locks.clear_stale_lock(tmp_path / ".snakemake")


def test_a_second_training_in_a_folder_names_the_first_and_the_remedy(tmp_path: Path) -> None:
    who = rf"\(process {os.getpid()} on {socket.gethostname()}\)"
    refused = pytest.raises(UserError, match=rf"another process .*{who}; wait for it, or end it")
    with locks.exclusive_lock(tmp_path), refused, locks.exclusive_lock(tmp_path):
        pass
    assert not (tmp_path / ".lock").exists()


def test_a_lock_file_that_was_removed_before_it_was_locked_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def flock(handle: TextIO, how: int) -> None:
        opened.append(handle)
        fcntl.flock(handle, how)
        if len(opened) == 1:
            Path(handle.name).unlink()  # the holder before us ends here

    monkeypatch.setattr(locks, "fcntl", SimpleNamespace(**{**vars(fcntl), "flock": flock}))
    with locks.exclusive_lock(tmp_path):
        assert len(opened) == 2
        with pytest.raises(UserError, match="another process"), locks.exclusive_lock(tmp_path):
            pass
    assert [handle.closed for handle in opened] == [True] * 3


def _hold(folder: Path, ready: multiprocessing.Event, done: multiprocessing.Event) -> None:
    locks.clear_stale_lock(folder)
    ready.set()
    done.wait(30)
