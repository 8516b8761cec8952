"""A table's CSV for printing: its columns belong together, and the cells that are calculated with are numbers."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from glalign.reporting.latex import COVERAGE_HEADS
from glalign.reporting.tables import read_table
from glalign.support.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

AGAIN = "make the table again"
NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
CALCULATED = {
    "map": NUMBER, "minp": NUMBER, "p_holm": re.compile(r"[0-9](\.[0-9]{1,30})?(e-[0-9]{1,3})?"),
    "n_queries": re.compile("[0-9]{1,12}"), "n_gallery": re.compile("[0-9]{1,12}"),
}  # fmt: skip
"""Columns that are rounded, compared or counted, beside those with the paper's, and what stands in a cell."""

EXTENDED = ("validation_rank1", "selected_step", "pairs", "parameters")
EXTENDED_OF = ("lo", "hi", "boot_lo", "boot_hi", "sd", "best")
OF_DRAWS = ("sd", "min", "max")
"""Columns of an extended table, of its first number, and of the draws of its test set."""


def read_checked(path: Path | str) -> "pd.DataFrame":
    """Read a table's CSV as `read_table` does.

    Raises: UserError for a column that is missing beside another one, or a cell that should be a number and is none.
    """
    frame = read_table(path)
    for beside, name in _needed(frame):
        if name not in frame:
            raise UserError(f"{path}: column {name} is missing beside {beside}; {AGAIN}")
    compared = [name.removesuffix("_delta") for name in frame.columns if name.endswith("_delta")]
    kinds = {kind: NUMBER for name in compared for kind in (name, f"{name}_delta")} | CALCULATED
    for name, kind in kinds.items():
        for number, cell in enumerate(frame.get(name, ()), start=1):
            if cell and not kind.fullmatch(cell):
                raise UserError(f"{path}: column {name}, row {number}: {cell[:40]!r} is no plain number; {AGAIN}")
    return frame


def _needed(frame: "pd.DataFrame") -> Iterator[tuple[str, str]]:
    """Columns, and those that have to be beside them."""
    columns = list(frame.columns)
    compared = [name.removesuffix("_delta") for name in columns if name.endswith("_delta")]
    for name in compared:
        yield from ((f"{name}_delta", name), (f"{name}_delta", f"{name}_paper"))
    for one, other in (("_lo", "_hi"), ("_hi", "_lo")):
        yield from ((name, name.removesuffix(one) + other) for name in columns if name.endswith(one))
    if "chance_rank1" in columns:  # results/seeds.csv has their deviation alone
        drawn = [f"rank1_{end}_of_draws" for end in OF_DRAWS]
        yield from ((name, other) for name in drawn if name in columns for other in drawn)
    if "relative_coverage" in columns:
        yield from (("relative_coverage", name) for name in (*COVERAGE_HEADS, "coverage_hi") if compared)
    elif compared and "chance_rank1" in columns:
        further = (f"{compared[0]}_{end}" for end in EXTENDED_OF)
        yield from (("chance_rank1", name) for name in (*EXTENDED, *further))
    elif compared:
        yield from ((name, "rank1_paper") for name in ("map", "minp") if name in columns)
