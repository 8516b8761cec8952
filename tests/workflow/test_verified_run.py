"""Results of a real run are verified; what is changed in them is named, and no job goes on from it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.workflows import checkout, snakemake

pytestmark = pytest.mark.slow

CELL = "irra/cuhk_en/seed0"
TARGET = f"results/metrics/{CELL}/cuhk_en.json"
ARGUMENTS = ("--configfile", "small.yaml", "--", TARGET)


def verify(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run `glalign verify`; return its status and what it said."""
    command = [sys.executable, "-m", "glalign", "verify", "--config", "small.yaml", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_real_run(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "suite")
    done = snakemake(folder, *ARGUMENTS)
    assert done.returncode == 0, done.stderr
    status, said = verify(folder)
    assert status == 0, said
    assert said.count("\n") == 1, said
    assert "of 5 jobs compared: 0 changed" in said
    again = snakemake(folder, *ARGUMENTS)
    assert "Nothing to be done" in again.stdout + again.stderr

    shutil.copytree(folder / "results", folder / "elsewhere", copy_function=shutil.copyfile)
    status, said = verify(folder, "elsewhere")
    assert (status, said.count("\n")) == (0, 1), said

    model = folder / "results" / "runs" / CELL / "model.safetensors"
    whole = model.read_bytes()
    model.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    status, said = verify(folder)
    assert status == 1
    assert "changed: " in said
    assert f"  results/runs/{CELL}/model.safetensors (fit {CELL})\n" in said
    done = snakemake(folder, *ARGUMENTS)
    assert done.returncode == 1
    line = (
        f"error: results/runs/{CELL}/model.safetensors: was changed after it was made by job `fit {CELL}`; restore it"
    )
    assert line in done.stderr
    assert "Traceback" not in done.stderr

    model.write_bytes(whole)
    done = snakemake(folder, *ARGUMENTS)
    assert done.returncode == 0, done.stderr
    status, said = verify(folder)
    assert (status, said.count("\n")) == (0, 1), said
