"""The command: without a GPU, without optional libraries, its exit status and its file."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from glalign.cli.main import main
from glalign.gpu_check import command
from glalign.gpu_check.lines import Line, Part

ROOT = Path(__file__).parents[3]
BLOCKED = ("snakemake", "spacy", "pyvi")
PROGRAM = (
    f"import sys\nfor name in {BLOCKED}: sys.modules[name] = None\n"
    "from glalign.cli.main import main\nmain(['gpu-check', '--device', 'cpu', '--small', *sys.argv[1:]])"
)


def without_libraries(folder: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit status and lines of a check in a process in which the optional libraries cannot be imported."""
    file = folder / "check.json"
    program = [sys.executable, "-c", PROGRAM, "--json", str(file), *arguments]
    place = {"cwd": ROOT, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}
    ran = subprocess.run(program, check=False, capture_output=True, text=True, **place)
    lines = json.loads(file.read_text(encoding="utf-8"))["lines"]
    assert len(ran.stdout.splitlines()) == len(lines) + 1, ran.stderr
    return ran.returncode, lines


def test_without_optional_libraries_what_needs_none_runs(tmp_path: Path) -> None:
    status, lines = without_libraries(tmp_path, *(f"--only={name}" for name in ("device", "ranks", "loader")))
    assert status == 0
    assert [line["part"] for line in lines] == ["device", "device", "ranks", "loader", "loader", "ranks"]
    assert {line["verdict"] for line in lines} == {"ok"}


@pytest.mark.slow
def test_the_whole_check_without_optional_libraries(tmp_path: Path) -> None:
    """PhoBERT's words need pyvi, and a CPU has no memory to measure: all else is checked."""
    status, lines = without_libraries(tmp_path, "--minutes=30")
    assert status == 0, [line for line in lines if line["verdict"] in ("failed", "differs")]
    left = {(line["part"], line["subject"]) for line in lines if line["verdict"] == "left out"}
    memory = {("original", "glalign"), ("original", "irra")}
    assert left == memory | {("step", "glalign/vi"), ("resume", "glalign/vi")}
    assert {line["part"] for line in lines if line["verdict"] == "ok"} == set(command.NAMES)


def test_without_a_gpu_the_check_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    ran = CliRunner().invoke(main, ["gpu-check", "--json", str(tmp_path / "found.json")])
    assert ran.exit_code == 0
    assert "no CUDA device" in ran.output
    (line,) = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["lines"]
    assert line["verdict"] == "left out"


def test_an_unknown_part_is_refused() -> None:
    ran = CliRunner().invoke(main, ["gpu-check", "--device", "cpu", "--only", "rank"])
    assert ran.exit_code == 1


@pytest.mark.parametrize("minutes", ["-1", "nan", "inf", "1e300"])
def test_minutes_that_no_check_takes_are_refused_before_it(minutes: str) -> None:
    ran = CliRunner().invoke(main, ["gpu-check", "--device", "cpu", "--only", "device", "--minutes", minutes])
    assert ran.exit_code == 1
    assert "--minutes" in ran.output
    assert "device  " not in ran.output


@pytest.mark.parametrize(
    ("verdicts", "status"), [(("ok", "left out", "does not fit"), 0), (("ok", "differs"), 1), (("failed", "ok"), 1)]
)
def test_the_exit_status_is_that_of_the_worst_line(verdicts: Any, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [Line("step", "x", verdict, "found") for verdict in verdicts]
    monkeypatch.setattr(command, "all_parts", lambda small: iter([Part("step", "x", lambda setting: iter(lines))]))
    ran = CliRunner().invoke(main, ["gpu-check", "--device", "cpu"])
    assert ran.exit_code == status
    assert f"1 {verdicts[0]}" in ran.output.splitlines()[-1]


def test_numbers_that_json_lacks_are_texts() -> None:
    line = Line("step", "x", "differs", "far", {"loss": float("inf"), "share": 0.5})
    assert json.loads(json.dumps(line.to_json(), allow_nan=False))["values"] == {"loss": "inf", "share": 0.5}
