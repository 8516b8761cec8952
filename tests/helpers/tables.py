"""Specifications of tables, and records that they read."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glalign.planning.table_stages import Row, TableSpec

PAPER = Path(__file__).parents[2] / "paper" / "reported"
MADE_BY = {"spec": {}, "code": "0", "versions": {}}
"""A provenance."""


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def printed(number: int) -> list[dict[str, str]]:
    return read_csv(PAPER / f"table{number:02}.csv")


def written(path: Path, record: Mapping[str, Any]) -> str:
    """The path of a record after writing it."""
    path.write_text(json.dumps(record), encoding="utf-8")
    return str(path)


def metrics_file(path: Path, hits: Sequence[int], n: int = 800, **changes: Any) -> str:
    """A file of metrics. hits: queries with a positive among the first 1, 5 and 10."""
    by_k = dict(zip(("1", "5", "10"), hits, strict=True))
    record = {"n_queries": n, "n_gallery": 400, "n_persons": 400, "hits": by_k, "chance": 0.25}
    record |= {f"rank{k}{end}": 100 * count / n for k, count in by_k.items() for end in ("", "_best")}
    record |= {f"{name}{end}": value for name, value in (("map", 12.345), ("minp", 1.005)) for end in ("", "_best")}
    record |= {name: {"1": [10, 20], "5": [20, 30], "10": [30, 40]} for name in ("bootstrap", "wilson")}
    return written(path, record | changes)


def run_file(path: Path, **changes: Any) -> str:
    """The record of a training."""
    selected = {"rule": "val", "val_rank1": changes.pop("val_rank1", 55.5), "step": 60}
    info = {"identities": 5, "steps": 60, "words": [["red", 2]]}
    record = {"info": info, "selected": selected, "parameters": 10, "inputs": {}, "steps": 60, "pairs": 640}
    record["validations"] = [[60, selected["val_rank1"]]]
    return written(path, {**MADE_BY, **record, **changes})


def table_spec(
    number: int = 4, rows: Mapping[int, Mapping[str, Any]] | None = None, added: Sequence[Row] = (), **changes: Any
) -> TableSpec:
    """A table of the paper that was not run. rows: changes by number of the row. added: further rows."""
    known = [
        {"system": row.get("system", ""), "paper_row": number, "label": row.get("method", ""), "note": "later"}
        for number, row in enumerate(printed(number))
    ]
    made = [Row(**{**row, **(rows or {}).get(place, {})}) for place, row in enumerate(known)]
    spec = {"table": number, "title": "T", "paper": str(PAPER / f"table{number:02}.csv"), "profile": "demo"}
    spec |= {"rows": (*made, *added), "data_note": "synthetic people", "show_paper_values": True}
    return TableSpec(**spec | changes)


def matrix_row(system: str, scenario: str, metrics: Sequence[str], **changes: Any) -> Row:
    """A row of the matrix."""
    note = "" if metrics else "no data"
    return Row(system=system, label=system.upper(), scenario=scenario, metrics=tuple(metrics), note=note, **changes)
