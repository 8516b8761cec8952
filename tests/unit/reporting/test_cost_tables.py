"""Tables of sizes, and of time and memory, made from records."""

from pathlib import Path

import pytest
from helpers.tables import read_csv, run_file, written

from glalign.planning.cost_stages import ComputeRow, ComputeSpec, SystemRow, SystemsSpec
from glalign.reporting.cost_tables import make_compute, make_systems
from glalign.support.errors import UserError

SIZE = {
    "parameters": 1_050_000,
    "trained": 1_000_000,
    "buffers": 3,
    "multiply_adds": {"image": 2_345_678_901, "caption": 5_000_000, "query": 1_234_567},
    "stored": {"image": 512, "caption": 512},
    "embedding": 512,
}


def systems_spec(folder: Path, published: str, note: str = "") -> SystemsSpec:
    row = {"system": "a", "label": "A & B", "size": written(folder / "a.json", SIZE), "image_size": (384, 128)}
    return SystemsSpec(title="Sizes", rows=(SystemRow(**row, published=published, source="s", note=note),))


def test_the_table_of_systems_has_exact_counts_and_readable_ones(tmp_path: Path) -> None:
    make_systems(systems_spec(tmp_path, "1050000"), tmp_path / "s.csv", tmp_path / "s.tex")
    (row,) = read_csv(tmp_path / "s.csv")
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
    assert read_csv(tmp_path / "s.csv")[0]["note"] == "another head"


def test_the_ledger_reads_benchmarks_and_runs(tmp_path: Path) -> None:
    (tmp_path / "b.tsv").write_text("s\th:m:s\tmax_rss\tcpu_time\n12.5\t0:00:12\t456.7\t11.9\n", encoding="utf-8")
    run = run_file(tmp_path / "run.json", parameters=7, steps=3, pairs=12)
    ids = {"stage": "fit", "system": "a", "trainset": "t", "testset": "", "seed": "0"}
    spec = ComputeSpec(rows=(ComputeRow(**ids, benchmark=str(tmp_path / "b.tsv"), run=run),))
    make_compute(spec, tmp_path / "c.csv")
    assert read_csv(tmp_path / "c.csv") == [
        ids | {"wall_s": "12.5", "cpu_s": "11.9", "peak_mib": "456.7", "parameters": "7", "steps": "3", "pairs": "12"}
    ]
    (tmp_path / "b.tsv").write_text("s\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"b\.tsv: no column cpu_time .*; run the job again"):
        make_compute(spec, tmp_path / "c.csv")
