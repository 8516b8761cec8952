"""Rank-k in galleries of fewer people: against every gallery that can be drawn, and against drawn ones."""

from itertools import combinations

import numpy as np
import pytest

from glalign.evaluation.gallery_size import Ahead, ahead_of, expected_ranks, gallery_sizes, hit_chances, other_people
from glalign.evaluation.metrics import KS
from glalign.evaluation.ranking import RankRow, rank_blocks

PERSONS = np.repeat(np.arange(8), [3, 1, 4, 2, 5, 12, 2, 3])
"""Person of each gallery image: one of them has more images than the largest k."""


def scored(queries: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of queries, a few of them equal, and the person of each query."""
    rng = np.random.default_rng(seed)
    asked = rng.integers(8, size=queries)
    return np.round(rng.normal(size=(queries, len(PERSONS))) + (asked[:, None] == PERSONS), 1), asked


def ranked(scores: np.ndarray, asked: np.ndarray, images: bool = False) -> list[RankRow]:
    """Rows of these scores. images: whether a hit is one image of the person, its first one."""
    names = ([f"{place}.png#0" for place in range(len(asked))], [f"{place}.png" for place in range(len(PERSONS))])
    targets = ()
    if images:
        first = [int(np.flatnonzero(person == PERSONS)[0]) for person in asked]
        targets = (first, list(range(len(PERSONS))))
    return list(rank_blocks([scores], *names, asked.tolist(), PERSONS.tolist(), 3, *targets))


def ahead(rows: list[RankRow]) -> Ahead:
    found = ahead_of(rows, [7] * len(rows))
    assert found is not None
    return found


@pytest.mark.parametrize("images", [False, True])
def test_it_is_the_mean_over_every_gallery_that_can_be_drawn(images: bool) -> None:
    scores, asked = scored(40, 1)
    rows = ranked(scores, asked, images)
    sizes, ks = range(8), (1, 2, 5, 10)
    found = expected_ranks(ahead(rows), list(sizes), ks)
    for size in sizes:
        hits = np.zeros((len(asked), len(ks)))
        for query, person in enumerate(asked):
            galleries = list(combinations([one for one in range(8) if one != person], size))
            for drawn in galleries:
                kept = np.flatnonzero(np.isin(PERSONS, [person, *drawn]))
                right = kept[PERSONS[kept] == person][: 1 if images else None]
                wrong = np.setdiff1d(kept, right)
                rank = 1 + (scores[query, wrong] >= scores[query, right].max()).sum()
                hits[query] += [(rank <= k) / len(galleries) for k in ks]
        assert found[:, size] == pytest.approx(100 * hits.mean(axis=0))


def test_ten_thousand_draws_come_near_it() -> None:
    rng, people, draws, size = np.random.default_rng(2), 60, 10_000, 20
    persons = np.repeat(np.arange(people), rng.integers(1, 5, people))
    scores = rng.normal(size=(30, len(persons))) + 1.5 * (persons == np.arange(30)[:, None])
    names = ([f"{place}.png#0" for place in range(30)], [f"{place}.png" for place in range(len(persons))])
    rows = list(rank_blocks([scores], *names, list(range(30)), persons.tolist()))
    found = ahead_of(rows, [people - 1] * 30)
    assert found is not None
    best = np.array([scores[query, persons == query].max() for query in range(30)])
    before = [(scores[:, persons == one] >= best[:, None]).sum(axis=1) for one in range(people)]
    images, own, hits = np.stack(before, axis=1), np.arange(30), np.zeros(len(KS))
    for _ in range(draws):
        turn = rng.random(images.shape)
        turn[own, own] = 2
        drawn = np.argsort(turn, axis=1)[:, :size]
        ranks = 1 + np.take_along_axis(images, drawn, axis=1).sum(axis=1)
        hits += [(ranks <= k).sum() for k in KS]
    assert expected_ranks(found, [size])[:, 0] == pytest.approx(100 * hits / draws / 30, abs=0.4)


def test_the_whole_gallery_gives_rank_k_itself_and_a_smaller_one_no_less() -> None:
    rows = ranked(*scored(300, 3))
    curves = expected_ranks(ahead(rows), range(8))
    for k, curve in zip(KS, curves, strict=True):
        assert curve[-1] == 100 * np.mean([row.hits[0] <= k for row in rows])
        assert (np.diff(curve) <= 1e-9).all()
    np.testing.assert_array_equal(expected_ranks(ahead(rows), [1000]), curves[:, -1:])


def test_the_chances_of_the_queries_have_this_mean_and_are_hits_in_the_whole_gallery() -> None:
    rows = ranked(*scored(300, 3))
    for k, curve in zip(KS, expected_ranks(ahead(rows), range(8)), strict=True):
        assert [100 * hit_chances(ahead(rows), size, k).mean() for size in range(8)] == pytest.approx(curve)
        assert hit_chances(ahead(rows), 7, k).tolist() == [row.hits[0] <= k for row in rows]


def test_the_other_people_are_those_of_the_draw() -> None:
    asked = {"draw0/a.png#0": 1, "draw0/b.png#0": 2, "draw0/b.png#1": 2, "draw1/c.png#0": 3}
    assert other_people([RankRow(query, person, (1,), (1,)) for query, person in asked.items()]) == [1, 1, 1, 0]


def test_rows_that_do_not_say_who_stands_ahead_have_no_curve() -> None:
    assert ahead_of([RankRow("a.png#0", 1, (3,), (3,))], [4]) is None


def test_sizes_end_with_the_whole_gallery() -> None:
    assert gallery_sizes(np.array([7])) == [7]
    assert gallery_sizes(np.array([400, 440])) == [10, 20, 50, 100, 200, 440]
