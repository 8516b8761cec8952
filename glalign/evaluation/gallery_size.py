"""Rank-k in galleries of fewer people, from the ranks in the whole one.

A smaller gallery has all images of the query's person and of some others, who are drawn at random. The mean over all
draws is exact: nothing is drawn.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glalign.contract.query_ids import draw_of
from glalign.evaluation.metrics import KS
from glalign.evaluation.ranking import RankRow

MOST = max(KS)


@dataclass(frozen=True)
class Ahead:
    """Who stands before the first positive of each query, in the whole gallery.

    first (Q,): rank of the first positive. others (Q,): people of the gallery apart from the query's. own (Q,): images
    of the query's own person before it, where they are no positives. people (Q,): others with an image before it.
    counts (Q, MOST - 1): those with 1, 2, ... images before it; one with MOST images or more is in `people` alone.
    """

    first: NDArray[np.int64]
    others: NDArray[np.int64]
    own: NDArray[np.int64]
    people: NDArray[np.int64]
    counts: NDArray[np.int64]


def other_people(rows: Sequence[RankRow]) -> list[int]:
    """People of each row's gallery apart from its own person. Every person of a gallery has queries (D27)."""
    people = Counter(draw for draw, _ in {(draw_of(row.query), row.person) for row in rows})
    return [people[draw_of(row.query)] - 1 for row in rows]


def ahead_of(rows: Sequence[RankRow], others: Sequence[int]) -> Ahead | None:
    """Who stands ahead in these rows; None where a row does not say. others: people of each row's gallery but one."""
    if any(row.ahead is None for row in rows):
        return None
    known = [row.ahead or () for row in rows]
    images = [sum(place * number for place, number in enumerate(own, start=1)) for own in known]
    first = np.array([row.hits[0] for row in rows], np.int64)
    return Ahead(
        first=first,
        others=np.array(others, np.int64),
        own=first - 1 - np.array(images, np.int64),
        people=np.array([sum(own) for own in known], np.int64),
        counts=np.array([(*own, *(0,) * MOST)[: MOST - 1] for own in known], np.int64),
    )


def expected_ranks(ahead: Ahead, sizes: Sequence[int], ks: Sequence[int] = KS) -> NDArray[np.float64]:
    """(K, S) expected Rank-k in percent, where each query meets so many of the others; ks: at most MOST each.

    >>> row = RankRow("a.png#0", 1, (3,), (3,), ahead=(2,))
    >>> expected_ranks(ahead_of([row], [4]), [1, 2, 4], [1, 3]).round(2).tolist()
    [[50.0, 16.67, 0.0], [100.0, 100.0, 100.0]]
    """
    ways = _ways(ahead)
    return np.stack([100 * _hit_chances(ahead, ways, size, ks).mean(axis=1) for size in sizes], axis=1)


def hit_chances(ahead: Ahead, size: int, k: int) -> NDArray[np.float64]:
    """(Q,) probability that each query is a hit at Rank-k, where it meets so many of the others; k: at most MOST."""
    return np.asarray(_hit_chances(ahead, _ways(ahead), size, [k])[0])


def _hit_chances(ahead: Ahead, ways: NDArray[np.float64], size: int, ks: Sequence[int]) -> NDArray[np.float64]:
    """(K, Q) probabilities of hits.

    A query is a hit if the images that the drawn people have before its first positive are fewer than k. The number of
    sets of j people with w such images in all is a product over the numbers of images that a person has; the others of
    a gallery are among the people without one. A query of fewer others meets all of them.
    """
    from scipy.special import gammaln  # noqa: PLC0415  slow to import

    def log_choose(n: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
        inside = (j >= 0) & (j <= n)
        found = gammaln(n + 1.0) - gammaln(np.where(inside, j, 0) + 1.0) - gammaln(np.where(inside, n - j, n) + 1.0)
        return np.asarray(np.where(inside, found, -np.inf))

    drawn, behind = np.minimum(size, ahead.others), ahead.others - ahead.people
    log_all = log_choose(ahead.others, drawn)
    chances = np.stack([np.exp(log_choose(behind, drawn - j) - log_all) for j in range(MOST)], axis=1)
    by_images = np.einsum("qwj,qj->qw", ways, chances)
    return np.stack([np.where(drawn == ahead.others, ahead.first <= k, by_images[:, :k].sum(axis=1)) for k in ks])


def _ways(ahead: Ahead) -> NDArray[np.float64]:
    """(Q, MOST, MOST) number of sets of j people with w images ahead, the query's own among them, at [w, j]."""
    ways = np.zeros((len(ahead.first), MOST, MOST))
    few = np.flatnonzero(ahead.own < MOST)
    ways[few, ahead.own[few], 0] = 1
    for images in range(1, MOST):
        people, added, sets = ahead.counts[:, images - 1], ways.copy(), np.ones(len(ways))
        for taken in range(1, (MOST - 1) // images + 1):
            sets = sets * np.maximum(people - taken + 1, 0) / taken
            width = images * taken
            added[:, width:, taken:] += sets[:, None, None] * ways[:, : MOST - width, : MOST - taken]
        ways = added
    return ways


def gallery_sizes(others: NDArray[np.int64]) -> list[int]:
    """The numbers of other people to look at: 10, 20, 50, 100 and so on, and those of the whole gallery.

    >>> gallery_sizes(np.array([130, 131]))
    [10, 20, 50, 100, 131]
    """
    whole, smallest = int(others.max()), int(others.min())
    round_ones = (digit * 10**power for power in range(1, 7) for digit in (1, 2, 5))
    return [*(size for size in round_ones if size < smallest), whole]
