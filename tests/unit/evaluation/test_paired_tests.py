"""McNemar against tables by hand, statsmodels and scipy; joins that refuse; the bootstrap against a loop."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, chi2, norm
from statsmodels.stats.multitest import multipletests

from glalign.evaluation.paired_tests import (
    PairedHits,
    detectable_gap,
    first_query_per_person,
    gap_interval,
    holm,
    holm_by_family,
    mcnemar,
    pair_hits,
    rows_of_first_draw,
)
from glalign.evaluation.ranking import RankRow
from glalign.support.errors import UserError


def row(query: str, person: int, first: int) -> RankRow:
    return RankRow(query, person, (first,), (first,))


def pair(b: int, c: int, both: int = 10, neither: int = 10) -> PairedHits:
    first = np.array([True] * both + [True] * b + [False] * c + [False] * neither)
    second = np.array([True] * both + [False] * b + [True] * c + [False] * neither)
    return PairedHits(first, second, tuple(range(len(first))))


def test_few_discordant_pairs_are_tested_exactly() -> None:
    found = mcnemar(pair(9, 2))
    assert (found.n, found.b, found.c, found.exact) == (31, 9, 2, True)
    # By hand: 2 (1 + 11 + 55) / 2^11.
    assert found.p == pytest.approx(2 * 67 / 2048)
    assert found.p == pytest.approx(binomtest(2, 11).pvalue)


def test_many_are_tested_by_chi_square_with_correction() -> None:
    found = mcnemar(pair(30, 12))
    assert not found.exact
    assert found.statistic == pytest.approx((abs(30 - 12) - 1) ** 2 / 42)
    assert found.p == pytest.approx(chi2.sf(17**2 / 42, 1))
    assert mcnemar(pair(13, 11)).exact
    assert not mcnemar(pair(13, 12)).exact


def test_no_discordant_pair_is_no_difference() -> None:
    assert mcnemar(pair(0, 0)).p == 1.0
    assert mcnemar(pair(3, 3)).p == 1.0


@given(st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=50, deadline=None)
def test_the_test_is_symmetric(b: int, c: int) -> None:
    assert mcnemar(pair(b, c)).p == pytest.approx(mcnemar(pair(c, b)).p)


def test_joining_goes_by_query_and_not_by_place() -> None:
    first = [row("a#0", 1, 1), row("b#0", 2, 3), row("c#0", 3, 1)]
    second = [row("c#0", 3, 2), row("a#0", 1, 1), row("b#0", 2, 1)]
    found = pair_hits(first, second, ("one", "two"))
    assert found.first.tolist() == [True, False, True]
    assert found.second.tolist() == [True, True, False]
    assert found.persons == (1, 2, 3)
    assert pair_hits(first, second, ("one", "two"), k=3).first.all()


@pytest.mark.parametrize("swap", [False, True])
def test_joining_refuses_other_queries_and_names_them(swap: bool) -> None:
    rows = [row(f"{letter}#0", 1, 1) for letter in "abcde"]
    sides = [(rows, "long.jsonl"), (rows[:1], "short.jsonl")]
    (one, one_name), (two, two_name) = reversed(sides) if swap else sides
    with pytest.raises(
        UserError, match=r"short\.jsonl: has no rank for b#0, c#0, d#0 and 1 more, which long\.jsonl has"
    ):
        pair_hits(one, two, (one_name, two_name))


def test_a_query_of_several_draws_counts_once() -> None:
    rows = [row("draw0/a#0", 1, 1), row("draw0/b#0", 2, 1), row("draw1/a#0", 1, 3), row("draw10/a#0", 1, 3)]
    assert [r.query for r in rows_of_first_draw(rows)] == ["draw0/a#0", "draw0/b#0"]
    assert rows_of_first_draw([row("a#0", 1, 1)]) == [row("a#0", 1, 1)]


def test_the_first_caption_of_each_person_is_kept() -> None:
    rows = [row("a#0", 1, 1), row("a#1", 1, 2), row("b#0", 2, 1), row("c#0", 1, 1)]
    assert [r.query for r in first_query_per_person(rows)] == ["a#0", "b#0"]


def test_holm_is_the_step_down_by_hand() -> None:
    values = [0.04, 0.01, 0.03]
    assert holm(values) == pytest.approx([0.06, 0.03, 0.06])  # 3 x .01, 2 x .03, max(.06, 1 x .04)
    assert holm([]) == []
    random = np.random.default_rng(5).random(9) ** 4
    assert holm(random.tolist()) == pytest.approx(multipletests(random, method="holm")[1])
    assert holm_by_family([0.04, 0.04, 0.01], ["x", "y", "x"]) == pytest.approx([0.04, 0.04, 0.02])


def test_the_gap_is_resampled_by_persons_under_both_systems() -> None:
    rng = np.random.default_rng(3)
    persons = tuple(rng.integers(0, 12, 80).tolist())
    found = PairedHits(rng.random(80) < 0.6, rng.random(80) < 0.4, persons)
    gap, low, high = gap_interval(found, 500, 7)
    assert gap == pytest.approx(100 * (found.first.mean() - found.second.mean()))
    order = list(dict.fromkeys(persons))
    again, shares = np.random.default_rng(7), []
    for drawn in again.integers(len(order), size=(500, len(order))):
        queries = list(itertools.chain(*([i for i, p in enumerate(persons) if p == order[d]] for d in drawn)))
        shares.append(100 * (found.first[queries].mean() - found.second[queries].mean()))
    assert (low, high) == pytest.approx(np.quantile(shares, [0.025, 0.975]))
    assert low < gap < high


def test_the_detectable_difference_has_the_power_it_promises() -> None:
    n, discordant = 900, 250
    d = detectable_gap(n, discordant) / 100
    psi = discordant / n
    b, c = (psi + d) / 2, (psi - d) / 2
    # Independent check: the normal approximation of the test's rejection probability at that difference.
    spread = math.sqrt(n * (b + c - (b - c) ** 2))
    reach = (n * d - norm.ppf(0.975) * math.sqrt(n * psi)) / spread
    assert norm.cdf(reach) == pytest.approx(0.8, abs=1e-6)
    # And by counting: binomial b among the discordant pairs, McNemar without correction.
    share = b / (b + c)
    wins = np.arange(discordant + 1)
    rejected = np.abs(2 * wins - discordant) / math.sqrt(discordant) > norm.ppf(0.975)
    assert binom.pmf(wins, discordant, share)[rejected].sum() == pytest.approx(0.8, abs=0.03)
    assert detectable_gap(4 * n, 4 * discordant) == pytest.approx(100 * d / 2, rel=0.03)
    assert detectable_gap(100, 0) is None
    assert detectable_gap(10, 1) is None


def test_too_many_resamples_are_refused_before_memory_is_taken() -> None:
    with pytest.raises(UserError, match=r"100000 resamples of 1000 persons; choose at most 67108"):
        gap_interval(pair(400, 300, 150, 150), 100_000, seed=1)
