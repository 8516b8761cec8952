"""The workflow is used as Snakemake's users use one: from another directory, and as a module of another workflow."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from glalign.config.loading import layered, merge, resolve

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SMALL = """
datasets: {vn3k: {synthetic: {train: 8, val: 4, test: 6}}}
testsets: {vn3k_100: {identities: 4}}
"""
MODULE = f"""
configfile: "config/config.yaml"


module glalign:
    snakefile:
        "{ROOT}/workflow/Snakefile"
    config:
        config


use rule * from glalign
"""
TARGET = "results/manifests/vn3k.json"


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in `folder`, outside the checkout."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def check(folder: Path, *arguments: str) -> None:
    """The target is made below `folder`, of the configuration there; the other tables can be planned."""
    done = snakemake(folder, *arguments, "--", TARGET)
    assert done.returncode == 0, done.stderr
    statistics = json.loads((folder / TARGET).read_text(encoding="utf-8"))
    assert statistics["all"]["identities"] == 18
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) != []
    again = snakemake(folder, *arguments, "-n", "--", TARGET)
    assert "Nothing to be done" in again.stdout + again.stderr
    everything = snakemake(folder, *arguments, "-n")
    assert everything.returncode == 0, everything.stderr
    assert "rule mcnemar" in everything.stdout + everything.stderr
    assert "absent" not in everything.stdout + everything.stderr


def test_another_working_directory(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(SMALL, encoding="utf-8")
    check(tmp_path, "-s", str(ROOT / "Snakefile"), "--directory", str(tmp_path))


def test_a_module_of_another_workflow(tmp_path: Path) -> None:
    (tmp_path / "workflow").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "workflow/Snakefile").write_text(MODULE, encoding="utf-8")
    (tmp_path / "config/config.yaml").write_text(SMALL, encoding="utf-8")
    check(tmp_path)


def test_a_config_file_in_the_working_directory_is_an_overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text("seeds: [4, 5]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    values = layered()
    monkeypatch.chdir(ROOT)
    expected = merge(layered(), {"seeds": [4, 5], "weights": str(ROOT / "glalign/pretrained")})
    assert values == expected
    assert resolve(values).seeds == (4, 5)
