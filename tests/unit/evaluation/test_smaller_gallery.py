"""Rank-1 in a smaller gallery against galleries that are drawn."""

import numpy as np
import pytest

from glalign.evaluation.ranking import RankRow, rank_blocks
from glalign.evaluation.smaller_gallery import gallery_people, hit_chances

PEOPLE, IMAGES = 12, 3


def ranked(top: int) -> tuple[list[RankRow], np.ndarray, np.ndarray]:
    """Rows of random scores, the scores, and the person of each image."""
    rng = np.random.default_rng(4)
    persons = np.repeat(np.arange(PEOPLE), IMAGES)
    scores = rng.normal(size=(len(persons), len(persons))) + 1.5 * (persons[:, None] == persons)
    images = [f"p/{number}.png" for number in range(len(persons))]
    names = (persons.tolist(), persons.tolist())
    return list(rank_blocks([scores], [f"{image}#0" for image in images], images, *names, top)), scores, persons


def test_the_chance_is_the_share_of_drawn_galleries_with_a_hit() -> None:
    rows, scores, persons = ranked(top=PEOPLE * IMAGES)
    chances = hit_chances(rows, 5)
    rng, hits, turns = np.random.default_rng(1), np.zeros(len(rows)), 500
    for _ in range(turns):
        for query, person in enumerate(persons):
            others = rng.permutation(np.delete(np.arange(PEOPLE), person))[:4]
            kept = np.isin(persons, [person, *others])
            hits[query] += persons[kept][scores[query, kept].argmax()] == person
    assert chances == pytest.approx(hits / turns, abs=0.09)
    assert chances.mean() == pytest.approx(hits.mean() / turns, abs=0.015)


def test_the_whole_gallery_gives_the_hits_and_two_people_the_most() -> None:
    rows, *_ = ranked(top=10)
    hits = np.array([row.hits[0] == 1 for row in rows])
    assert gallery_people(rows) == PEOPLE
    assert hit_chances(rows, PEOPLE).tolist() == hits.tolist()
    assert (hit_chances(rows, 2) >= hit_chances(rows, 5)).all()
    assert hit_chances(rows, 1).tolist() == [1.0] * len(rows)


def test_a_short_list_of_first_entries_bounds_the_chance_from_above() -> None:
    exact, bound = (hit_chances(ranked(top)[0], 5) for top in (PEOPLE * IMAGES, 2))
    assert (bound >= exact).all()
    assert (bound > exact).any()
