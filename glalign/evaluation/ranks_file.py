"""The ranks file, the archive of a run: one JSON line per query, from which metrics, tests and tables are rebuilt.

Row: {"query", "person", "first", "hits", "best", "top"}; ranks count from 1, `first` is hits[0], the others are the
fields of `RankRow`. Beside it `<name>.json`, a `RanksSummary`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from glalign.config.typed_json import AGAIN, NOT_MADE, describe, read_typed
from glalign.contract.results import RanksSummary
from glalign.evaluation.ranking import RankRow
from glalign.storage.whole_files import read_text, whole_file, write_json
from glalign.support.errors import UserError

DRAW = "draw"
"""A query of one of several draws of a test set has the id `draw<number>/<image>#<caption>` (D12)."""

ROW = TypeAdapter(RankRow)


def draw_of(query: str) -> str | None:
    """The draw that a query's id names.

    >>> draw_of("draw3/a.png#0"), draw_of("a.png#0")
    ('draw3', None)
    """
    found = re.match(rf"({DRAW}\d+)/", query)
    return found.group(1) if found else None


def sidecar_path(path: Path | str) -> Path:
    """The JSON file beside a ranks file."""
    return Path(path).with_suffix(".json")


def write_ranks(path: Path | str, rows: Iterable[RankRow], n_gallery: int, about: Mapping[str, Any]) -> None:
    """Write the rows as they come, then their `RanksSummary`. about: its keys apart from n_queries and n_gallery."""
    count = 0
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as lines:
        for row in rows:
            record: dict[str, Any] = {"query": row.query, "person": row.person, "first": row.hits[0]}
            record |= {"hits": row.hits, "best": row.best, "top": row.top}
            lines.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    write_json(sidecar_path(path), RanksSummary(n_queries=count, n_gallery=n_gallery, **about).to_json())


def reason_wrong(row: RankRow, size: int) -> str:
    """Why these cannot be ranks in a gallery of `size` images; empty if they can."""
    if not row.hits or len(row.hits) != len(row.best):
        return "hits and best differ in length or are empty"
    for name, ranks in (("hits", row.hits), ("best", row.best)):
        if ranks[0] < 1 or ranks[-1] > size or any(b <= a for a, b in pairwise(ranks)):
            return f"{name} are not ascending ranks from 1 to {size}"
    return "best is worse than hits" if any(b > h for h, b in zip(row.hits, row.best, strict=True)) else ""


def read_ranks(path: Path | str) -> tuple[list[RankRow], RanksSummary]:
    """Read (rows, summary). Raises: UserError naming a line that is not a row, or a summary that does not fit."""
    summary, rows = read_typed(sidecar_path(path), RanksSummary), []
    size, known = max(summary.n_gallery, *summary.galleries, 1), set()
    for number, line in enumerate(read_text(path, NOT_MADE).splitlines(), start=1):
        try:
            row = ROW.validate_json(line, strict=True)
        except ValidationError as error:
            raise UserError(f"{path}:{number}: not a row of ranks ({describe(error)}); {AGAIN}") from error
        if reason := "its query occurs twice" if row.query in known else reason_wrong(row, size):
            raise UserError(f"{path}:{number}: not a row of ranks ({reason}); {AGAIN}")
        known.add(row.query)
        rows.append(row)
    if summary.n_queries != len(rows):
        raise UserError(f"{sidecar_path(path)}: does not fit {path} ({len(rows)} rows); delete both and run again")
    return rows, summary
