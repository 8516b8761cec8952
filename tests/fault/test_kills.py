"""Runs that are killed at random moments, and two runs at once, end with the bytes of an undisturbed one."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from helpers.workflows import checkout, every_stage, plan_in, snakemake

pytestmark = pytest.mark.fault

TARGETS = ("results/table4.csv", "results/table8.csv")
ARGUMENTS = ("--configfile", "small.yaml", "--", *TARGETS)
LONGEST = 15.0
"""Seconds until a kill, at most: short enough to hit the first jobs, long enough for some progress."""


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start the workflow in a process group of its own."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *ARGUMENTS]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts pytest with `&` has it ignored
    return subprocess.Popen(
        command, cwd=folder, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def differing(folder: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Planned outputs that are in `folder` with other bytes than in `reference`."""
    monkeypatch.chdir(folder)
    files = []
    for output in map(Path, plan_in(folder).makers):
        files += [file for file in output.rglob("*") if file.is_file()] if output.is_dir() else [output]
    return [
        str(file)
        for file in files
        if file.is_file()
        and file.name != ".snakemake_timestamp"
        and file.read_bytes() != (reference / file).read_bytes()
    ]


def test_kills_at_random_moments(
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    figures: Counter[str],
) -> None:
    wanted = request.config.getoption("--kills")
    folder, moments, killed = checkout(tmp_path / "suite", every_stage()), random.Random(15), 0
    while killed < wanted:
        running = start(folder)
        try:
            said, _ = running.communicate(timeout=moments.uniform(0.2, LONGEST))
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
            killed += 1
            assert differing(folder, finished, monkeypatch) == [], f"after kill {killed}"
            figures["kills survived"] += 1
        else:
            assert running.returncode == 0, said.decode()
            shutil.rmtree(folder / "results")  # it ended first; the next kills meet a new run
    done = snakemake(folder, *ARGUMENTS, cores=2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert differing(folder, finished, monkeypatch) == []
    assert all((folder / target).is_file() for target in TARGETS)
    leftovers = [path for path in (folder / "results").rglob("*") if path.name.endswith(".part")]
    assert leftovers == []


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_an_ended_run_goes_on(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: signal.Signals, figures: Counter[str]
) -> None:
    folder = checkout(tmp_path / "suite", every_stage())
    running = start(folder)
    while not list((folder / "results" / "runs").glob("*/*/*/train.jsonl")):
        assert running.poll() is None, "the run ended before it could be ended"
        time.sleep(0.05)
    os.killpg(running.pid, sent)
    running.communicate()
    assert running.returncode != 0
    done = snakemake(folder, *ARGUMENTS, cores=2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert differing(folder, finished, monkeypatch) == []
    figures["ended runs that went on"] += 1


def test_two_runs_at_once(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: Counter[str]
) -> None:
    folder = checkout(tmp_path / "suite", every_stage())
    first = start(folder)
    while not (folder / ".snakemake" / "locks").is_dir() or not any((folder / ".snakemake" / "locks").iterdir()):
        assert first.poll() is None, "the first run ended before the second one began"
        time.sleep(0.05)
    second = snakemake(folder, *ARGUMENTS)
    assert first.poll() is None, "the first run ended before the second one was refused"
    assert second.returncode == 1
    assert "lock" in second.stdout + second.stderr
    assert "Traceback" not in second.stdout + second.stderr
    said, _ = first.communicate()
    assert first.returncode == 0, said.decode()
    assert differing(folder, finished, monkeypatch) == []
    figures["second runs refused"] += 1
