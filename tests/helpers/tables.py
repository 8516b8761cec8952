"""Specifications of tables, and metrics files that they read."""

import csv
import json
from pathlib import Path

PAPER = Path(__file__).parents[2] / "paper" / "reported"


def printed(number):
    with (PAPER / f"table{number:02}.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def metrics_file(path, hits, n=800):
    values = {"n_queries": n, "n_gallery": 400, "map": 12.345, "minp": 1.005, "chance": 0.25}
    values |= {"hits": {str(k): h for k, h in zip((1, 5, 10), hits, strict=True)}}
    values |= {f"rank{k}{end}": 100 * h / n for k, h in zip((1, 5, 10), hits, strict=True) for end in ("", "_best")}
    values |= {"bootstrap": {"1": [10, 20], "5": [20, 30], "10": [30, 40]}}
    path.write_text(json.dumps(values))
    return str(path)


def rank_spec(number=4, **changes):
    rows = [
        {"system": row["system"], "paper_row": i, "label": row["method"], "status": "not run", "note": "later",
         "metrics": [], "runs": []}
        for i, row in enumerate(printed(number))
    ]  # fmt: skip
    spec = {
        "table": number,
        "title": "T",
        "paper": str(PAPER / f"table{number:02}.csv"),
        "rows": rows,
        "profile": "demo",
    }
    return spec | {"data_note": "synthetic people", "show_paper_values": True, "extended": False} | changes
