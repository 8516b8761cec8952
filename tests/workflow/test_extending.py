"""docs/add-a-system.md and docs/add-a-stage.md do what they say: their files are built and their commands run."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.workflows import COPIED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SMALL = """
datasets:
  cuhk_en: {synthetic: {train: 24, val: 6, test: 8}}
  vn3k: {synthetic: {train: 8, val: 4, test: 6}}
testsets: {vn3k_100: {identities: 4}}
"""
SYSTEM = """
systems: {word_average: {data: {batch_size: 16}, budget: {steps: 12, validate_every: 6, checkpoint_every: 6}}}
"""


def blocks(document: str, language: str) -> list[str]:
    """The code blocks of a language."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A copy of the suite with a handful of people."""
    folder = tmp_path / "suite"
    folder.mkdir()
    for name in (*COPIED, "tests", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    return folder


def run(suite: Path, document: str) -> str:
    """Run the commands of a document; returns what they printed."""
    printed = ""
    for line in "".join(blocks(document, "sh")).strip().splitlines():
        name, *rest = shlex.split(line)
        command = rest if name == "python" else ["-m", name, *rest]
        if name == "snakemake":
            command += ["--configfile", "small.yaml"]
        done = subprocess.run([sys.executable, *command], cwd=suite, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        printed += done.stdout
    return printed


def test_a_system_is_a_file_and_an_entry(suite: Path) -> None:
    (suite / "baselines" / "word_average.py").write_text(*blocks("add-a-system.md", "python"), encoding="utf-8")
    with (suite / "config/demo.yaml").open("a", encoding="utf-8") as opened:
        opened.write(*blocks("add-a-system.md", "yaml"))
    with (suite / "small.yaml").open("a", encoding="utf-8") as opened:
        opened.write(SYSTEM)
    printed = run(suite, "add-a-system.md")
    assert int(re.search(r"(\d+) passed", printed).group(1)) > 10
    metrics = suite / "results/metrics/word_average/cuhk_en/seed0/cuhk_en.json"
    assert json.loads(metrics.read_text(encoding="utf-8"))["n_queries"] > 0


def test_a_stage_is_a_declaration_and_a_function(suite: Path) -> None:
    declaration, function = blocks("add-a-stage.md", "python")
    with (suite / "glalign/planning/report_stages.py").open("a", encoding="utf-8") as opened:
        opened.write(f"\n\n{declaration}")
    (suite / "glalign/reporting/caption_lengths.py").write_text(function, encoding="utf-8")
    printed = run(suite, "add-a-stage.md")
    assert "cuhk_vi" in printed
    table = (suite / "results/caption_lengths.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "dataset,words"
    assert sorted(line.split(",")[0] for line in table[1:]) == ["cuhk_en", "cuhk_vi", "v2e", "vn3k"]
    again = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "--configfile", "small.yaml"]
    done = subprocess.run(again, cwd=suite, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "rule caption_lengths" not in done.stdout + done.stderr, "the default target has it, and it is made"
