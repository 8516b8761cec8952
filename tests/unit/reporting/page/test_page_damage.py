"""Damaged files beside the page: each is one line that names the file, or the page is made."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.page_results import page_results

from glalign.planning.page_stage import PageSpec
from glalign.reporting.page.make_page import make_page
from glalign.reporting.plain_table import write_csv
from glalign.support.errors import UserError

VALUES = (
    None, [1], {}, "", "\ud800", -1, 2**63, 10**400, 1e308, float("inf"), float("nan"),
)  # fmt: skip
"""What stands in place of a value, one at a time."""

CELLS = ("", "abc", "-1", "101", "1e308", "1e99999", "nan", "\u202e1")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def spec(root: Path) -> PageSpec:
    made = page_results(root, images=None).model_copy(update={"bootstrap": 2})
    write_csv([{"claim": "C1", "verdict": "open", "text": "What it says."}], root / "claims.csv")
    return made


def outcome(spec: PageSpec, path: Path) -> str:
    """What an attempt at the page ends with: its message, which names `path`, or nothing for a page."""
    try:
        make_page(spec, path.parent / "index.html")
    except UserError as error:
        assert path.stem in str(error), error
        assert "\n" not in str(error)
        return str(error)
    return ""


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value can be replaced: the whole, every key, the first item of a list."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, one in items:
        yield from places(one, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], by: Any) -> Any:
    if not at:
        return by
    changed = value.copy()
    changed[at[0]] = replaced(value[at[0]], at[1:], by)
    return changed


@pytest.mark.parametrize("name", [
    "manifest.jsonl", "phrases.jsonl", "truth.json", "translation.json",
    "ranks/irra/train/seed0/train.jsonl", "ranks/irra/train/seed0/run.json",
    "ranks/irra/train/seed0/t.jsonl", "ranks/irra/train/seed0/t.json", "ranks/irra/train/seed0/metrics.json",
    "times/fit/irra/train/seed0.json", "ranks/glalign/train/seed0/t.jsonl", "ranks/glalign/train/seed0/t.json",
])  # fmt: skip
def test_a_value_of_another_kind_or_size(spec: PageSpec, root: Path, name: str) -> None:
    path = root / name
    text = path.read_text(encoding="utf-8")
    first, rest = text.split("\n", 1) if path.suffix == ".jsonl" else (text, "")
    value, refused = json.loads(first), 0
    for at in places(value):
        for by in VALUES:
            path.write_text(f"{json.dumps(replaced(value, at, by))}\n{rest}", encoding="utf-8")
            refused += bool(outcome(spec, path))
    assert refused


def test_two_losses_far_apart(spec: PageSpec, root: Path) -> None:
    path = root / "ranks/irra/train/seed0/train.jsonl"
    path.write_text("".join(f'{{"step": {n}, "loss": {loss}}}\n' for n, loss in enumerate(("1e308", "-1e308"))))
    assert "train.jsonl:1: not a line of a training's log (loss 1e+308 is out of range)" in outcome(spec, path)


@pytest.mark.parametrize("name", ["table4.csv", "claims.csv"])
def test_other_columns(spec: PageSpec, root: Path, name: str) -> None:
    path = root / name
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    for at, column in enumerate(rows[0]):
        cells = [[cell for place, cell in enumerate(row) if place != at] for row in rows]
        write_csv([dict(zip(cells[0], row, strict=True)) for row in cells[1:]], path)
        assert (f"no column {column}" in outcome(spec, path)) == (column not in ("note", "rank1_paper"))


@pytest.mark.parametrize("column", ["rank1", "rank1_lo", "rank1_hi", "rank1_paper"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_that_is_no_percentage(spec: PageSpec, root: Path, column: str, cell: str) -> None:
    path = root / "table4.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    rows[0][column] = cell
    write_csv(rows, path)
    fine = not cell and column in ("rank1", "rank1_paper")
    assert bool(outcome(spec, path)) == (not fine)
    assert fine or f"table4.csv:2: {column} {cell!r} is no percentage; delete it and run" in outcome(spec, path)
