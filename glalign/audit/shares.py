"""Which percentages are shares of n queries: the GRIM test (Brown and Heathers, Social Psychological and Personality
Science 8, 2017), for a number that is rounded or truncated."""

from functools import cache
from typing import NamedTuple

import numpy as np

from glalign.audit.printed import Printed

FEW_PLACES = 4
"""Up to as many places the numbers of half steps of 10^9 queries fit into 64 bits."""


COUNTED = 10**6
"""Queries up to which the numbers that they can give are counted."""


class Smallest(NamedTuple):
    """Smallest numbers of queries that give a percentage, when it is rounded and when it is truncated."""

    rounded: int
    truncated: int


def reachable(value: Printed, n: np.ndarray) -> np.ndarray:
    """Whether a percentage is 100 k / n for a whole k, rounded (halves either way) or truncated to its places.

    n: (N,) whole numbers from 1 on. Returns: (N,) bool; all False for a value outside of 0 to 100.
    """
    if not 0 <= value.value <= 100:
        return np.zeros(len(n), dtype=bool)
    fits: np.ndarray = _fits(value, n, -1, inclusive=True) | _fits(value, n, 0, inclusive=False)
    return fits


@cache
def smallest(value: Printed) -> Smallest:
    """The smallest n that gives a percentage between 0 and 100: 100 times the scale of its places at most."""
    n = np.arange(1, 100 * 10**value.places + 1)
    return Smallest(*(int(n[np.argmax(fits)]) for fits in (_fits(value, n, -1, True), _fits(value, n, 0, False))))


@cache
def chance_of_fit(places: int, n: int) -> float:
    """Share of the numbers of these places from 0 to 100 that are reachable on n queries, as `reachable` says.

    Counted up to COUNTED queries. For more it is 1.5 n of all numbers: every k gives one, and each second k another.
    """
    every: int = 100 * 10**places
    if n >= every:
        return 1.0
    if n > COUNTED or places > FEW_PLACES:
        return min(1.0, 1.5 * n / every)
    twice = 2 * every * np.arange(n + 1, dtype=np.int64)
    ends = np.concatenate([twice // (2 * n), (twice + n) // (2 * n), -((n - twice) // (2 * n))])
    return len(np.unique(ends)) / (every + 1)


def _fits(value: Printed, n: np.ndarray, below: int, inclusive: bool) -> np.ndarray:
    """Whether a k has 100 k / n in an interval that begins `below` half steps before the value.

    The interval is one step long; its end belongs to it if `inclusive`. All in whole numbers of half steps.
    """
    scale = 2 * 10**value.places
    start = int(value.value * scale) + below
    n = np.asarray(n, dtype=np.int64 if value.places <= FEW_PLACES else object)
    k = np.maximum(0, -((-n * start) // (100 * scale)))
    last = n * (start + 2)
    reached = 100 * scale * k
    return np.asarray(((reached <= last) if inclusive else (reached < last)) & (k <= n), dtype=bool)
