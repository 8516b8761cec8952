"""Two tables are the same when every cell is: numbers within a tolerance, everything else letter by letter."""

import re
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

from glalign.reporting.tables import read_table

NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?)")


def compare(ours: Path | str, reference: Path | str, tolerance: float = 0.0) -> list[str]:
    """One line per cell that differs, empty when none does; tolerance in the unit of the cell (points for percentages).

    Numbers inside a text (a spread in a note) are compared as numbers as well.
    """
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
            if column in other and not same(one[column], other[column], tolerance):
                lines.append(f"row {number} ({name}), {column}: {one[column]!r} instead of {other[column]!r}")
    return lines


def same(one: str, other: str, tolerance: float = 0.0) -> bool:
    """Whether two cells agree: the same text around numbers that differ by at most `tolerance`."""
    for index, (a, b) in enumerate(zip_longest(NUMBER.split(one), NUMBER.split(other))):
        number = index % 2 == 1 and a is not None and b is not None
        if a != b and not (number and abs(Fraction(a) - Fraction(b)) <= Fraction(str(tolerance))):
            return False
    return True
