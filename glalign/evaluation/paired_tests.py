"""Paired tests of two systems on the same queries: McNemar, a person-level bootstrap of the gap, and the power of both.

Computed from joined ranks, never from percentages (D15).
"""

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from glalign.contract.query_ids import in_first_draw
from glalign.evaluation.metrics import LEVEL, numbered, redraws
from glalign.evaluation.ranking import RankRow
from glalign.support.errors import UserError

EXACT_BELOW, POWER = 25, 0.8
"""Discordant pairs below which the binomial test is used instead of chi-square with continuity correction (D15)."""

MAX_NAMED = 3  # queries in an error message


class PairedHits(NamedTuple):
    """Hits of two systems on the same queries, in the order of the first: bool (n,); persons: of each query."""

    first: np.ndarray
    second: np.ndarray
    persons: tuple[int | str, ...]


class McNemarResult(NamedTuple):
    """McNemar's test of n queries. b: only the first system hits; c: only the second. exact: by the binomial test."""

    n: int
    b: int
    c: int
    statistic: float
    exact: bool
    p: float


def pair_hits(first: Sequence[RankRow], second: Sequence[RankRow], names: tuple[str, str], k: int = 1) -> PairedHits:
    """Join the Rank-k hits of two files of these names by query. Raises: UserError naming queries that one lacks."""
    rows, known = {row.query: row for row in second}, {row.query for row in first}
    missing = [row.query for row in first if row.query not in rows]
    surplus = [row.query for row in second if row.query not in known]
    for queries, has, lacks in ((missing, *names), (surplus, *reversed(names))):
        if queries:
            more = f" and {len(queries) - MAX_NAMED} more" if len(queries) > MAX_NAMED else ""
            lacking = f"{lacks}: has no rank for {', '.join(queries[:MAX_NAMED])}{more}, which {has} has"
            raise UserError(f"{lacking}; only ranks of the same queries can be compared: score both on one test set")
    hits = np.array([[row.hits[0] <= k, rows[row.query].hits[0] <= k] for row in first], dtype=bool).reshape(-1, 2)
    return PairedHits(hits[:, 0], hits[:, 1], tuple(row.person for row in first))


def rows_of_first_draw(rows: Iterable[RankRow]) -> list[RankRow]:
    """The rows of the first draw of a test set that is drawn several times, else all: no query may count twice."""
    return [row for row in rows if in_first_draw(row.query)]


def first_query_per_person(rows: Iterable[RankRow]) -> list[RankRow]:
    """The first query of each person, in the order of the file: the paper's "1,000 paired queries" (D15)."""
    kept: dict[int | str, RankRow] = {}
    for row in rows:
        kept.setdefault(row.person, row)
    return list(kept.values())


def mcnemar(pair: PairedHits) -> McNemarResult:
    """McNemar's test (statsmodels): exact binomial when b + c < 25, with statistic min(b, c), else chi-square."""
    from statsmodels.stats.contingency_tables import mcnemar as test  # noqa: PLC0415  slow to import

    first, second = pair.first, pair.second
    cells = (first & second, first & ~second, ~first & second, ~first & ~second)
    both, b, c, neither = (int(cell.sum()) for cell in cells)
    exact = b + c < EXACT_BELOW
    result = test([[both, b], [c, neither]], exact=exact, correction=True)
    return McNemarResult(len(pair.first), b, c, float(result.statistic), exact, min(1.0, float(result.pvalue)))


def holm(values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values of one family of tests (Holm, Scandinavian Journal of Statistics 1979).

    Written out because statsmodels collects garbage at every call: seconds, where ranks are in memory. A test compares.
    """
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(np.asarray(values, float)[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(p) for p in adjusted]


def holm_by_family(values: Sequence[float], families: Sequence[Hashable]) -> list[float]:
    """Holm's adjusted p-value of every test, within the family of the same place in `families`."""
    result = [0.0] * len(values)
    for family in dict.fromkeys(families):
        places = [place for place, other in enumerate(families) if other == family]
        for place, value in zip(places, holm([values[place] for place in places]), strict=True):
            result[place] = value
    return result


def gap_interval(pair: PairedHits, resamples: int, seed: int) -> tuple[float, float, float]:
    """Difference of the two Rank-k in points, and its percentile interval when whole persons are redrawn.

    Captions of a person are not independent, and both systems answer the same ones: a redrawn person brings all of
    its queries under both.
    """
    person = numbered(pair.persons)
    sizes = np.bincount(person)
    gains = np.bincount(person, weights=pair.first.astype(float) - pair.second)
    rng = np.random.default_rng(seed)
    drawn = redraws(rng, len(sizes), resamples)
    shares = 100 * gains[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(shares, [tail, 1 - tail])
    return 100 * float(gains.sum()) / len(person), float(low), float(high)


def detectable_gap(n: int, discordant: int) -> float | None:
    """Smallest difference of two shares, in points, that McNemar's test finds with 80 % power at level 5 %.

    n queries, of which `discordant` are hit by one system alone, as observed. From Connor (Biometrics 1987), eq. 1:
    sqrt(n) d = z(1 - alpha/2) sqrt(psi) + z(power) sqrt(psi - d^2), psi = discordant / n. None where no difference
    below psi is found, or psi is 0.
    """
    from scipy.optimize import brentq  # noqa: PLC0415
    from scipy.stats import norm  # noqa: PLC0415

    if not discordant:
        return None
    psi = discordant / n
    za, zb = norm.ppf(1 - (1 - LEVEL) / 2), norm.ppf(POWER)

    def surplus(d: float) -> float:
        return math.sqrt(n) * d - float(za) * math.sqrt(psi) - float(zb) * math.sqrt(max(0.0, psi - d * d))

    # psi bounds the difference: even if one system won every discordant pair, it could be no larger.
    return 100 * float(brentq(surplus, 0.0, psi)) if surplus(psi) > 0 else None
