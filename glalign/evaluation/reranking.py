"""A second stage: the best images of each query are scored again and rank before all others."""

from itertools import pairwise

import numpy as np


def candidates(scores: np.ndarray, k: int) -> np.ndarray:
    """(Q, min(k, G)) columns of each query's k best of `scores` (Q, G), best first; ties go to the first column."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def reranked(scores: np.ndarray, columns: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(Q, G) float64 scores that order the candidates by `second` and then all others by `scores`.

    columns (Q, k): the candidates. scores (Q, G) and second (Q, k): float32 or narrower, so that a step of float64
    separates ties without overtaking the next float32 value. Candidates that tie in `second` keep the order of
    `scores`; ties in both stay ties. The others follow below the last candidate by their distance to the best of all.
    """
    first = scores.astype(np.float64)
    floor = second.min(axis=1, keepdims=True, initial=np.inf).astype(np.float64) - 1
    result: np.ndarray = floor - (first.max(axis=1, keepdims=True) - first)
    for row, (places, values) in enumerate(zip(columns, second, strict=True)):
        coarse, values = first[row, places], values.astype(np.float64)  # noqa: PLW2901
        order = np.lexsort((coarse, values))
        step = 0
        for before, now in pairwise(order):
            step = step + (coarse[now] != coarse[before]) if second[row, now] == second[row, before] else 0
            values[now] += step * np.spacing(abs(values[now]))
        result[row, places] = values
    return result
