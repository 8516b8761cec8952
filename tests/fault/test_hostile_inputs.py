"""Hostile inputs are refused in one line, and nothing is written but what was asked for."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.hostile_inputs import ARTIFACTS, COMMANDS
from helpers.workflows import plan_in

from glalign.cli.main import main

pytestmark = pytest.mark.fault


def assert_one_line(status: int, said: str) -> None:
    """Exit 1 with one printable line about the fault."""
    assert status == 1, said
    assert "Traceback" not in said
    lines = [line for line in said.split("\n") if line.startswith("error: ")]
    assert len(lines) == 1, said
    assert lines[0].isprintable()
    assert len(lines[0]) < 1000


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, figures: Counter[str]) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    monkeypatch.chdir(folder)
    arguments = COMMANDS[name](folder)
    before = {*tmp_path.rglob("*")}
    done = CliRunner().invoke(main, arguments)
    assert isinstance(done.exception, SystemExit), done.exception
    assert_one_line(done.exit_code, done.stderr)
    assert {*tmp_path.rglob("*")} - before <= {folder / "out"}
    figures["hostile inputs refused"] += 1


@pytest.mark.parametrize("name", ARTIFACTS)
def test_an_artifact_whose_record_agrees_with_it(copy: Path, name: str, figures: Counter[str]) -> None:
    """Digests find changes by accident. Whoever can change an artifact can change its digest, too."""
    (stage, output, reader), plant = ARTIFACTS[name]
    plan = plan_in(copy)
    made = {plan.outputs(stage, job)[output]: key for key, job in plan.jobs[stage].items()}
    read = {
        path: Path(plan.paths.job_file(reader).format(**job.ids))
        for job in plan.jobs[reader].values()
        for path in job.inputs
        if path in made
    }
    path, job = next((path, job) for path, job in read.items() if job.is_file() and Path(path).exists())
    plant(Path(path))
    Path(plan.paths.record(stage).format(**plan.jobs[stage][made[path]].ids)).unlink()
    command = [sys.executable, "-m", "glalign", "run", reader, str(job)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert_one_line(done.returncode, done.stderr)
    figures["hostile artifacts refused"] += 1
