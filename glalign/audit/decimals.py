"""Decimals that recur: rows that agree behind the point in several ranks, and means that agree in every digit."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np

from glalign.audit.finding import RARE, UNLIKELY, Found, Rule, chance
from glalign.audit.material import Material, Number, RankRow
from glalign.audit.printed import Printed
from glalign.audit.reachability import MOST_PLACES, queries_of
from glalign.audit.shares import reachable

MEAN = re.compile(r"(^|[^a-z])(mean|average|avg)([^a-z]|$)")
"""Names of a column of means."""
MOST_RANKS = 6
"""Ranks that are compared: all subsets of them are tried."""


def check_rows(material: Material) -> Iterator[Found]:
    """Yield groups of rows with the same decimals in two ranks or more, where chance gives fewer than RARE of them.

    Rows that agree in the numbers themselves are one measurement printed twice, and count once. So do rows that agree
    in one of the compared numbers: near 0 and 100 many do. A number at 0 or 100 is not compared.
    """
    rows, counts = _different(material.rank_rows), _counts(material)
    ranks = sorted({k for row in rows for k in row.ranks})[:MOST_RANKS]
    for size in range(len(ranks), 1, -1):
        for chosen in combinations(ranks, size):
            able = [row for row in rows if all(k in row.ranks and _is_compared(row.ranks[k].printed) for k in chosen)]
            groups: dict[tuple[Fraction, ...], list[RankRow]] = defaultdict(list)
            for row in able:
                groups[tuple(row.ranks[k].printed.value % 1 for k in chosen)].append(row)
            for same in groups.values():
                group = _apart(same, chosen)
                if len(group) > 1:
                    possible = min(_possible_decimals(row, counts[_table(row)]) for row in group)
                    yield from _rare(group, chosen, len(able), len(ranks), possible)


def _is_compared(value: Printed) -> bool:
    return value.places > 1 and 0 < value.value < 100


def _apart(rows: Sequence[RankRow], chosen: Sequence[int]) -> list[RankRow]:
    """The rows that differ in every chosen rank from all of those before them."""
    kept: list[RankRow] = []
    seen: dict[int, set[Fraction]] = {k: set() for k in chosen}
    for row in rows:
        if not any(row.ranks[k].printed.value in seen[k] for k in chosen):
            kept.append(row)
            for k in chosen:
                seen[k].add(row.ranks[k].printed.value)
    return kept


def _counts(material: Material) -> dict[tuple[str, str, str], list[int]]:
    """Table, scenario and dataset -> stated numbers of queries, else the smallest that gives every Rank-k in it."""
    tables: dict[tuple[str, str, str], list[RankRow]] = defaultdict(list)
    for row in material.rank_rows:
        tables[_table(row)].append(row)
    return {
        table: queries_of(material, rows[0].first)
        or [_smallest_of_all([number.printed for row in rows for number in row.ranks.values()])]
        for table, rows in tables.items()
    }


def _table(row: RankRow) -> tuple[str, str, str]:
    return row.first.file, row.first.scenario, row.first.dataset


def _possible_decimals(row: RankRow, counts: Sequence[int]) -> int:
    """How many decimals a percentage of n queries can have: n / gcd(n, 100), at most all. counts: possible n."""
    every: int = 10 ** max(number.printed.places for number in row.ranks.values())
    return min(every, *(n // math.gcd(n, 100) for n in counts))


def _smallest_of_all(values: Sequence[Printed]) -> int:
    """The smallest number of queries of which all percentages are shares; means of several runs are no shares."""
    every = {(value.value, value.places): value for value in values if not value.averaged}.values()
    n = np.arange(1, 100 * 10 ** min(MOST_PLACES, max((value.places for value in every), default=0)) + 1)
    for value in every:
        n = n[reachable(value, n)]
    return int(n[0]) if len(n) else 1


def _rare(group: Sequence[RankRow], chosen: Sequence[int], rows: int, ranks: int, possible: int) -> Iterator[Found]:
    """The group, if so large a one is not expected among all rows. possible: decimals that a number can have."""
    single = -len(chosen) * (len(group) - 1) * math.log(possible)  # logarithms: of many rows the numbers are too large
    expected = _log_choices(rows, len(group)) + _log_choices(ranks, len(chosen)) + single
    if expected < math.log(RARE):
        named = "; ".join(row.first.place for row in group)
        values = ", ".join(f"Rank-{k} " + " / ".join(row.ranks[k].printed.text for row in group) for k in chosen)
        once, often = chance(math.exp(single)), chance(math.exp(expected))
        how_often = f"chance {once} for these rows, {often} such groups expected among all {rows}"
        yield Found(UNLIKELY, named, f"same decimals: {values}; {how_often}")


def _log_choices(n: int, k: int) -> float:
    """Logarithm of the number of ways to choose k of n."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _different(rows: Sequence[RankRow]) -> list[RankRow]:
    """The rows, each set of values once."""
    seen: dict[tuple[tuple[int, str], ...], RankRow] = {}
    for row in rows:
        seen.setdefault(tuple((k, str(number.printed.value)) for k, number in row.ranks.items()), row)
    return list(seen.values())


def check_means(material: Material) -> Iterator[Found]:
    """Yield columns of means in which more pairs of rows have one value than chance gives.

    Two means of other things agree in their two decimals with probability 1/100 at most.
    """
    from scipy.stats import poisson  # noqa: PLC0415

    columns: dict[tuple[str, str], list[Number]] = defaultdict(list)
    for number in material.numbers:
        if not number.quoted and number.printed.places > 1 and MEAN.search(number.quantity):
            columns[number.file, number.quantity].append(number)
    for (_, quantity), numbers in columns.items():
        groups: dict[Fraction, list[Number]] = defaultdict(list)
        for number in numbers:
            groups[number.printed.value].append(number)
        same = [group for group in groups.values() if len(group) > 1]
        pairs = sum(math.comb(len(group), 2) for group in same)
        rate = math.comb(len(numbers), 2) / 10 ** min(n.printed.places for n in numbers)
        probability = float(poisson.sf(pairs - 1, rate))
        if pairs and probability < RARE:
            listed = "; ".join(f"{group[0].printed.text} in {' and '.join(n.place for n in group)}" for group in same)
            evidence = f"{quantity}: {listed}; chance of as many equal pairs {chance(probability)}"
            yield Found(UNLIKELY, numbers[0].place.partition(",")[0], evidence)


RULES = (
    Rule(
        "repeated decimals",
        "rows of independent measurements do not share the decimals of several ranks",
        "that numbers were invented: it says no more than that they are not independent measurements, as by a slip in "
        "copying, or that a rare coincidence happened.",
        check_rows,
    ),
    Rule(
        "repeated mean",
        "means of different texts differ in their decimals",
        "that nothing was measured: one of the values may stand for both.",
        check_means,
    ),
)
