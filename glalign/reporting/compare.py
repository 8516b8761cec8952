"""Comparison of tables row by row: numbers within a tolerance, everything else character by character."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import zip_longest
from math import inf
from pathlib import Path
from typing import Any

from glalign.reporting.row_keys import Cells, key_of, matched, name_of, twice
from glalign.reporting.tables import read_table
from glalign.storage.yaml_files import read_yaml
from glalign.support.errors import UserError, printable

COMMA = re.compile(r"(?<![\w.,])[-+]?\d+,\d+(?![\w.,])")
"""A number as a spreadsheet writes it in many languages, alone in a cell or in a text."""
NUMBER = re.compile(r"((?<!\d)(?<!\de)(?<!\de-)[-+]?\d{1,99}(?!\d)(?:\.\d{1,99}(?!\d))?(?:e-?\d{1,3}(?!\d))?)")
"""A number that is compared as one; longer ones are texts, because 1e99999999 alone would fill the memory."""
TOLERANCES = "tolerances.yaml"
"""File in a folder of references: `columns` maps columns to tolerances, null for a column that is not compared; `rows`
maps texts to tolerances of the rows that have the text in a cell, used where they are larger."""


def compare_folders(ours: Path, reference: Path, tolerance: float = 0.0) -> dict[str, list[str]]:
    """`compare` of every CSV of the folder `reference` with the one of the same name: name -> lines.

    A table that is missing in `ours` is a difference; `unmatched` lists tables that only `ours` has. Raises: UserError
    when a side is not a folder, or `reference` has no table.
    """
    if not ours.is_dir():
        raise UserError(f"{ours}: no such folder; a folder is compared with a folder, a table's CSV with a CSV")
    files = sorted(reference.glob("*.csv"))
    if not files:
        raise UserError(f"{reference}: no CSV in it to compare with")
    missing = [f"no such table in {ours}"]
    pairs = {file.name: (ours / file.name, file) for file in files}
    return {name: compare(*pair, tolerance) if pair[0].is_file() else missing for name, pair in pairs.items()}


def unmatched(ours: Path, reference: Path) -> list[str]:
    """Names of the CSVs of the folder `ours` that the folder `reference` does not have."""
    return sorted(file.name for file in ours.glob("*.csv") if not (reference / file.name).is_file())


def compare(ours: Path | str, reference: Path | str, tolerance: float = 0.0) -> list[str]:
    """One printable line per cell that differs; tolerance in the unit of the cell (points for percentages).

    Rows are matched by the columns that name them (row_keys.KEYS), in whatever order they stand; those of a table of
    another kind by their order. A file tolerances.yaml beside the reference has other tolerances for some columns and
    rows. Numbers inside a text (a spread in a note) are compared as numbers as well. Raises: UserError when a side is
    not a table or has a column of decimal commas, or a tolerance is not a number from 0 on.
    """
    for side in (ours, reference):
        if Path(side).is_dir():
            raise UserError(f"{side}: a folder; a folder is compared with a folder, a table's CSV with a CSV")
        if not Path(side).is_file():
            raise UserError(f"{side}: no such table; name the CSV of another")
    if not 0 <= tolerance < inf:
        raise UserError(f"--tolerance: {tolerance} is no distance; write a number from 0 on")
    columns, rows = tolerances(Path(reference).parent)
    left, right = read_table(ours), read_table(reference)
    lines = [f"column {name}: only in {ours}" for name in left.columns if name not in right.columns]
    lines += [f"column {name}: only in {reference}" for name in right.columns if name not in left.columns]
    mine, theirs = left.to_dict("records"), right.to_dict("records")
    _check_commas([(ours, mine), (reference, theirs)], [name for name in left.columns if name in right.columns])
    key = key_of(left.columns, right.columns)
    for side, some in ((ours, mine), (reference, theirs)):
        if again := twice(some, key) if key else "":
            return [*map(printable, lines), printable(f"{side}: {again}; not compared: name them apart")]
    pairs, ours_only, reference_only = matched(mine, theirs, key)
    lines += [f"row {name}: only in {ours}" for name in ours_only]
    lines += [f"row {name}: only in {reference}" for name in reference_only]
    for number, one, other in pairs:
        name = name_of(one, key)
        least = max((value for key, value in rows.items() if any(key in cell for cell in other.values())), default=0.0)
        for column in one:
            allowed = columns.get(column, tolerance)
            if column in other and allowed is not None and not same(one[column], other[column], max(allowed, least)):
                lines.append(f"row {number} ({name}), {column}: {one[column]!r} instead of {other[column]!r}")
    return [*map(printable, lines)]


def _check_commas(sides: Sequence[tuple[Path | str, Sequence[Cells]]], columns: Sequence[str]) -> None:
    """No column has numbers with decimal commas on one side alone."""
    for column in columns:
        found = [next(filter(None, (COMMA.search(row[column]) for row in rows)), None) for _, rows in sides]
        for (path, _), comma, other in zip(sides, found, reversed(found), strict=True):
            if comma is not None and other is None:
                text = comma[0].replace(",", ".")
                what = f"{column}: {comma[0]!r} is a number with a comma"
                raise UserError(
                    f"{path}: {what}; write {text}: export the table from a spreadsheet with decimal points"
                )


def tolerances(folder: Path) -> tuple[Mapping[str, float | None], Mapping[str, float]]:
    """Read the tolerances of columns and of rows from `folder`/tolerances.yaml; empty without such a file."""
    file = folder / TOLERANCES
    found = read_yaml(file) if file.is_file() else None
    found = {} if found is None else found

    def allowed(key: str, part: Any) -> bool:
        entries = part.items() if isinstance(part, Mapping) else [("", "")]
        return all(
            isinstance(name, str) and (_is_distance(value) or (value is None and key == "columns"))
            for name, value in entries
        )

    keys = ("columns", "rows")
    parts: list[Any] = [found.get(key, {}) for key in keys] if isinstance(found, Mapping) else []
    if not parts or set(found) - set(keys) or not all(map(allowed, keys, parts)):
        raise UserError(f"{file}: two maps of names to numbers from 0 on are wanted, `columns` and `rows`")
    return parts[0], parts[1]


def _is_distance(value: Any) -> bool:
    """Whether a tolerance is a number from 0 on."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < inf


def same(one: str, other: str, tolerance: float = 0.0) -> bool:
    """Whether two cells agree: the same text around numbers that differ by at most `tolerance`."""
    for index, (a, b) in enumerate(zip_longest(NUMBER.split(one), NUMBER.split(other))):
        number = index % 2 == 1 and a is not None and b is not None
        if a != b and not (number and abs(Fraction(a) - Fraction(b)) <= Fraction(str(tolerance))):
            return False
    return True
