"""The ranker against a naive one, on cases full of ties."""

import subprocess
import sys

import numpy as np
import pytest
from helpers.naive_evaluator import naive_ranks
from hypothesis import given, settings
from hypothesis import strategies as st

from glalign.evaluation import ranking
from glalign.evaluation.ranking import find_positives, hit_ranks, rank_blocks
from glalign.support.errors import UserError


def ranks_of(scores, query_targets, gallery_targets, block=3):
    blocks = (scores[low : low + block] for low in range(0, len(scores), block))
    found = hit_ranks(blocks, find_positives(query_targets, gallery_targets), len(gallery_targets))
    cut = found.starts[1:-1]
    return [part.tolist() for part in np.split(found.ranks, cut)], [p.tolist() for p in np.split(found.best, cut)]


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_queries=st.integers(1, 12),
    n_gallery=st.integers(1, 70),
    persons=st.integers(1, 6),
    levels=st.sampled_from([1, 2, 5, 1000]),
    kind=st.sampled_from([np.float32, np.float64, np.int64, np.uint8]),
    block=st.integers(1, 13),
)
def test_agrees_with_naive_ranks(seed, n_queries, n_gallery, persons, levels, kind, block):
    rng = np.random.default_rng(seed)
    gallery = rng.integers(persons, size=n_gallery).tolist()
    query = rng.choice(gallery, size=n_queries).tolist()
    scores = rng.integers(min(levels, 250), size=(n_queries, n_gallery)).astype(kind)
    if kind in (np.float32, np.float64):
        scores = (scores / 7 - 3).astype(kind)
    against, favour = ranks_of(scores, query, gallery, block)
    assert against == naive_ranks(scores, query, gallery)
    assert favour == naive_ranks(scores, query, gallery, in_favour=True)


def test_wide_rows_do_not_overflow_the_counters():
    scores = np.zeros((2, 5003), np.float32)
    against, favour = ranks_of(scores, ["a", "b"], ["a", "b", *["c"] * 5001])
    assert against == [[5003], [5003]] and favour == [[1], [1]]


def test_top_order_is_score_then_negatives_then_place():
    scores = np.array([[0.5, 0.9, 0.5, 0.5, 0.1]])
    (row,) = rank_blocks([scores], ["q#0"], list("abcde"), [1], [1, 2, 2, 3, 1], top=4)
    assert row.top == (("b", 0.9), ("c", 0.5), ("d", 0.5), ("a", 0.5))
    assert row.hits == (4, 5) and row.best == (2, 5)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), top=st.integers(0, 12), n_gallery=st.integers(1, 9))
def test_top_agrees_with_the_ranks(seed, top, n_gallery):
    rng = np.random.default_rng(seed)
    persons = rng.integers(3, size=n_gallery).tolist()
    query = rng.choice(persons, size=4).tolist()
    scores = rng.integers(3, size=(4, n_gallery)).astype(float)
    names = [f"g{i}" for i in range(n_gallery)]
    for row in rank_blocks([scores[:1], scores[1:]], list("abcd"), names, query, persons, top=top):
        assert len(row.top) == min(top, n_gallery)
        own = [i for i, (name, _) in enumerate(row.top, 1) if persons[names.index(name)] == row.person]
        assert own == [rank for rank in row.hits if rank <= top]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_names_the_query(bad):
    scores = np.zeros((4, 3), np.float32)
    scores[2, 1] = bad
    with pytest.raises(UserError, match=r"query row 2 \(c\).*column 1"):
        list(rank_blocks([scores[:2], scores[2:]], list("abcd"), list("xyz"), [1] * 4, [1, 2, 3]))


def test_a_query_without_positive_names_the_query():
    with pytest.raises(UserError, match=r"query row 1 \(b\).*9"):
        list(rank_blocks([np.zeros((2, 2))], ["a", "b"], ["x", "y"], [1, 9], [1, 2]))


@pytest.mark.parametrize("shape", [(2, 3), (4, 2), (1, 2)])
def test_blocks_must_fit(shape):
    with pytest.raises(UserError, match="2"):
        list(rank_blocks([np.zeros(shape)], ["a", "b"], ["x", "y"], [1, 1], [1, 2]))


def test_evaluation_does_not_import_torch():
    modules = ["metrics", "ranks_file", "ranking", "reference", "scores"]
    code = "; ".join(f"import glalign.evaluation.{name}" for name in modules)
    code += "; import glalign.reporting.tables, glalign.reporting.latex, glalign.reporting.compare, sys"
    code += "; assert not {'torch', 'pandas', 'statsmodels', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("size", [16_385, 40_000])
def test_rows_that_are_read_in_parts_have_the_ranks_of_the_naive_one(monkeypatch, kind, size):
    monkeypatch.setattr(ranking, "WORKING_SET", 70_000)
    rng = np.random.default_rng(3)
    gallery = rng.integers(size // 5, size=size).tolist()
    gallery[: ranking.SORT_ABOVE + 5] = [size] * (ranking.SORT_ABOVE + 5)
    query = [size, *gallery[100:105]]
    scores = rng.integers(400, size=(len(query), size)).astype(kind)
    against, favour = ranks_of(scores, query, gallery)
    assert against == naive_ranks(scores, query, gallery)
    assert favour == naive_ranks(scores, query, gallery, in_favour=True)


@pytest.mark.parametrize("levels", [2, 60, 10**6])
def test_the_top_of_a_long_row_is_the_head_of_the_sorted_row(levels):
    rng, size = np.random.default_rng(levels), 4 * 10 * ranking.SEGMENT + 77
    scores = rng.integers(levels, size=(3, size)).astype(np.float32)
    persons = rng.integers(9, size=size).tolist()
    rows = rank_blocks([scores], ["a", "b", "c"], [str(i) for i in range(size)], [1, 2, 3], persons, top=10)
    for number, (line, row) in enumerate(zip(scores, rows, strict=True), start=1):
        order = sorted(range(size), key=lambda c: (-line[c], persons[c] == number, c))[:10]
        assert [int(image) for image, _ in row.top] == order


def test_a_score_that_is_not_finite_is_named_by_its_place_in_a_long_row(monkeypatch):
    monkeypatch.setattr(ranking, "WORKING_SET", 4_000)
    scores = np.zeros((2, 5_000), np.float32)
    scores[1, 3_210] = np.nan
    with pytest.raises(UserError, match="query row 1: score nan at gallery column 3210;"):
        ranks_of(scores, ["a", "b"], ["a", "b", *["c"] * 4_998], block=2)
