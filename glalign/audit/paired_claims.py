"""Claims of McNemar's test: which pairs (b, c) two printed rates allow on n queries, and what p-values they have."""

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from glalign.audit.finding import IMPOSSIBLE, NOTE, Found, Rule, chance
from glalign.audit.material import Material, Number, Row
from glalign.audit.printed import Printed


class Allowed(NamedTuple):
    """The pairs that two counts of hits allow, by increasing b + c.

    b, c: (N,) queries that only the first, only the second system answers. exact: (N,) two-sided p of the binomial
    test. chi_square: (N,) p of the test without continuity correction, the smallest that is in use.
    """

    b: np.ndarray
    c: np.ndarray
    exact: np.ndarray
    chi_square: np.ndarray


def allowed_pairs(first: int, second: int, n: int) -> Allowed:
    """Pairs (b, c) for `first` and `second` hits among the same n queries (McNemar 1947)."""
    from scipy.stats import binom, chi2  # noqa: PLC0415

    both = np.arange(min(first, second), max(0, first + second - n) - 1, -1)
    b, c = first - both, second - both
    exact = np.minimum(1.0, 2 * binom.cdf(np.minimum(b, c), b + c, 0.5))
    return Allowed(b, c, exact, chi2.sf((b - c) ** 2 / np.maximum(b + c, 1), 1))


def counts_of(rate: Printed, n: int) -> list[int]:
    """Smallest and largest number of hits among n queries that are printed as `rate` percent.

    Where none is, the two nearest.
    """
    step, hits = Fraction(n, 100 * 10**rate.places), n * rate.value / 100
    least, most = max(0, math.ceil(hits - step / 2)), min(n, math.ceil(hits + step) - 1)
    return sorted({least, most} if least <= most else {math.floor(hits), math.ceil(hits)})


def check(material: Material) -> Iterator[Found]:
    """Yield claims that no pair allows, and those that some pairs allow and others do not."""
    for test in material.paired_tests:
        numbers = [_rate(material, test, scenario) for scenario in (test["first"], test["second"])]
        rates = [number for number in numbers if number and 0 <= number.printed.value <= 100]
        if len(rates) == len(numbers):  # what is no percentage, another rule finds
            yield from _claim(test, rates)


def _rate(material: Material, test: Row, scenario: str) -> Number | None:
    wanted = (test["system"], scenario, test["quantity"])
    return next((n for n in material.numbers if (n.system, n.scenario, n.quantity) == wanted), None)


def _claim(test: Row, numbers: list[Number]) -> Iterator[Found]:
    n, level = int(test["queries"]), float(Fraction(test["p_below"]))
    counts = itertools.product(*(counts_of(number.printed, n) for number in numbers))
    every = [allowed_pairs(first, second, n) for first, second in counts]
    b, c, exact, chi_square = (np.concatenate(column) for column in zip(*every, strict=True))
    rates = " and ".join(number.printed.text for number in numbers)
    known = f"{rates} of {n:,} queries allow b + c from {(b + c).min():,} to {(b + c).max():,}, with exact p from "
    known += f"{chance(float(exact.min()))} to {chance(float(exact.max()))}; b and c are not printed"
    below = exact < level
    if not (below | (chi_square < level)).any():
        yield Found(IMPOSSIBLE, test["place"], f"p < {test['p_below']} is claimed; {known}")
    elif not below.all():
        largest = int((b + c)[below].max(initial=0))
        yield Found(NOTE, test["place"], f"p < {test['p_below']} is claimed, which needs b + c <= {largest:,}; {known}")


RULE = Rule(
    "paired test",
    "some (b, c) with the printed rates gives the claimed p-value",
    "that the test was not made or not significant: b, c and p settle it, and the rates alone do not.",
    check,
)
