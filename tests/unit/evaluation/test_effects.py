"""Effects and their errors against formulas, loops and simulated people; verdict rates where the truth is known."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from glalign.evaluation.effects import Effect, Share, Side, difference, drop_difference, estimate, kept_difference
from glalign.evaluation.paired_tests import PairedHits, gap_interval
from glalign.evaluation.verdicts import Assertion, adjusted, judged, needed_queries, p_value, summary

PERSONS, EACH = 150, 6


def simulated(rng: np.random.Generator, rates: Sequence[float], seeds: int = 1, noise: float = 0.0) -> list[np.ndarray]:
    """Hits (seeds, queries) of systems of these rates on the same people.

    Half of a query's difficulty is its person's, a part of it for all systems alike. noise: how much the rate of a
    training varies, on the scale of the difficulty.
    """
    person, own = rng.normal(size=PERSONS), rng.normal(size=(len(rates), PERSONS))
    made = []
    for rate, specific in zip(rates, own, strict=True):
        shared = np.repeat(math.sqrt(0.3) * person + math.sqrt(0.2) * specific, EACH)
        difficulty = shared + math.sqrt(0.5) * rng.normal(size=(seeds, PERSONS * EACH))
        made.append((difficulty + noise * rng.normal(size=(seeds, 1)) < norm.ppf(rate)).astype(float))
    return made


QUERIES = np.repeat(np.arange(PERSONS), EACH).tolist()


def side(hits: np.ndarray, people: str = "cuhk") -> Side:
    return Side(hits, QUERIES, people)


def gap(first: np.ndarray, second: np.ndarray) -> Effect:
    found = estimate([side(first), side(second)], difference, 400, 5)
    assert found is not None
    return found


def test_the_error_is_that_of_a_ratio_of_clusters_and_near_the_percentile_interval() -> None:
    first, second = simulated(np.random.default_rng(1), (0.6, 0.5))
    found = estimate([side(first), side(second)], difference, 4000, 5)
    gains = 100 * (first - second)[0].reshape(PERSONS, EACH).sum(axis=1)
    assert found.value == pytest.approx(gains.sum() / (PERSONS * EACH))
    residual = gains - found.value * EACH
    assert found.by_person == pytest.approx(math.sqrt((residual**2).sum()) / (PERSONS * EACH), rel=0.04)
    pair = PairedHits(first[0].astype(bool), second[0].astype(bool), tuple(QUERIES))
    assert found.interval() == pytest.approx(gap_interval(pair, 4000, 6)[1:], abs=0.4)
    assert found.n == PERSONS * EACH


def test_the_same_people_are_paired_and_others_are_not() -> None:
    first, second = simulated(np.random.default_rng(2), (0.6, 0.6))
    paired = estimate([side(first), side(second)], difference, 2000, 5)
    apart = estimate([side(first), side(second, "vn3k")], difference, 2000, 5)
    alone = [estimate([side(one), side(np.zeros_like(one), "vn3k")], difference, 2000, 5) for one in (first, second)]
    assert apart.by_person == pytest.approx(math.hypot(*(one.by_person for one in alone)), rel=0.05)
    assert paired.by_person < 0.85 * apart.by_person


def test_drops_and_kept_shares_are_those_of_the_rates() -> None:
    rates = np.array([80.0, 60.0, 50.0, 20.0])
    assert drop_difference(rates) == pytest.approx(30 - 20)
    assert kept_difference(rates) == pytest.approx(75 - 40)
    nothing = [side(np.zeros((1, PERSONS * EACH)))] * 4
    assert estimate(nothing, kept_difference, 100, 5) is None


def test_the_spread_over_seeds_widens_the_interval() -> None:
    first, second = simulated(np.random.default_rng(3), (0.6, 0.5), seeds=3, noise=0.3)
    found = gap(first, second)
    gaps = 100 * (first - second).mean(axis=1)
    assert found.value == pytest.approx(gaps.mean())
    assert found.by_seed == pytest.approx(gaps.std(ddof=1) / math.sqrt(3))
    low, high = found.interval()
    assert high - low > 2 * 1.96 * found.error  # two degrees of freedom for the seeds
    assert gap(first[:1], second[:1]).by_seed == 0


def test_holm_leaves_out_what_was_not_compared() -> None:
    assert adjusted([0.01, None, 0.04]) == [0.02, None, 0.04]
    assert summary(["supported", "supported"]) == "supported"
    assert summary(["supported", "open"]) == "open"
    assert summary(["open", "contradicted", "supported"]) == "contradicted"
    assert judged(None, 3.0, 0.05) == "open"
    assert judged(0.04, -3.0, 0.05) == "contradicted"
    assert judged(0.04, 3.0, 0.01) == "open"


def test_an_assertion_about_a_value_holds_inside_of_its_bounds() -> None:
    assertion = Assertion(about=6.5, within=3.0)
    assert [assertion.margin(value) for value in (6.5, 9.0, 0.0)] == [3.0, 0.5, -3.5]
    sharp, blunt = (Effect(6.5, error, 0.0, math.inf, 900) for error in (1.0, 2.0))
    assert p_value(sharp, assertion) == pytest.approx(2 * norm.sf(3))
    assert judged(p_value(sharp, assertion), assertion.margin(6.5), 0.05) == "supported"
    assert judged(p_value(blunt, assertion), assertion.margin(6.5), 0.05) == "open"


@pytest.mark.parametrize(("hits", "n", "bound"), [(30, 30, 90.0), (372, 400, 85.0), (0, 40, 10.0)])
def test_a_share_has_wilsons_interval_and_the_p_value_of_the_score_test(hits: int, n: int, bound: float) -> None:
    share = Share(100 * hits / n, 1.0, 0.0, math.inf, n)
    assert share.interval() == pytest.approx(tuple(100 * end for end in proportion_confint(hits, n, method="wilson")))
    _, p = proportions_ztest(hits, n, bound / 100, prop_var=bound / 100)
    assert p_value(share, Assertion(above=bound)) == pytest.approx(p)
    about = bound - 3 if share.value > bound else bound + 3
    assert p_value(share, Assertion(about=about, within=3)) == pytest.approx(p)


def test_the_needed_queries_have_the_power_they_promise() -> None:
    effect = Effect(2.0, 2.0, 0.0, math.inf, 900)
    needed = needed_queries(effect, Assertion(), 0.05)
    error = 2.0 * math.sqrt(900 / needed)
    assert norm.sf(norm.ppf(0.975) - 2.0 / error) == pytest.approx(0.8, abs=0.001)
    assert needed_queries(Effect(2.0, 2.0, 1.0, 5.0, 900), Assertion(), 0.05) is None
    assert needed_queries(Effect(0.0, 2.0, 0.0, math.inf, 900), Assertion(), 0.05) is None


def rates_of_verdicts(baselines: Sequence[float], seeds: int = 1, noise: float = 0.0) -> dict[str, float]:
    """Shares of the verdicts on "a system of rate .5 beats each of these" in 200 simulated runs."""
    rng, found = np.random.default_rng(11), []
    for _ in range(200):
        own, *others = simulated(rng, (0.5, *baselines), seeds, noise)
        effects = [gap(own, other) for other in others]
        p_holm = adjusted([p_value(effect, Assertion()) for effect in effects])
        found.append(summary([judged(p, effect.value, 0.05) for p, effect in zip(p_holm, effects, strict=True)]))
    return {verdict: found.count(verdict) / 200 for verdict in ("supported", "contradicted", "open")}


def test_a_claim_that_holds_is_supported_and_one_that_fails_is_contradicted() -> None:
    holds = rates_of_verdicts((0.4, 0.38, 0.3))
    assert holds["supported"] > 0.8
    assert holds["contradicted"] == 0
    fails = rates_of_verdicts((0.6, 0.38, 0.3))
    assert fails["contradicted"] > 0.8
    assert fails["supported"] == 0


@pytest.mark.parametrize("baselines", [(0.5,), (0.5, 0.3), (0.5, 0.5, 0.5, 0.3)])
def test_a_claim_that_does_not_hold_is_rarely_supported(baselines: tuple[float, ...]) -> None:
    found = rates_of_verdicts(baselines)
    assert found["supported"] < 0.05
    assert found["contradicted"] < 0.05
    assert found["open"] > 0.9


def test_trainings_that_vary_are_rarely_taken_for_a_difference() -> None:
    assert rates_of_verdicts((0.5,), seeds=3, noise=0.2)["supported"] < 0.05
    alone = rates_of_verdicts((0.5,), seeds=1, noise=0.2)
    assert alone["supported"] > 0.1  # one seed speaks of its weights alone, which may well differ
