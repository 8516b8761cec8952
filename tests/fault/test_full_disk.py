"""A job that cannot write its outputs ends in one line, leaves no part of them, and can be run again."""

import re
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.workflows import plan_in

from glalign.planning.plan import STAGES, Plan

pytestmark = pytest.mark.fault


def made(plan: Plan) -> dict[str, tuple[Path, list[Path]]]:
    """Stage -> (file of a job that has run, its outputs)."""
    found: dict[str, tuple[Path, list[Path]]] = {}
    for stage, jobs in plan.jobs.items():
        for job in jobs.values():
            path = Path(plan.paths.job_file(stage).format(**job.ids))
            if path.is_file():
                found.setdefault(stage, (path, [Path(output) for output in plan.outputs(stage, job).values()]))
    return found


def run(stage: str, job: Path, largest: int) -> subprocess.CompletedProcess[str]:
    """Run a job that may write no file of more than `largest` bytes."""
    command = [sys.executable, "-m", "glalign", "run", stage, str(job)]
    limit = (largest, largest)
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )


def contents(outputs: list[Path]) -> dict[str, bytes]:
    """Path -> content of every file of a job's outputs."""
    files = [file for output in outputs for file in ([output] if output.is_file() else output.rglob("*"))]
    return {str(file): file.read_bytes() for file in files if file.is_file() and file.name != ".snakemake_timestamp"}


def job_parts(outputs: list[Path]) -> Iterator[Path]:
    """Unfinished files beside the outputs of a job."""
    for folder in {output.parent for output in outputs}:
        yield from folder.glob("*.part")


@pytest.mark.parametrize("stage", STAGES)
def test_a_file_cannot_grow(copy: Path, stage: str, figures: Counter[str]) -> None:
    jobs = made(plan_in(copy))
    if stage not in jobs:
        pytest.skip("not made by default")
    job, outputs = jobs[stage]
    before = contents(outputs)
    for output in outputs:
        shutil.rmtree(output) if output.is_dir() else output.unlink(missing_ok=True)
    failed = run(stage, job, max(map(len, before.values())) // 2)
    assert failed.returncode == 1, failed.stderr
    lines = [line for line in failed.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, failed.stderr
    assert "Traceback" not in failed.stderr
    assert "cannot be written" in lines[0] or re.search(r"see results/\S+\.engine\.log$", lines[0]), lines[0]
    left = contents(outputs)
    assert {path: content for path, content in left.items() if before.get(path) != content} == {}
    if list(job_parts(outputs)):  # a stage of many files goes on with those that it has
        assert run(stage, job, resource.RLIM_INFINITY).returncode == 0
        assert contents(outputs) == before
        assert list(job_parts(outputs)) == []
    figures["full disks survived"] += 1
