"""The table of sizes, made from records."""

from pathlib import Path

import pytest
from helpers.tables import read_csv, written

from glalign.planning.cost_stages import SystemRow, SystemsSpec
from glalign.reporting.cost_tables import make_systems
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
