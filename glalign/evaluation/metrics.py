"""Rank-k, mAP and mINP of hit ranks, as exact counts until they are printed; intervals over queries and over persons.

Rank-k: share of queries with a positive among the first k. Average precision: mean over positives of the precision at
their ranks (no trapezoid). INP: number of positives / rank of the last one, as in IRRA's evaluator.
"""

import math
import statistics
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from glalign.contract.query_ids import draw_of
from glalign.contract.results import Interval, MetricsRecord
from glalign.contract.specs.scoring import MetricsSpec
from glalign.evaluation.ranking import HitRanks, RankRow
from glalign.evaluation.ranks_file import read_ranks
from glalign.storage.whole_files import write_json
from glalign.support.errors import UserError
from glalign.support.random_streams import seed_for

KS = (1, 5, 10)
LEVEL = 0.95  # confidence of every interval
MOST_DRAWS = 1 << 26  # numbers of persons that a bootstrap draws at a time: 512 MiB


def half_up(value: Fraction | Decimal | float, places: int = 2) -> str:
    """Text of `value` with `places` decimals, halves rounded away from zero. All numbers of tables are rounded here.

    >>> half_up(Fraction(100 * 1, 800))
    '0.13'
    """
    exact = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    with localcontext(prec=60):
        rounded = (Decimal(exact.numerator) / exact.denominator).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        return str(rounded or abs(rounded))  # no minus before a zero


def flatten(rows: Sequence[RankRow]) -> HitRanks:
    """The ranks of a ranks file as arrays."""
    ranks = np.fromiter((rank for row in rows for rank in row.hits), np.int64)
    best = np.fromiter((rank for row in rows for rank in row.best), np.int64)
    return HitRanks(np.cumsum([0, *(len(row.hits) for row in rows)], dtype=np.int64), ranks, best)


def hits_at(starts: np.ndarray, ranks: np.ndarray) -> dict[int, int]:
    """Exact number of queries whose first positive is among the first k, per k."""
    first = ranks[starts[:-1]]
    return {k: int(np.count_nonzero(first <= k)) for k in KS}


def average_precision(starts: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """(Q,) average precision of every query."""
    counts = np.diff(starts)
    position = np.arange(len(ranks)) - np.repeat(starts[:-1], counts)
    return np.add.reduceat((position + 1) / ranks, starts[:-1]) / counts


def percentages(found: HitRanks) -> dict[str, float]:
    """rank1, rank5, rank10, map, minp in percent, ties against the query, and with suffix `_best` in its favour."""
    n = len(found.starts) - 1
    values: dict[str, float] = {}
    for suffix, ranks in (("", found.ranks), ("_best", found.best)):
        counts = hits_at(found.starts, ranks)
        values |= {f"rank{k}{suffix}": 100 * count / n for k, count in counts.items()}
        # fsum: the mean does not depend on the order of the queries
        values[f"map{suffix}"] = 100 * math.fsum(average_precision(found.starts, ranks)) / n
        values[f"minp{suffix}"] = 100 * math.fsum(np.diff(found.starts) / ranks[found.starts[1:] - 1]) / n
    return values


def by_draw(rows: Sequence[RankRow]) -> list[list[RankRow]]:
    """The rows of each draw of a test set; empty where there is one draw alone."""
    parts: dict[str, list[RankRow]] = {}
    for row in rows:
        if draw := draw_of(row.query):
            parts.setdefault(draw, []).append(row)
    return list(parts.values())


def share_interval(share: float | Fraction, n_queries: int, draws: int) -> Interval:
    """Wilson's interval, in percent, of a share over the queries of one draw of the test set (usually the only one).

    draws: 0 or 1 for a test set that is not drawn. A query of several draws counts as one, with the mean answer.
    """
    n = n_queries / max(1, draws)
    return wilson(float(share) * n, n)


def wilson(hits: float, n: float) -> Interval:
    """Wilson's interval of a share, in percent (Wilson 1927; Brown, Cai and DasGupta 2001, Eq. 4).

    Written out because importing statsmodels takes two seconds of a job that counts for one tenth of a second; a test
    compares the two.
    """
    square = statistics.NormalDist().inv_cdf((1 + LEVEL) / 2) ** 2
    centre = (hits + square / 2) / (n + square)
    half = math.sqrt(square * (hits * (n - hits) / n + square / 4)) / (n + square)
    return 100 * max(0.0, centre - half), 100 * min(1.0, centre + half)


def numbered(persons: Sequence[object]) -> np.ndarray:
    """(Q,) number of each query's person, in the order of their first queries."""
    index = {person: number for number, person in enumerate(dict.fromkeys(persons))}
    return np.array([index[person] for person in persons])


def redraws(rng: np.random.Generator, persons: int, resamples: int) -> np.ndarray:
    """(resamples, persons): the numbers of the persons that are drawn. Raises: UserError for more than `MOST_DRAWS`."""
    if persons * resamples > MOST_DRAWS:
        most = max(1, MOST_DRAWS // persons)
        raise UserError(f"evaluation.bootstrap: {resamples} resamples of {persons} persons; choose at most {most}")
    return rng.integers(persons, size=(resamples, persons))


def cluster_bootstrap(
    first: np.ndarray, persons: Sequence[object], resamples: int, seed: int
) -> dict[int, tuple[float, float]]:
    """Percentile interval of Rank-k when whole persons are redrawn: captions of a person are not independent (D15).

    first (Q,): rank of each query's first hit. Returns {k: (low, high)} in percent.
    """
    person = numbered(persons)
    sizes = np.bincount(person)
    found = np.stack([np.bincount(person, weights=first <= k) for k in KS], axis=1)
    rng = np.random.default_rng(seed)
    shares = np.empty((resamples, len(KS)))
    for turn in range(resamples):
        drawn = rng.integers(len(sizes), size=len(sizes))
        shares[turn] = found[drawn].sum(axis=0) / sizes[drawn].sum()
    tail = (1 - LEVEL) / 2
    low, high = 100 * np.quantile(shares, [tail, 1 - tail], axis=0)
    return {k: (float(low[i]), float(high[i])) for i, k in enumerate(KS)}


def spread(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean and sample standard deviation over seeds; None for a single seed."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


def make_metrics(spec: MetricsSpec, metrics: Path) -> None:
    """Write the metrics of one ranks file as a `MetricsRecord`. All systems are resampled by the same draws."""
    rows, summary = read_ranks(spec.ranks)
    ranks, persons, draws = flatten(rows), [row.person for row in rows], by_draw(rows)
    first, counts = ranks.first, hits_at(ranks.starts, ranks.ranks)
    intervals = cluster_bootstrap(first, persons, spec.bootstrap, seed_for(spec.root_seed, "cluster bootstrap"))
    found: dict[str, Any] = {
        **percentages(ranks),
        "n_queries": len(rows),
        "n_gallery": summary.n_gallery,
        "n_persons": len(set(persons)),
        "hits": {str(k): count for k, count in counts.items()},
        "wilson": {str(k): wilson(count, len(rows)) for k, count in counts.items()},
        "bootstrap": {str(k): bounds for k, bounds in intervals.items()},
        "chance": 100 * float(np.mean(np.diff(ranks.starts))) / summary.n_gallery,
    }
    if draws:
        found["draws"] = {"rank1": tuple(percentages(flatten(part))["rank1"] for part in draws)}
        shares = {str(k): Fraction(count, len(rows)) for k, count in counts.items()}
        found["wilson"] = {k: share_interval(share, len(rows), len(draws)) for k, share in shares.items()}
    write_json(metrics, MetricsRecord.model_validate(found).to_json())
