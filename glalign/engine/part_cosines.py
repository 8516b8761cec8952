"""The cosines of the parts of each query and of its first images, which a ranks file records."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from glalign.evaluation.ranking import RankRow

ROWS = 64  # rows whose images are compared at a time: bounds the memory, whatever the gallery
DECIMALS = 4

Compare = Callable[[list[RankRow]], np.ndarray]
"""Cosines (R, K, P) of R rows with the K images of their `top`; NaN where a part is absent."""


def with_cosines(rows: Iterable[RankRow], compare: Compare) -> Iterator[RankRow]:
    """Yield the same rows with `cosines`, rounded to DECIMALS; rows without `top` as they are."""
    left = iter(rows)
    while some := list(islice(left, ROWS)):
        found = _recorded(compare(some)) if some[0].top else [[]] * len(some)
        for row, lines in zip(some, found, strict=True):
            yield replace(row, cosines=tuple(map(tuple, lines)))


def _recorded(cosines: np.ndarray) -> list[list[list[float | None]]]:
    """The cosines as they are recorded: None for NaN; the rounding of sums leaves none outside of -1 to 1."""
    values = np.round(cosines.astype(np.float64).clip(-1, 1), DECIMALS) + 0.0  # no negative zero
    recorded = values.astype(object)
    recorded[np.isnan(values)] = None
    lines: list[list[list[float | None]]] = recorded.tolist()
    return lines
