"""The SLURM profile on a real SLURM of one node: Table 4 is made, a cancelled training is retried and resumed."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from helpers.slurm_node import MEMORY, lacking, slurm_node

from glalign.config.loading import overlaid
from glalign.planning.plan import STAGES

ROOT = Path(__file__).parents[2]
COPIED = ("Snakefile", "config.yaml", "config", "workflow", "profiles", "paper", "glalign", "baselines")
EXECUTOR = importlib.util.find_spec("snakemake_executor_plugin_slurm")
WHY_NOT = lacking() or ("" if EXECUTOR else "no SLURM executor of Snakemake: `make slurm`")
pytestmark = [pytest.mark.slow, pytest.mark.slurm, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)]

RUN = ("dual_path", "irra", "glalign")
SHORT = {"data": {"batch_size": 16}, "budget": {"steps": 6, "validate_every": 3, "checkpoint_every": 2}}
LONG = {"data": {"batch_size": 16}, "budget": {"steps": 100, "validate_every": 50, "checkpoint_every": 10}}
OTHERS = set(overlaid(root=ROOT).systems) - {*RUN, "glalign_global", "glalign_local", "random", "oracle"}
OVERLAY = {
    "datasets": {"cuhk_en": {"synthetic": {"train": 24, "val": 6, "test": 8}}},
    "evaluation": {"bootstrap": 20},
    "systems": {
        **{name: {"class": None} for name in OTHERS},
        **dict.fromkeys(("dual_path", "irra"), SHORT),
        "glalign": LONG,
    },
}
# This node keeps no accounts; elsewhere the executor finds out by itself.
HERE = ("--slurm-no-account", "--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "3")
CELL = "glalign/cuhk_en/seed0"


def checkout(folder: Path) -> Path:
    """A copy of the suite with the overlay; the profile's memory is cut to what the node has."""
    folder.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / "small.yaml").write_text(json.dumps(OVERLAY), encoding="utf-8")
    file = folder / "profiles" / "slurm" / "profile.yaml"
    profile = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name in STAGES:
        profile["set-resources"].setdefault(name, {})["mem_mb"] = MEMORY // 4
    file.write_text(yaml.safe_dump(profile), encoding="utf-8")
    return folder


def command(*arguments: str) -> list[str]:
    """Snakemake on the cluster."""
    snakemake = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", *HERE]
    return [*snakemake, "--configfile", "small.yaml", *arguments, "--", "results/table4.csv"]


def test_table_4_is_made_though_a_training_is_cancelled(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "suite")
    checkpoint = folder / "results" / "runs" / CELL / "checkpoint.pt"
    with slurm_node(tmp_path / "slurm") as environment, (tmp_path / "printed").open("w") as printed:
        running = subprocess.Popen(command(), cwd=folder, env=environment, stdout=printed, stderr=subprocess.STDOUT)
        try:
            while not checkpoint.exists():
                assert running.poll() is None, (tmp_path / "printed").read_text()
                time.sleep(0.05)
            shown = subprocess.check_output(["squeue", "-h", "-o", "%i %k"], env=environment, text=True)
            (job,) = [line.split()[0] for line in shown.splitlines() if "fit" in line and "glalign" in line]
            subprocess.run(["scancel", job], env=environment, check=True)
            running.wait(1200)
        finally:
            running.kill()
            running.wait()
    text = (tmp_path / "printed").read_text()
    assert running.returncode == 0, text
    assert re.search(rf"SLURM-job '{job}' failed, SLURM status is: 'CANCELLED'", text)
    assert "Trying to restart job" in text
    log = (folder / "results" / "logs" / "fit" / f"{CELL}.log").read_text()
    assert re.search(r"resumed at step [1-9]\d* of 100", log), log
    frame = pd.read_csv(folder / "results" / "table4.csv")
    assert list(frame["method"][frame["status"] == "reproduced"]) == ["Dual-path CNN", "IRRA", "GLAlign"]


def test_a_partition_that_does_not_exist_is_said_before_anything_runs(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "suite")
    wrong = ("--set-resources", "fit:slurm_partition=gpus")
    with slurm_node(tmp_path / "slurm") as environment:
        done = subprocess.run(
            command(*wrong), cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
    assert done.returncode == 1
    assert "error: slurm_partition: this cluster has no partition 'gpus'; did you mean 'gpu'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "results" / "data").exists()
