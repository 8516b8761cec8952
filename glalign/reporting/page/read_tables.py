"""The tables of the page: the cells of the CSV files as they are, or the reason why a table is not there."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from glalign.planning.page_stage import PageTable
from glalign.reporting.plain_table import target_of
from glalign.reporting.tex_notes import plain_notes
from glalign.reporting.unfinished_tables import unfinished
from glalign.storage.csv_files import Row, parse_csv
from glalign.storage.whole_files import read_text
from glalign.support.errors import UserError

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)

LINKED = ("method", "variant", "rank1", "rank1_mean")
"""Columns whose cells lead to the run behind the row."""

NEEDED = {"claims": ("claim", "verdict", "text"), "audit": ("severity",)}
"""Table -> columns that the answer reads."""

OF_SCENARIO, RATES, PRINTED = ("method", "status"), ("rank1", "rank1_lo", "rank1_hi"), "rank1_paper"
"""Columns of the table of a scenario that its chart reads. The printed value need not be there."""

LONG = 31
"""Characters of a cell from which the cells of its column are broken into lines."""


@dataclass(frozen=True)
class Column:
    """A column. kind: `number` where every cell that is not empty is one, `long` where one is long, or `text`."""

    name: str
    kind: str
    linked: bool


@dataclass(frozen=True)
class Table:
    """A table to show. links: anchor of the run behind each row, or empty. missing: the command that makes it.

    notes: what stands below it in its LaTeX. state: `whole`, `unfinished` (rows of a run in which jobs failed) or
    `missing`.
    """

    name: str
    title: str
    state: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    links: tuple[str, ...] = ()
    csv: str = ""
    tex: str = ""
    missing: str = ""
    notes: tuple[str, ...] = ()

    def dicts(self) -> list[dict[str, str]]:
        """The rows by the names of the columns."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def anchor(kind: str, key: str) -> str:
    """The id of an element of the page.

    >>> anchor("run", "glalign/cuhk_en+v2e/seed0")
    'run-glalign-cuhk_en+v2e-seed0'
    """
    return f"{kind}-{key.replace('/', '-')}"


def link(path: str, page: Path) -> str:
    """The address of a file beside the page; empty for one that is not there."""
    return quote(Path(os.path.relpath(path, page.parent)).as_posix()) if path and Path(path).is_file() else ""


def read_table(table: PageTable, page: Path, of_scenario: bool) -> Table:
    """A table for the page, or what makes it. of_scenario: whether its rows are the systems of a scenario.

    Raises: UserError for one that is damaged, or lacks a column that the page reads.
    """
    path, state = Path(table.csv), "whole"
    if not path.is_file() and unfinished(table.csv).is_file():
        path, state = unfinished(table.csv), "unfinished"
    command = f"snakemake --cores 1 {target_of(Path(table.csv))}"
    if not path.is_file():
        return Table(table.name, table.title, "missing", missing=command)
    remedy = f"delete it and run `{command}`"
    columns = (*OF_SCENARIO, *RATES) if of_scenario else NEEDED.get(table.name, ())
    header, lines = parse_csv(path, read_text(path), columns, ",", remedy)
    if of_scenario:
        _check_rates(path, lines, remedy)
    rows = tuple(tuple(row.values()) for _, row in lines)
    links = tuple(anchor("run", keys[0]) if keys else "" for keys in table.rows)
    return Table(
        name=table.name,
        title=table.title,
        state=state,
        columns=columns_of(header, rows),
        rows=rows,
        links=links if len(links) == len(rows) else ("",) * len(rows),
        csv=link(str(path), page),
        tex=link(table.tex, page),
        missing="" if state == "whole" else command,
        notes=plain_notes(read_text(table.tex)) if table.tex and Path(table.tex).is_file() else (),
    )


def _check_rates(path: Path, lines: Sequence[Row], remedy: str) -> None:
    """Raises: UserError for a cell that is no percentage, or a Rank-1 without its interval."""
    for number, row in lines:
        for name in (*RATES, PRINTED):
            cell = row.get(name, "")
            if not cell and (name in ("rank1", PRINTED) or not row["rank1"]):
                continue
            if not NUMBER.fullmatch(cell) or not 0 <= float(cell) <= 100:
                raise UserError(f"{path}:{number}: {name} {cell!r:.40} is no percentage; {remedy}")


def columns_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Column, ...]:
    """The columns of a table, by what their cells hold."""
    columns = []
    for place, name in enumerate(header):
        cells = [row[place] for row in rows if row[place]]
        number = bool(cells) and all(map(NUMBER.fullmatch, cells))
        long = any(len(cell) > LONG for cell in cells)
        columns.append(Column(name, "number" if number else "long" if long else "text", name in LINKED))
    return tuple(columns)
