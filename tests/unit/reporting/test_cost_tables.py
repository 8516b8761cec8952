"""Sizes, time and memory, learning rates, fidelity: documents made from records, never by hand."""

import csv
import json
import re
from pathlib import Path

import pytest

from glalign.config.loading import load
from glalign.reporting.fidelity import fidelity, parsed
from glalign.reporting.ledgers import make_compute, make_systems
from glalign.reporting.tuning import chosen, make_tuning
from glalign.support.errors import UserError

ROOT = Path(__file__).parents[3]
SIZE = {
    "parameters": 1_050_000,
    "trained": 1_000_000,
    "buffers": 3,
    "multiply_adds": {"image": 2_345_678_901, "caption": 5_000_000, "query": 1_234_567},
    "stored": {"image": 512, "caption": 512},
    "embedding": 512,
}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def systems_spec(folder: Path, published: str, note: str = "") -> dict:
    (folder / "a.json").write_text(json.dumps(SIZE), encoding="utf-8")
    row = {"system": "a", "label": "A & B", "size": str(folder / "a.json"), "image_size": [384, 128]}
    return {"title": "Sizes", "rows": [row | {"published": published, "source": "s", "note": note}]}


def test_the_table_of_systems_has_exact_counts_and_readable_ones(tmp_path: Path) -> None:
    make_systems(systems_spec(tmp_path, "1050000"), tmp_path / "s.csv", tmp_path / "s.tex")
    (row,) = rows_of(tmp_path / "s.csv")
    assert row["parameters"] == "1050000"
    assert row["difference_percent"] == "0.00"
    assert row["image_multiply_adds"] == "2345678901"
    assert row["image_size"] == "384x128"
    tex = (tmp_path / "s.tex").read_text(encoding="utf-8")
    assert r"A \& B & 1.1 & 1.0 & 1.1 & 2.35 & 0.01 & 0.0012 & 512" in tex


def test_a_count_far_from_the_published_one_must_be_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a: 1050000 parameters, 5.00 % from the published 1000000"):
        make_systems(systems_spec(tmp_path, "1000000"), tmp_path / "s.csv", tmp_path / "s.tex")
    make_systems(systems_spec(tmp_path, "1000000", "another head"), tmp_path / "s.csv", tmp_path / "s.tex")
    assert rows_of(tmp_path / "s.csv")[0]["note"] == "another head"


def test_the_ledger_reads_benchmarks_and_runs(tmp_path: Path) -> None:
    (tmp_path / "b.tsv").write_text("s\th:m:s\tmax_rss\tcpu_time\n12.5\t0:00:12\t456.7\t11.9\n", encoding="utf-8")
    (tmp_path / "run.json").write_text(json.dumps({"parameters": 7, "steps": 3, "pairs": 12}), encoding="utf-8")
    ids = {"stage": "fit", "system": "a", "trainset": "t", "testset": "", "seed": "0"}
    spec = {"rows": [ids | {"benchmark": str(tmp_path / "b.tsv"), "run": str(tmp_path / "run.json")}]}
    make_compute(spec, tmp_path / "c.csv")
    assert rows_of(tmp_path / "c.csv") == [
        ids | {"wall_s": "12.5", "cpu_s": "11.9", "peak_mib": "456.7", "parameters": "7", "steps": "3", "pairs": "12"}
    ]
    (tmp_path / "b.tsv").write_text("s\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"b\.tsv: not a benchmark"):
        make_compute(spec, tmp_path / "c.csv")


def test_the_best_rate_is_chosen_and_shown(tmp_path: Path) -> None:
    runs = []
    for rate, value in ((0.001, 20.0), (0.01, 20.0), (0.1, 3.125)):
        path = tmp_path / f"{rate}.json"
        path.write_text(json.dumps({"selected": {"val_rank1": value}, "pairs": 640}), encoding="utf-8")
        runs.append(str(path))
    spec = {
        "rates": [0.001, 0.01, 0.1],
        "rows": [{"system": "a", "label": "A", "trainset": "t", "runs": runs}],
        "target": "t",
    }
    make_tuning(spec, tmp_path / "t.md")
    assert re.search(
        r"\| A +\| t +\| \*\*20.00\*\* +\| 20.00 +\| 3.13 +\| 0.001 +\|",
        (tmp_path / "t.md").read_text(encoding="utf-8"),
    )
    assert chosen([0.1, 0.01], [5.0, 6.0]) == 0.01


def test_the_configuration_has_the_rates_that_were_chosen() -> None:
    config = load(ROOT / "config.yaml")
    systems = {name: entry for name, entry in config["systems"].items() if entry["class"] and "budget" in entry}
    names = {entry["label"]: name for name, entry in systems.items()}
    lines = (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 4 and cells[0] in names:
            found[names[cells[0]], cells[1]] = float(cells[-1])
    wanted = {
        (name, trainset): config.entry(name, config.language_of(trainset))["optim"]["lr"]
        for name, entry in systems.items()
        for trainset in config["tuning"]["trainsets"]
        if entry["budget"]["steps"] != 0
        and name not in config["significance"]["ablations"]
        and config.language_of(trainset) in entry["languages"]
    }
    assert found == wanted


def test_the_fidelity_document_is_the_docstrings() -> None:
    assert (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8") == fidelity(load(ROOT / "config.yaml"))


def test_a_docstring_without_a_section_is_refused() -> None:
    config = load(ROOT / "config.yaml")
    facts = dict(config.facts)
    facts["irra"] = type(facts["irra"])(docstring="Law.\n\nSource: here.\n\nKept: all.")
    with pytest.raises(UserError, match=r"baselines\.irra\.Irra: .*`Simplified:`"):
        fidelity(type(config)(config.values, facts))
    assert parsed("Law.\n\nKept: a\nb.") == ("Law.", {"Kept": "a b."})
