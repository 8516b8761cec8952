"""Snakemake and `glalign --config` make the same configuration of the same files."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from glalign.config.loading import layered, merge

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MINE = """
seeds: [4, 5]
datasets: {v2e: {root: mine, synthetic: null}, cuhk_en: {splits: {val: null}}}
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Snakefile with the `configfile` lines of the suite, which prints what it has read."""
    folder = tmp_path_factory.mktemp("suite")
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copy(ROOT / "config.yaml", folder)
    head = (ROOT / "workflow/Snakefile").read_text(encoding="utf-8").partition("include:")[0]
    end = "import json\n\nprint(json.dumps(config))\n\n\nrule all:\n"
    (folder / "Snakefile").write_text(head + end, encoding="utf-8")
    (folder / "mine.yaml").write_text(MINE, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "overlays",
    [[], ["mine.yaml"], ["config/paper.yaml", "config/paper_smoke.yaml"], ["config/real_subset.yaml", "mine.yaml"]],
    ids=lambda overlays: "+".join(map(str, overlays)) or "demo",
)
def test_the_same_files_make_the_same_configuration(checkout: Path, overlays: list[str]) -> None:
    files = ["--configfile", *overlays] if overlays else []
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-n",
        "--cores",
        "1",
        "--quiet",
        "all",
        *files,
        "--config",
        "threads=3",
    ]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert read == merge(layered(*(checkout / name for name in overlays), root=checkout), {"threads": 3})
