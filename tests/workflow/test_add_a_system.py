"""docs/add-a-system.md does what it says: its file and entry are built and its commands run."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COPIED = (
    "Snakefile",
    "config.yaml",
    "config",
    "workflow",
    "profiles",
    "paper",
    "glalign",
    "baselines",
    "tests",
    "pyproject.toml",
)
SMALL = """
datasets: {cuhk_en: {synthetic: {train: 24, val: 6, test: 8}}}
systems: {word_average: {data: {batch_size: 16}, budget: {steps: 12, validate_every: 6, checkpoint_every: 6}}}
"""


def block(language: str) -> str:
    """The first code block of a language."""
    text = (ROOT / "docs" / "add-a-system.md").read_text(encoding="utf-8")
    return re.search(rf"```{language}\n(.*?)```", text, re.DOTALL).group(1)


def test_the_example_is_built_from_the_document_and_runs(tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    folder.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / "baselines" / "word_average.py").write_text(block("python"), encoding="utf-8")
    with (folder / "config/demo.yaml").open("a", encoding="utf-8") as file:
        file.write(block("yaml"))
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    printed = ""
    for line in block("sh").strip().splitlines():
        words = shlex.split(line)
        run = words if words[0] == "python" else ["python", "-m", *words, "--configfile", "small.yaml"]
        done = subprocess.run([sys.executable, *run[1:]], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        printed += done.stdout
    assert int(re.search(r"(\d+) passed", printed).group(1)) > 10
    metrics = json.loads(
        (folder / "results/metrics/word_average/cuhk_en/seed0/cuhk_en.json").read_text(encoding="utf-8")
    )
    assert metrics["n_queries"] > 0
