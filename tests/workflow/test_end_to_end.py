"""The whole suite on a handful of people: two runs end with the same bytes, however they were scheduled or cut off."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from helpers.workflows import checkout

from glalign.planning.plan import STAGES
from glalign.storage.code_digest import reachable

pytestmark = pytest.mark.slow

TARGETS = ("results/table4.csv", "results/table8.csv")
CHECKPOINT = "results/runs/glalign/cuhk_en/seed0/checkpoint.pt"


def command(cores: int) -> list[str]:
    """The command line that makes TARGETS."""
    return [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", "small.yaml", "--", *TARGETS]


def finish(folder: Path, cores: int) -> str:
    """Run to the end; returns what was printed."""
    done = subprocess.run(command(cores), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def two_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite after an undisturbed run on two cores."""
    folder = checkout(tmp_path_factory.mktemp("first") / "suite")
    finish(folder, cores=2)
    return folder


def products(folder: Path) -> dict[str, bytes]:
    """Everything that must not depend on the run."""
    results = folder / "results"
    kinds = ("table*", "ranks/**/*", "metrics/**/*", "runs/**/*", "manifests/*", "phrases/*", "parts/**/*", "data/**/*")
    files = (path for kind in kinds for path in results.glob(kind) if path.is_file())
    return {str(path.relative_to(results)): path.read_bytes() for path in files}


def test_a_killed_run_on_one_core_ends_with_the_bytes_of_the_other(two_tables: Path, tmp_path: Path) -> None:
    folder = checkout(tmp_path / "suite")
    running = subprocess.Popen(
        command(1), cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (folder / CHECKPOINT).exists():
        assert running.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert (folder / CHECKPOINT).exists()
    assert "resumed at step" in finish(folder, cores=1)
    ours, theirs = products(folder), products(two_tables)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_a_second_run_has_nothing_to_do(two_tables: Path) -> None:
    for source in (two_tables / "glalign").rglob("*.py"):
        source.touch()
    assert "Nothing to be done" in finish(two_tables, cores=1)


@pytest.mark.parametrize(("table", "rows"), [(4, 9), (8, 3)])
def test_the_table_has_the_rows_of_the_paper_and_all_of_them_run(two_tables: Path, table: int, rows: int) -> None:
    frame = pd.read_csv(two_tables / f"results/table{table}.csv")
    assert len(frame) == rows
    assert set(frame["status"]) == {"reproduced"}
    assert frame["rank1"].notna().all()
    assert set(frame["profile"]) == {"demo"}


SPY = """
import json, sys
from glalign.cli.main import main
try:
    main(sys.argv[2:], standalone_mode=False)
finally:
    ours = [name for name in sys.modules if name.split(".")[0] in ("glalign", "baselines")]
    open(sys.argv[1], "w").write(json.dumps(ours))
"""
BEFORE_THE_STAGE = ("run", "fit", "nosuch.json")
"""A command that ends before any stage runs: what it loads looks a stage up, and no output depends on it."""
BY_DESIGN = ("glalign.cli", "glalign.planning", "glalign.support", "glalign.config", "glalign.contract", "glalign.data")
"""Rooms behind the command line, of which a specification decides what is loaded."""
RUN = ["synthesize", "translate", "manifest", "parse", "phrases", "fit", "predict", "metrics", "table"]


def loaded(folder: Path, written: Path, *arguments: str) -> tuple[set[str], subprocess.CompletedProcess[str]]:
    """The project's modules in a process that ran `glalign ARGUMENTS`."""
    command = [sys.executable, "-c", SPY, str(written), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return set(json.loads(written.read_text())), done


@pytest.fixture(scope="module")
def command_line(two_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules of the command line itself."""
    modules, done = loaded(two_tables, tmp_path_factory.mktemp("spy") / "modules.json", *BEFORE_THE_STAGE)
    assert "no such file" in done.stderr
    return modules


@pytest.mark.parametrize("stage", RUN)
def test_the_digest_covers_what_a_running_stage_loads(
    two_tables: Path, command_line: set[str], tmp_path: Path, stage: str
) -> None:
    ran = list((two_tables / "results" / "jobs" / stage).rglob("*.json"))
    assert ran
    for path in ran:
        job = json.loads(path.read_text(encoding="utf-8"))
        elsewhere = {name: str(tmp_path / name / Path(output).name) for name, output in job["outputs"].items()}
        again = tmp_path / "job.json"
        again.write_text(json.dumps({**job, "outputs": elsewhere}), encoding="utf-8")
        modules, done = loaded(two_tables, tmp_path / "modules.json", "run", stage, str(again))
        assert done.returncode == 0, done.stderr
        covered = set(reachable(STAGES[stage].modules(job["class_path"])))
        unseen = modules - covered - command_line
        assert not [name for name in unseen if not name.startswith(BY_DESIGN)], stage
        for output in tmp_path.iterdir():
            shutil.rmtree(output) if output.is_dir() else output.unlink()
