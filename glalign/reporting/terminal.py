"""A table as plain text for a terminal, at most about 120 characters wide."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glalign.reporting.checked_table import read_checked
from glalign.support.errors import UserError, printable

if TYPE_CHECKING:
    import pandas as pd

WIDEST_TEXT = 26
NAMES = ("method", "variant", "body_part", "scenario", "dataset", "language")
SHORT = {"person_ids": "persons", "descriptions": "captions", "avg_length": "words"}

LONG = ("text", "where", "systems", "test", "caveat")
"""Columns of sentences, which the CSV alone has."""

LATER = {
    "true_phrases": "true", "denominator": "denominator", "phrases": "found",
    "relative_coverage": "relative coverage", "map": "mAP", "status": "status",
}  # fmt: skip
"""Columns that follow those with the paper's beside them, and their titles."""

INTERVAL, GAP = "95 %", "gap"
LEFT = (*NAMES, "status", INTERVAL)
PRINTED = "* as printed in the paper"

Column = tuple[str, list[str]]
"""Title and cells."""


def find_table(name: str, results: Path) -> Path:
    """Find the CSV called `name`: a path, or below `results` a table's number or name.

    Raises: UserError for a file that is not CSV, or naming the tables below `results`.
    """
    for path in (Path(name), results / f"table{name}.csv", results / f"{name}.csv"):
        if path.suffix == ".csv" and path.is_file():
            return path
    if Path(name).is_file():
        raise UserError(f"{name}: no CSV table; name the table, or its file that ends in .csv")
    there = ", ".join(sorted(path.stem for path in results.glob("*.csv"))) or "none"
    raise UserError(f"{name}: no such table below {results} (there: {there}); make it with `snakemake --cores 1`")


def render_terminal(path: Path | str) -> str:
    """Plain text of a table's CSV: for every number the paper's, ours, the interval of Rank-1 and the gap."""
    frame = read_checked(path)
    compared = any(name.endswith("_delta") for name in frame.columns)
    shown = [column for column in terminal_columns(frame) if compared or column[0] not in LONG]
    return aligned_text(shown, LEFT if compared else tuple(frame.columns))


def aligned_text(columns: Sequence[Column], left: Container[str] = LEFT) -> str:
    """Columns as plain text; long cells are cut. left: titles of columns that are aligned left."""
    from tabulate import tabulate  # noqa: PLC0415

    titles = [printable(title) for title, _ in columns]
    lines = [
        [printable(value)[:WIDEST_TEXT] for value in line]
        for line in zip(*(cells for _, cells in columns), strict=True)
    ]
    align = ["left" if title in left else "right" for title in titles] if lines else None
    text = tabulate(lines, headers=titles, disable_numparse=True, colalign=align)
    return text + (f"\n{PRINTED}" if any(title.endswith("*") for title in titles) else "")


def terminal_columns(frame: "pd.DataFrame") -> list[Column]:
    """The columns that are not empty; of a table without the paper's columns all of them, as they are."""
    columns: list[Column] = []

    def add(title: str, cells: list[str]) -> None:
        if any(cells):
            columns.append((title, cells))

    numeric = [name.removesuffix("_delta") for name in frame.columns if name.endswith("_delta")]
    if not numeric:
        return [(name, list(frame[name])) for name in frame.columns]
    for name in NAMES:
        if name in frame:
            add(name, list(frame[name]))
    for name in numeric:
        add(f"{short_title(name)}*", list(frame[f"{name}_paper"]))
        add(short_title(name), list(frame[name]))
        if name == "rank1" and {f"{name}_lo", f"{name}_hi"} <= set(frame):
            add(INTERVAL, intervals(frame, name))
        add(GAP, [value if value[:1] in ("", "-") else f"+{value}" for value in frame[f"{name}_delta"]])
    for name, title in LATER.items():
        if name in frame:
            add(title, list(frame[name]))
    return columns


def short_title(name: str) -> str:
    """Title of a column of numbers.

    >>> short_title("rank10")
    'R10'
    """
    return f"R{name[4:]}" if name.startswith("rank") else SHORT.get(name, name)


def intervals(frame: "pd.DataFrame", name: str) -> list[str]:
    """Cells with both bounds of a column's interval."""
    bounds = zip(frame[f"{name}_lo"], frame[f"{name}_hi"], strict=True)
    return [f"{low}{' to ' if '-' in low + high else '-'}{high}" if low else "" for low, high in bounds]
