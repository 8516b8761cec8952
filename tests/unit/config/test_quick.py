"""The quick overlay is the demo with short trainings, and make passes it."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glalign.config.loading import overlaid, read

ROOT = Path(__file__).parents[3]
QUICK = ROOT / "config/quick.yaml"
LENGTH = {"steps": 180, "epochs": None, "validate_every": 60, "checkpoint_every": 60}


def values(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Path -> value of everything that is no map."""
    if isinstance(node, dict):
        for key, below in node.items():
            yield from values(below, (*path, key))
    else:
        yield path, node


def test_quick_differs_from_the_demo_in_lengths_and_names_alone() -> None:
    demo, quick = (dict(values(overlaid(*paths).to_json())) for paths in ((), (QUICK,)))
    assert demo.keys() == quick.keys()
    other = {path for path in demo if demo[path] != quick[path]}
    names = {("profile",), ("data_note",), ("results",)}
    assert names <= other
    assert all(path[:2] == ("tuning", "steps") or path[2] == "budget" or path[-1] == "length" for path in other - names)


def test_quick_gives_every_training_its_own_length() -> None:
    """Whatever the demo's becomes; a system that keeps its pre-trained weights goes on keeping them."""
    trained = {name for name, entry in overlaid().systems.items() if entry.budget and entry.budget.steps != 0}
    assert {name: entry["budget"] for name, entry in read(QUICK)["systems"].items()} == dict.fromkeys(trained, LENGTH)


@pytest.mark.parametrize(("name", "lengths"), [("quick", {180}), ("real_subset", {600, 1200})])
def test_a_profile_over_the_demo_has_its_own_lengths_in_every_language(name: str, lengths: set[int]) -> None:
    config = overlaid(ROOT / f"config/{name}.yaml")
    trained = {key: entry for key, entry in config.systems.items() if entry.budget and entry.budget.steps != 0}
    found = {config.entry(key, language).budget.steps for key, entry in trained.items() for language in entry.languages}
    assert found == lengths
    assert config.tuning.steps is None


@pytest.mark.skipif(not shutil.which("make"), reason="no make")
@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ("table4", ["snakemake --cores 1 -- results/table4.tex", "glalign table 4 --results results"]),
        (
            "table4 QUICK=1",
            [
                "snakemake --cores 1 --configfile config/quick.yaml -- results/quick/table4.tex",
                "glalign table 4 --results results/quick",
            ],
        ),
        ("table4 QUICK=0", ["snakemake --cores 1 -- results/table4.tex", "glalign table 4 --results results"]),
        ("tables", ["snakemake --cores 1"]),
        ("tables QUICK=1 CORES=2", ["snakemake --cores 2 --configfile config/quick.yaml"]),
        ("seeds", ["snakemake --cores 1 --configfile config/seeds.yaml -- results/order4.csv"]),
        (
            "seeds QUICK=1",
            ["snakemake --cores 1 --configfile config/quick.yaml config/seeds.yaml -- results/quick/order4.csv"],
        ),
    ],
)
def test_make_passes_the_overlay_and_looks_into_its_folder(arguments: str, lines: list[str]) -> None:
    command = ["make", "--dry-run", "--old-file=.venv/.ready", "PYTHON=python3", *arguments.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    printed = [line.strip().replace('"', "").replace(".venv/bin/", "").lstrip("@") for line in done.stdout.splitlines()]
    assert [line for line in printed if line in lines] == lines


@pytest.mark.skipif(not shutil.which("make"), reason="no make")
def test_the_goldens_are_not_compared_with_short_trainings() -> None:
    command = ["make", "--dry-run", "--old-file=.venv/.ready", "PYTHON=python3", "golden", "QUICK=1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "tests/golden has the full demo" in done.stderr
    assert "snakemake" not in done.stdout, "refused before the tables are made"
