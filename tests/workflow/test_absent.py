"""The paper profile in a fresh clone, without data and weights: a plan, no run, and no torch."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from glalign.config.loading import overlaid
from glalign.planning.plan import make_plan
from glalign.planning.printed_tables import read_reported

ROOT = Path(__file__).parents[2]
COPIED = ("Snakefile", "config.yaml", "config", "workflow", "profiles", "paper", "glalign", "baselines")
HEAVY = ("torch", "torchvision", "transformers", "open_clip", "spacy")
GUARD = f"""
import sys
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name in {HEAVY!r}:
            raise RuntimeError("a plan imports " + name)
sys.meta_path.insert(0, Guard())
"""
ROOTS = {name: entry.root for name, entry in overlaid(ROOT / "config/paper.yaml", root=ROOT).datasets.items()}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the repository without any weights."""
    folder = tmp_path_factory.mktemp("clone")
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    shutil.rmtree(folder / "glalign" / "pretrained")
    (folder / "guard").mkdir()
    (folder / "guard" / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of Python in `folder` that may import nothing heavy."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "guard")}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def snakemake(folder: Path, *arguments: str, target: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Snakemake with the paper profile."""
    config = ("--configfile", "config/paper.yaml")
    return run(folder, "snakemake", "--cores", "1", *arguments, *config, "--", *target)


def test_the_guard_works(clone: Path) -> None:
    assert "a plan imports torch" in run(clone, "torch").stderr


def test_a_dry_run_lists_what_is_absent_and_prints_the_full_plan(clone: Path) -> None:
    done = snakemake(clone, "-n")
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    config = overlaid(clone / "config/paper.yaml", root=clone)
    plan = make_plan(config, read_reported(clone / "paper/reported"))
    logs = set(re.findall(r"log: results/logs/(\S+)\.log", printed))
    for stage in ("manifest", "parse", "phrases", "fit", "predict", "metrics", "table"):
        assert {f"{stage}/{key}" for key in plan.jobs[stage]} <= logs, stage
    assert len(plan.jobs["fit"]) > 20
    top = printed.partition("Job stats:")[0]
    lines = [line for line in top.splitlines() if line.startswith("absent: ")]
    assert len(lines) == len(ROOTS) + 1
    for name, root in ROOTS.items():
        (line,) = (line for line in lines if line.startswith(f"absent: datasets.{name}.root: {root} is not there; "))
        assert f"glalign data verify {config.datasets[name].format} {root}" in line
    assert "clip-vit-b-16.safetensors" in lines[-1]


def test_the_estimate_needs_neither_data_nor_torch(clone: Path) -> None:
    done = run(clone, "glalign", "plan", "--config", "config/paper.yaml")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^total +\d+ ", done.stdout, re.MULTILINE)
    assert "40,206 images" in done.stdout


def test_what_a_target_does_not_need_is_not_asked_for(clone: Path) -> None:
    done = snakemake(clone, "-n", "--quiet", "rules", target=("results/table4.tex",))
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("absent: ")]
    assert len(lines) == 2
    assert "phobert" not in lines[1]


def test_a_run_says_everything_that_is_absent_before_anything_runs(clone: Path) -> None:
    before = sorted(clone.rglob("results/**/*"))
    done = snakemake(clone)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.partition("error: nothing was run; absent are\n")[2].splitlines()
    assert {line.partition(":")[0] for line in last[: len(ROOTS) + 1]} == {
        *(f"datasets.{name}.root" for name in ROOTS),
        "weights",
    }
    assert sorted(clone.rglob("results/**/*")) == before
    locks = clone / ".snakemake" / "locks"
    assert not locks.exists() or list(locks.iterdir()) == []


def test_a_folder_without_the_annotations_is_not_the_release(clone: Path) -> None:
    (clone / ROOTS["cuhk_en"]).mkdir(parents=True)
    try:
        done = snakemake(clone, "-n", "--quiet", "rules", target=("results/table4.tex",))
    finally:
        shutil.rmtree(clone / "data")
    assert "absent: datasets.cuhk_en.root: data/CUHK-PEDES has no reid_raw.json; " in done.stdout + done.stderr


@pytest.mark.parametrize("option", ["--lint", "--rulegraph", "--list-rules", "--summary"])
def test_other_looks_at_the_workflow_need_no_data(clone: Path, option: str) -> None:
    config = ("--configfile", "config/paper.yaml")
    done = run(clone, "snakemake", option, *config)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_no_command_depends_on_where_the_suite_lies(clone: Path, tmp_path: Path) -> None:
    other = shutil.copytree(clone, tmp_path / "some where" / "else", ignore=shutil.ignore_patterns(".snakemake"))
    ours, theirs = (commands(folder) for folder in (clone, other))
    assert len(ours) > 500
    assert ours == theirs
    absolute = re.compile(r"""(?<![\w.{}*$)])/[\w.-]+/""")
    assert [line for line in ours if absolute.search(line)] == []


def commands(folder: Path) -> list[str]:
    """Every command of the plan with its specification, outputs and log."""
    done = snakemake(folder, "-n", "--printshellcmds")
    return sorted(re.findall(r"^Shell command: (.*)$", done.stdout + done.stderr, re.MULTILINE))
