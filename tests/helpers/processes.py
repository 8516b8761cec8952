"""Trainings of two processes."""

import os
import subprocess
import sys
from pathlib import Path

from glalign.contract.specs.training import FitSpec
from glalign.planning.job_files import JobFile
from glalign.storage.whole_files import write_json
from glalign.support.checkout import ROOT


def started(count: int, *arguments: str) -> subprocess.Popen[str]:
    """A program in `count` processes on a free port of this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*command, *arguments], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def ended(program: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status and what it said."""
    said = program.communicate(timeout=600)[1]
    return program.returncode, said


def start_fit(spec: FitSpec, out: Path) -> subprocess.Popen[str]:
    """A training in two processes, into the folder `out`; its log stands beside it."""
    outputs = {"model": str(out / "model.safetensors"), "run": str(out / "run.json")}
    job = JobFile(
        stage="fit", outputs=outputs, times=f"{out}.times.json", class_path=spec.class_path, spec=spec.to_json()
    )
    write_json(f"{out}.job.json", job.to_json())
    return started(2, "-m", "--", "glalign", "run", "fit", f"{out}.job.json", "--code", "code", "--log", f"{out}.log")
