"""The ranks file, the archive of a run: one JSON line per query; every metric, test and table is rebuilt from it.

Row: {"query", "person", "first", "hits", "best", "top"}; ranks count from 1, `first` is hits[0], `best` the ranks with
ties in the query's favour, `top` pairs of gallery id and score. Beside it `<name>.json`: {"n_queries", "n_gallery"}
and what the writer adds.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from glalign.evaluation.ranking import RankRow
from glalign.storage.whole_files import read_json, whole_file, write_json
from glalign.support.errors import UserError

DRAW = "draw"
"""A query of one of several draws of a test set has the id `draw<number>/<image>#<caption>` (D12)."""


def draw_of(query: str) -> str | None:
    """The draw that a query's id names.

    >>> draw_of("draw3/a.png#0"), draw_of("a.png#0")
    ('draw3', None)
    """
    found = re.match(rf"({DRAW}\d+)/", query)
    return found and found.group(1)


def sidecar_path(path: Path | str) -> Path:
    """The JSON file beside a ranks file."""
    return Path(path).with_suffix(".json")


def write_ranks(
    path: Path | str, rows: Iterable[RankRow], n_gallery: int, facts: Mapping[str, object] | None = None
) -> None:
    """Write the rows as they come, then the sidecar with n_queries, n_gallery and `facts`."""
    count = 0
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as lines:
        for row in rows:
            record = {
                "query": row.query,
                "person": row.person,
                "first": row.hits[0],
                "hits": row.hits,
                "best": row.best,
                "top": row.top,
            }
            lines.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    write_json(sidecar_path(path), {**(facts or {}), "n_queries": count, "n_gallery": n_gallery})


def read_ranks(path: Path | str) -> tuple[list[RankRow], dict]:
    """Read (rows, sidecar). Raises UserError naming the line that is not a row, or a sidecar that does not fit."""
    sidecar = read_json(sidecar_path(path))
    rows = []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such ranks file") from error
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            hits, best = tuple(row["hits"]), tuple(row["best"])
            top = tuple((name, score) for name, score in row["top"])
            if not hits or len(hits) != len(best):
                raise ValueError("hits and best must have the same length, at least 1")
            rows.append(RankRow(row["query"], row["person"], hits, best, top))
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}:{number}: not a row of ranks ({error!r}); delete it and run again") from error
    if not isinstance(sidecar, dict) or sidecar.get("n_queries") != len(rows):
        raise UserError(f"{sidecar_path(path)}: does not fit {path} ({len(rows)} rows); delete both and run again")
    return rows, sidecar
