"""Rank-10 beside Rank-1: a row that lies off the curve of the other rows of its table."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from glalign.audit.finding import RARE, UNLIKELY, Found, Rule, chance
from glalign.audit.material import Material, RankRow

FEWEST = 6
"""Rows of a table that a curve is fitted to, without the row that is compared with it."""
ROUNDING = 1e-9
"""Part of a sum of squares that may be an error of rounding."""


def check(material: Material) -> Iterator[Found]:
    """Yield rows whose last rank is not what the other rows' straight line of logits gives for their first one."""
    tables: dict[tuple[str, str, str], list[RankRow]] = defaultdict(list)
    for row in material.rank_rows:
        if len(row.ranks) > 1 and all(0 < number.printed.value < 100 for number in row.ranks.values()):
            tables[row.first.file, row.first.scenario, row.first.dataset].append(row)
    for rows in tables.values():
        alike: dict[tuple[int, ...], list[RankRow]] = defaultdict(list)
        for row in rows:
            alike[tuple(row.ranks)].append(row)
        for group in alike.values():
            if len(group) > FEWEST:
                yield from _outliers(group, len(rows))


def _outliers(group: Sequence[RankRow], rows: int) -> Iterator[Found]:
    """The rows that a prediction interval of the others leaves out (t-test of a new observation, Bonferroni).

    That t is the externally studentized residual of the line through all rows (Cook and Weisberg, Residuals and
    Influence in Regression, 1982, Section 2.2): no line is fitted again for every row. rows: tests that are made.
    """
    from scipy import special, stats  # noqa: PLC0415

    first, *_, last = group[0].ranks
    x, y = (np.array([_logit(row, k) for row in group]) for k in (first, last))
    degrees = len(group) - 3
    dx, dy = x - x.mean(), y - y.mean()
    spread = float((dx**2).sum())
    if not spread:
        return
    residual = dy - dx * ((dx * dy).sum() / spread)
    free = 1 - 1 / len(group) - dx**2 / spread  # 0 where all others have one Rank-1
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = residual / free
        left = (residual**2).sum() - residual * missed  # sum of squares of the others about their own line
        t = missed / np.sqrt(left / degrees / free)
    usable = (free > ROUNDING) & (left > ROUNDING * (dy**2).sum())
    p = np.where(usable, rows * 2 * stats.t.sf(np.abs(t), degrees), 1.0)
    for index in np.flatnonzero(p < RARE).tolist():
        row, usual = group[index], 100 * float(special.expit(y[index] - missed[index]))
        numbers = row.ranks[first].printed.text, row.ranks[last].printed.text
        evidence = f"Rank-{last} {numbers[1]} at Rank-{first} {numbers[0]}; the other rows give {usual:.2f}"
        yield Found(UNLIKELY, row.first.place, f"{evidence}; p {chance(float(p[index]))} among {rows} rows")


def _logit(row: RankRow, k: int) -> float:
    share = row.ranks[k].printed.value / 100
    return float(np.log(float(share)) - np.log(float(1 - share)))


RULE = Rule(
    "rank profile",
    "Rank-10 grows with Rank-1 as it does in the other rows of the table",
    "that the row is wrong: another gallery, another protocol or a method of another kind moves it, too.",
    check,
)
