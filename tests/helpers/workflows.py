"""Copies of the workflow on a handful of people."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from glalign.config.loading import overlaid
from glalign.planning.plan import Plan, plan_of

ROOT = Path(__file__).parents[2]


COPIED = ("Snakefile", "config.yaml", "config", "workflow", "profiles", "paper", "glalign", "baselines")


SHORT = {"data": {"batch_size": 16}, "budget": {"steps": 6, "validate_every": 3, "checkpoint_every": 2}}


LONG = {"data": {"batch_size": 16}, "budget": {"steps": 40, "validate_every": 20, "checkpoint_every": 5}}


OVERLAY = {
    "datasets": {
        "cuhk_en": {"synthetic": {"train": 24, "val": 6, "test": 8}},
        "vn3k": {"synthetic": {"train": 8, "val": 4, "test": 6}},
    },
    "evaluation": {"bootstrap": 20},
    "systems": {
        name: LONG if name == "glalign" else SHORT
        for name, entry in overlaid(root=ROOT).systems.items()
        if entry.class_path and entry.budget and entry.budget.steps
    },
}


def checkout(folder: Path, overlay: dict[str, Any] = OVERLAY) -> Path:
    """A copy of the suite with a small configuration as an overlay."""
    folder.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / "small.yaml").write_text(json.dumps(overlay), encoding="utf-8")
    return folder


def snakemake(folder: Path, *arguments: str, cores: int = 1) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in `folder` without an active environment."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments]
    environment = {**os.environ, "PATH": os.defpath}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


FEW = ("m_irra", "glalign", "glalign_global", "glalign_local", "pham2021", "random", "oracle")
"""A few systems of each kind."""


def every_stage() -> dict[str, Any]:
    """An overlay with which every stage that runs by default has a job, on a handful of people.

    The other systems are left out, as a user may, and their cells must say so.
    """
    systems = {name: {} if name in ("random", "oracle") else SHORT for name in FEW}
    return {
        **OVERLAY,
        "systems": {name: systems.get(name, {"class": None}) for name in overlaid(root=ROOT).systems},
        "alpha": {"values": [0.0, 1.0]},
        "testsets": {"vn3k_100": {"identities": 4, "draws": 3}},
    }


def plan_in(folder: Path, overlay: str = "small.yaml") -> Plan:
    """The plan of a checkout, which is the working directory."""
    return plan_of(overlaid(str(folder / overlay), root=folder))
