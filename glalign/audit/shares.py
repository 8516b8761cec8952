"""Which percentages are shares of n queries: the GRIM test (Brown and Heathers, Social Psychological and Personality
Science 8, 2017), for a number that is rounded or truncated."""

from functools import cache
from typing import NamedTuple

import numpy as np

from glalign.audit.printed import Printed

FEW_PLACES = 4
"""Up to as many places the numbers of half steps of 10^9 queries fit into 64 bits."""


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


def chance_of_fit(value: Printed, n: int) -> float:
    """Probability that a number of these places, taken at random, is reachable on n queries: rounded or truncated."""
    every: int = 100 * 10**value.places
    return min(1.0, 1.5 * n / every)


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
