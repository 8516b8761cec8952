"""What tells the rows of a table apart: two tables are compared row by row, in whatever order their rows stand."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

Cells = Mapping[str, str]

KEYS: tuple[tuple[str, ...], ...] = (
    ("rule", "place", "evidence"),  # audit
    ("claim", "comparison"),  # claims
    ("reading",),  # sensitivity
    ("scenario", "nuisance", "level", "system"),  # nuisance
    ("family", "pair", "scenarios", "queries"),  # mcnemar
    ("stage", "job"),  # compute
    ("system", "trainset", "alpha"),  # alpha
    ("system", "scenario"),  # matrix, seeds
    ("variant", "scenario", "dataset"),  # table 11
    ("body_part",),  # table 2
    ("method", "dataset"),  # table 1
    ("system",),  # systems
    ("method",),  # tables 4 to 10, and their extended ones
    ("dataset", "view"),  # translation
    ("dataset", "region"),  # phrases
    ("dataset",),  # table 3
)
"""Columns whose cells name a row; a table has the first of these keys of which it has all columns."""

Pair = tuple[int, Cells, Cells]
"""Number of the row on the left, from 1, and both rows."""


def key_of(*headers: Iterable[str]) -> tuple[str, ...]:
    """The key of tables with these headers; empty for one of another kind."""
    common = set.intersection(*map(set, headers))
    return next((key for key in KEYS if common.issuperset(key)), ())


def name_of(row: Cells, key: Sequence[str]) -> str:
    """What a row is called: the cells of its key, or its first cell."""
    return ", ".join(row[column] for column in key) if key else next(iter(row.values()), "")


def twice(rows: Iterable[Cells], key: Sequence[str]) -> str:
    """Two rows that the key does not tell apart, in words; empty if it tells all apart."""
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        name = name_of(row, key)
        if name in seen:
            return f"rows {seen[name]} and {number} are both {name!r} in {', '.join(key)}"
        seen[name] = number
    return ""


def matched(
    left: Sequence[Cells], right: Sequence[Cells], key: Sequence[str]
) -> tuple[list[Pair], list[str], list[str]]:
    """(rows of the same key, names of those only on the left, of those only on the right).

    Without a key the rows are matched by their order.
    """
    if not key:
        pairs = list(enumerate(zip_longest(left, right), start=1))
        both = [(number, one, other) for number, (one, other) in pairs if one is not None and other is not None]
        return both, [name_of(row, ()) for row in left[len(both) :]], [name_of(row, ()) for row in right[len(both) :]]
    names = {name_of(row, key): row for row in right}
    ours = {name_of(row, key): (number, row) for number, row in enumerate(left, start=1)}
    both = [(number, row, names[name]) for name, (number, row) in ours.items() if name in names]
    return both, [name for name in ours if name not in names], [name for name in names if name not in ours]
