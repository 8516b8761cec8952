"""Cosines are attached to rows a few at a time, rounded, with None where a part is absent."""

import math

import numpy as np

from glalign.engine.part_cosines import ROWS, with_cosines
from glalign.evaluation.ranking import RankRow

TOP = (("a.png", 0.5), ("b.png", 0.25))


def test_rows_are_compared_a_few_at_a_time_and_keep_their_order() -> None:
    rows, sizes = [RankRow(f"q{number}", number, (1,), (1,), TOP) for number in range(2 * ROWS + 3)], []

    def compare(some: list[RankRow]) -> np.ndarray:
        sizes.append(len(some))
        return np.array([[[int(row.person) / 1000], [math.nan]] for row in some])

    found = list(with_cosines(iter(rows), compare))
    assert sizes == [ROWS, ROWS, 3]
    assert [row.query for row in found] == [row.query for row in rows]
    assert [row.cosines for row in found] == [((row.person / 1000,), (None,)) for row in rows]


def test_cosines_are_rounded_into_their_range() -> None:
    values = np.array([[[1.0000004, -1.0000004, 0.123456], [-1e-9, math.nan, -0.5]]], np.float32)
    (row,) = with_cosines([RankRow("q", 1, (1,), (1,), TOP)], lambda _: values)
    assert row.cosines == ((1.0, -1.0, 0.1235), (0.0, None, -0.5))
    assert math.copysign(1, row.cosines[1][0] or 0.0) == 1
