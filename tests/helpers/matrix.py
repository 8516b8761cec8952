"""Rows of the matrix, and metrics files that they read."""

import json
from pathlib import Path
from typing import Any


def metrics(path: Path, hits: int, n: int = 40, **more: Any) -> str:
    found = {"hits": {"1": hits, "5": n, "10": n}, "n_queries": n, "n_gallery": 20, "map": 50.0 + hits, "minp": 40.0}
    found |= {f"rank{k}": 100 * found["hits"][str(k)] / n for k in (1, 5, 10)}
    path.write_text(json.dumps(found | more), encoding="utf-8")
    return str(path)


def row(system: str, scenario: str, paths: list[str], *, competes: bool = True) -> dict[str, Any]:
    note = "" if paths else "no data"
    common = {"system": system, "label": system.upper(), "scenario": scenario, "status": "run" if paths else "not run"}
    return {**common, "note": note, "metrics": paths, "competes": competes}
