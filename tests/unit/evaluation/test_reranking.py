"""The second stage against an explicit sort of every query's gallery."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glalign.evaluation.reranking import candidates, reranked

HALVES = st.integers(-4, 4).map(lambda value: value / 2)  # few values: ties everywhere


def naive_candidates(line: list[float], k: int) -> list[int]:
    """The k best columns, one after the other; of equals the first."""
    left, chosen = list(range(len(line))), []
    while left and len(chosen) < k:
        best = left[0]
        for column in left:
            if line[column] > line[best]:
                best = column
        chosen.append(best)
        left.remove(best)
    return chosen


def naive_order(line: list[float], chosen: list[int], second: list[float]) -> list[tuple]:
    """Key of every column, larger is better: candidates first, by second then coarse score; the others by coarse."""
    keys: list[tuple] = [(0, line[column]) for column in range(len(line))]
    for column, value in zip(chosen, second, strict=True):
        keys[column] = (1, value, line[column])
    return keys


def check(scores: np.ndarray, k: int, second: np.ndarray) -> None:
    columns = candidates(scores, k)
    result = reranked(scores, columns, second)
    assert result.shape == scores.shape
    assert np.isfinite(result).all()
    for row, line in enumerate(scores.tolist()):
        assert columns[row].tolist() == naive_candidates(line, k)
        keys = naive_order(line, columns[row].tolist(), second[row].tolist())
        for left in range(len(line)):
            for right in range(len(line)):
                assert (result[row, left] > result[row, right]) == (keys[left] > keys[right])
                assert (result[row, left] == result[row, right]) == (keys[left] == keys[right])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_order_is_that_of_an_explicit_sort(data):
    queries, gallery = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 7))
    k = data.draw(st.integers(1, 9))  # sometimes more than the gallery has
    values = st.lists(HALVES, min_size=queries * gallery, max_size=queries * gallery)
    scores = np.array(data.draw(values), np.float32).reshape(queries, gallery)
    second = np.array(data.draw(values), np.float32).reshape(queries, gallery)[:, :k]
    check(scores, k, second)


@pytest.mark.parametrize("k", [1, 40, 41, 100])
def test_ordinary_scores(k):
    stream = np.random.default_rng(0)
    scores = stream.uniform(-1, 1, (5, 40)).astype(np.float32)
    second = (10 * stream.normal(size=(5, min(k, 40)))).astype(np.float32)
    check(scores, k, second)


@pytest.mark.parametrize("logit", [0.0, -0.0, 1.0, -3.7, 1e-30, -1e-30, 2.0**20, -(2.0**20)])
def test_equal_logits_leave_the_coarse_order(logit):
    scores = np.linspace(-1, 1, 9, dtype=np.float32)[None]
    check(scores, 5, np.full((1, 5), logit, np.float32))


@pytest.mark.parametrize("logit", [0.0, 1.0, -1.0, 4.0, -123.4])
def test_breaking_a_tie_overtakes_no_other_logit(logit):
    """The next float32 above the tied ones stays above them, whatever the coarse scores say."""
    value = np.float32(logit)
    above = np.nextafter(value, np.float32(np.inf))
    scores = np.linspace(1, -1, 128, dtype=np.float32)[None]
    second = np.full((1, 128), value)
    second[0, -1] = above
    result = reranked(scores, candidates(scores, 128), second)
    assert result[0].argmax() == 127
    assert (np.diff(result[0, :127]) < 0).all()


def test_candidates_may_lie_far_below_the_coarse_scores():
    scores = np.array([[900.0, 800.0, 700.0, 600.0]], np.float32)
    check(scores, 2, np.array([[-50.0, -60.0]], np.float32))


def test_what_ties_in_both_stays_tied():
    scores = np.array([[0.5, 0.5, 0.5, 0.25, 0.25]], np.float32)
    result = reranked(scores, candidates(scores, 2), np.array([[1.0, 1.0]], np.float32))[0]
    assert result[0] == result[1] > result[2] > result[3] == result[4]


def test_of_equals_at_the_limit_the_first_column_is_a_candidate():
    assert candidates(np.array([[0.0, 1.0, 0.0, 0.0]], np.float32), 2).tolist() == [[1, 0]]


def test_queries_do_not_touch_each_other():
    stream = np.random.default_rng(1)
    scores = stream.normal(size=(4, 6)).astype(np.float32)
    second = stream.normal(size=(4, 3)).astype(np.float32)
    whole = reranked(scores, candidates(scores, 3), second)
    for row in range(4):
        alone = reranked(scores[row : row + 1], candidates(scores[row : row + 1], 3), second[row : row + 1])
        assert np.array_equal(whole[row], alone[0])
