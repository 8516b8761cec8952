"""The ranks file, the archive of a run: one JSON line per query, from which metrics, tests and tables are rebuilt.

Row: {"query", "person", "first", "hits", "best", "top", "ahead"}; ranks count from 1, `first` is hits[0], the others
are the fields of `RankRow`. A system that compares parts has `cosines`, too. Beside it `<name>.json`, a `RanksSummary`.
"""

import json
import operator
from collections.abc import Iterable, Mapping
from itertools import count as count_from
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, FiniteFloat, Strict, ValidationError

from glalign.config.base import Section, Several
from glalign.config.typed_json import AGAIN, NOT_MADE, describe, read_typed
from glalign.contract.query_ids import DRAW, draw_of
from glalign.contract.regions import REGIONS
from glalign.contract.results import RanksSummary
from glalign.evaluation.ranking import RankRow
from glalign.storage.json_files import decode, read_lines
from glalign.storage.whole_files import whole_file, write_json
from glalign.support.errors import UserError

Cosine = Annotated[float, Field(ge=-1, le=1)]


class RankLine(Section):
    """A line of the file."""

    query: str
    person: int | str
    first: int
    hits: Several[int]
    best: Several[int]
    top: Several[Annotated[tuple[str, FiniteFloat], Strict(False)]]
    cosines: Several[Several[Cosine | None]] = ()
    ahead: Several[int] | None = None


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
            record |= {"cosines": row.cosines} if row.cosines else {}
            record |= {} if row.ahead is None else {"ahead": row.ahead}
            lines.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    write_json(sidecar_path(path), RanksSummary(n_queries=count, n_gallery=n_gallery, **about).to_json())


def reason_wrong(row: RankLine, size: int, parts: int) -> str:
    """Why these cannot be ranks in a gallery of `size` images, with cosines of `parts` parts; empty if they can."""
    if not row.hits or len(row.hits) != len(row.best):
        return "hits and best differ in length or are empty"
    if row.first != row.hits[0]:
        return f"first is {row.first}, the first of hits {row.hits[0]}"
    for name, ranks in (("hits", row.hits), ("best", row.best)):
        if ranks[0] < 1 or ranks[-1] > size or not all(map(operator.lt, ranks, ranks[1:])):
            return f"{name} are not ascending ranks from 1 to {size}"
    return "best is worse than hits" if any(map(operator.gt, row.best, row.hits)) else _reason_wrong_beside(row, parts)


def _reason_wrong_beside(row: RankLine, parts: int) -> str:
    """Why what stands beside the ranks does not fit them; empty if it does."""
    if [len(line) for line in row.cosines] != [parts] * (len(row.top) if parts else 0):
        return f"cosines are not {parts} numbers or null for each of the {len(row.top)} entries of top"
    people = row.ahead or ()
    if any(count < 0 for count in people) or sum(map(operator.mul, people, count_from(1))) >= row.first:
        return f"ahead is no count of people before rank {row.first}"
    return ""


def read_ranks(path: Path | str) -> tuple[list[RankRow], RanksSummary]:
    """Read (rows, summary). Raises: UserError naming a line that is not a row, or a summary that does not fit."""
    summary, known = read_typed(sidecar_path(path), RanksSummary), set[str]()
    if len(set(summary.parts) & set(REGIONS)) < len(summary.parts):
        wrong = f"{sidecar_path(path)}: key `parts`: {list(summary.parts)!s:.80}"
        raise UserError(f"{wrong} are not regions, each once ({', '.join(REGIONS)}); {AGAIN}")
    largest = max(summary.n_gallery, *summary.galleries, 1)
    sizes = {f"{DRAW}{number}": size for number, size in enumerate(summary.galleries)}

    def row_of(line: bytes) -> RankRow:
        keys = len(RankLine.model_fields) - (b'"cosines":' not in line) - (b'"ahead":' not in line)
        if line.count(b":") > keys:  # a duplicate key, or a colon in a text
            decode(line)
        try:
            row = RankLine.model_validate_json(line)
        except ValidationError as error:
            raise ValueError(describe(error)) from error
        size = sizes.get(draw_of(row.query) or "", largest)
        if reason := "its query occurs twice" if row.query in known else reason_wrong(row, size, len(summary.parts)):
            raise ValueError(reason)
        known.add(row.query)
        return RankRow(row.query, row.person, row.hits, row.best, row.top, row.cosines, row.ahead)

    rows = list(read_lines(path, row_of, "a row of ranks", AGAIN, NOT_MADE))
    if summary.n_queries != len(rows):
        raise UserError(f"{sidecar_path(path)}: does not fit {path} ({len(rows)} rows); delete both and run again")
    return rows, summary
