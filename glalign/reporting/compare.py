"""Two tables are the same when every cell is: numbers within a tolerance, everything else letter by letter."""

import re
from collections.abc import Mapping
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import yaml

from glalign.errors import UserError
from glalign.reporting.tables import read_table

NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?(?:e-?\d+)?)")
TOLERANCES = "tolerances.yaml"
"""In a folder of references: column -> its own tolerance, null for a column that is not compared."""

Tolerances = Mapping[str, float | None]


def compare_folders(ours: Path, reference: Path, tolerance: float = 0.0) -> dict[str, list[str]]:
    """`compare` of every CSV of the folder `reference` with the one of the same name: name -> lines.

    Columns that `reference`/tolerances.yaml names have their own tolerance.
    Raises: UserError when there is nothing to compare with, or the tolerances are no numbers.
    """
    files = sorted(reference.glob("*.csv"))
    if not files:
        raise UserError(f"{reference}: no CSV in it to compare with")
    own = reference / TOLERANCES
    columns = yaml.safe_load(own.read_text(encoding="utf-8")) if own.is_file() else {}
    if not isinstance(columns, Mapping) or not all(v is None or isinstance(v, int | float) for v in columns.values()):
        raise UserError(f"{own}: a map of columns to numbers (or null) is wanted")
    return {file.name: compare(ours / file.name, file, tolerance, columns) for file in files}


def compare(
    ours: Path | str, reference: Path | str, tolerance: float = 0.0, columns: Tolerances | None = None
) -> list[str]:
    """One line per cell that differs, empty when none does; tolerance in the unit of the cell (points for percentages).

    columns: their own tolerances, None for one that is not compared. Numbers inside a text (a spread in a note) are
    compared as numbers as well.
    """
    own = columns or {}
    left, right = read_table(ours), read_table(reference)
    lines = [f"column {name}: only in {ours}" for name in left.columns if name not in right.columns]
    lines += [f"column {name}: only in {reference}" for name in right.columns if name not in left.columns]
    if len(left) != len(right):
        lines.append(f"rows: {len(left)} in {ours}, {len(right)} in {reference}")
    for number, (one, other) in enumerate(
        zip(left.to_dict("records"), right.to_dict("records"), strict=False), start=1
    ):
        name = next(iter(one.values()))
        for column in one:
            allowed = own.get(column, tolerance)
            if column in other and allowed is not None and not same(one[column], other[column], allowed):
                lines.append(f"row {number} ({name}), {column}: {one[column]!r} instead of {other[column]!r}")
    return lines


def same(one: str, other: str, tolerance: float = 0.0) -> bool:
    """Whether two cells agree: the same text around numbers that differ by at most `tolerance`."""
    for index, (a, b) in enumerate(zip_longest(NUMBER.split(one), NUMBER.split(other))):
        number = index % 2 == 1 and a is not None and b is not None
        if a != b and not (number and abs(Fraction(a) - Fraction(b)) <= Fraction(str(tolerance))):
            return False
    return True
