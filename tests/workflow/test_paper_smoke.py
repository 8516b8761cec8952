"""A CNN, a CLIP and an ALBEF at their original sizes through the workflow: two steps, validation, ranks, metrics."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.workflows import checkout

pytestmark = pytest.mark.slow

SYSTEMS = {"dual_path": 224, "irra": 384, "rasa": 384}  # height of their images


def test_real_sizes_run_end_to_end(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "suite")
    overlays = ["config/paper.yaml", "config/paper_smoke.yaml"]
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", *overlays, "--"]
    for name, height in SYSTEMS.items():
        metrics = f"results/paper_smoke/metrics/{name}/cuhk_en/seed0/cuhk_en.json"
        done = subprocess.run([*command, metrics], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        runs = folder / f"results/paper_smoke/runs/{name}"
        run = json.loads((runs / "cuhk_en/seed0/run.json").read_text())
        assert run["parameters"] > 60_000_000
        assert run["steps"] == 2
        assert run["spec"]["data"]["image_size"][0] == height
        assert 0 <= json.loads((folder / metrics).read_text())["rank1"] <= 100
        shutil.rmtree(runs)  # up to 1.4 GB of weights
