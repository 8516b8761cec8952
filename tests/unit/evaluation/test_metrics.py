"""Metrics against their definitions, intervals against scipy and statsmodels' own, rounding against exact halves."""

import json
from fractions import Fraction

import numpy as np
import pytest
from helpers.naive_evaluator import naive_percentages, naive_ranks
from helpers.tables import MADE_BY
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from glalign.contract.specs.scoring import MetricsSpec
from glalign.evaluation.metrics import cluster_bootstrap, half_up, make_metrics, percentages, spread, wilson
from glalign.evaluation.ranking import find_positives, hit_ranks, rank_blocks
from glalign.evaluation.ranks_file import write_ranks


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), levels=st.sampled_from([1, 3, 10**6]))
def test_agrees_with_the_definitions(seed, levels):
    rng = np.random.default_rng(seed)
    gallery = rng.integers(5, size=40).tolist()
    query = rng.choice(gallery, size=9).tolist()
    scores = rng.integers(levels, size=(9, 40)).astype(np.float64)
    found = percentages(hit_ranks([scores], find_positives(query, gallery), 40))
    worst = naive_percentages(naive_ranks(scores, query, gallery))
    best = naive_percentages(naive_ranks(scores, query, gallery, in_favour=True))
    assert found == pytest.approx(worst | {f"{name}_best": value for name, value in best.items()})


def test_a_collapsed_model_finds_nothing():
    found = percentages(hit_ranks([np.ones((3, 30))], find_positives([1, 2, 3], list(range(30))), 30))
    assert (found["rank1"], found["rank10"], found["rank1_best"]) == (0, 0, 100)


def test_halves_round_away_from_zero():
    assert [half_up(Fraction(n, 200)) for n in (1, -1, 3, 0)] == ["0.01", "-0.01", "0.02", "0.00"]
    assert half_up(Fraction(100 * 4971, 6156)) == "80.75"
    assert half_up(2.675) == "2.68" and half_up(-0.001) == "0.00" and half_up(1e-7) == "0.00"


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (7, 7), (80, 100), (4971, 6156)])
def test_wilson_is_scipys(hits, n):
    expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson(hits, n) == pytest.approx((100 * expected.low, 100 * expected.high), abs=1e-9)


def test_bootstrap_draws_persons_not_queries():
    persons = [i // 20 for i in range(1000)]  # 50 persons, whose captions all hit or all miss
    first = np.array([1 if p % 2 else 99 for p in persons])
    low, high = cluster_bootstrap(first, persons, 1000, seed=3)[1]
    plain = 2 * 1.96 * 100 * (0.25 / 1000) ** 0.5
    assert (high - low) == pytest.approx(plain * 20**0.5, rel=0.15)  # the design effect of a cluster of 20
    assert cluster_bootstrap(first, persons, 50, seed=3) == cluster_bootstrap(first, persons, 50, seed=3)
    assert cluster_bootstrap(first, persons, 50, seed=3) != cluster_bootstrap(first, persons, 50, seed=4)


def test_spread_of_one_seed_is_unknown():
    assert spread([3.0]) == (3.0, None)
    assert spread([1.0, 3.0]) == (2.0, pytest.approx(2**0.5))


def test_metrics_file(tmp_path):
    rng = np.random.default_rng(0)
    persons = [i // 2 for i in range(40)]
    scores = rng.standard_normal((40, 20))
    names = [f"q{i}#0" for i in range(40)], [f"g{i}" for i in range(20)]
    write_ranks(tmp_path / "r.jsonl", rank_blocks([scores], *names, persons, list(range(20))), 20, MADE_BY)
    make_metrics(MetricsSpec(ranks=str(tmp_path / "r.jsonl"), bootstrap=20, root_seed=1), tmp_path / "m.json")
    found = json.loads((tmp_path / "m.json").read_text())
    expected = naive_percentages(naive_ranks(scores, persons, list(range(20))))
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert found["hits"]["10"] == round(expected["rank10"] * 40 / 100)
    assert (found["n_queries"], found["n_gallery"], found["n_persons"], found["chance"]) == (40, 20, 20, 5.0)
    assert "draws" not in found  # a test set that is not drawn
    assert found["bootstrap"]["1"][0] <= found["rank1"] <= found["bootstrap"]["1"][1]
