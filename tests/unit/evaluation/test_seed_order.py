"""The order of systems over seeds."""

import pytest

from glalign.evaluation.seed_order import seed_order


def test_neighbours_have_the_mean_and_the_spread_of_their_difference() -> None:
    first, last = seed_order({"low": (30.0, 36.0, 33.0), "high": (40.0, 41.0, 45.0)})
    assert (first.name, first.difference, first.holds) == ("high", 9.0, 3)
    assert first.deviation == pytest.approx(13**0.5 * 1.0)  # of 10, 5, 12
    assert (last.name, last.difference, last.deviation, last.holds) == ("low", None, None, None)
    assert (first.tier, last.tier) == (1, 2)


def test_systems_that_change_places_share_a_tier() -> None:
    places = seed_order({"a": (5, 9, 9), "b": (6, 8, 8), "c": (1, 2, 3)})
    assert [(place.name, place.tier, place.holds) for place in places] == [("a", 1, 2), ("b", 1, 3), ("c", 2, None)]


def test_neighbours_that_never_change_places_share_a_tier_where_a_third_overtakes_the_first() -> None:
    """a is above b in every seed, but c is above a in the last."""
    places = seed_order({"a": (9, 9, 5), "b": (8, 8, 4), "c": (1, 1, 6)})
    assert [(place.name, place.tier, place.holds) for place in places] == [("a", 1, 3), ("b", 1, 2), ("c", 1, None)]


def test_an_equal_score_is_not_above() -> None:
    places = seed_order({"a": (5, 6), "b": (5, 5)})
    assert [(place.tier, place.holds) for place in places] == [(1, 1), (1, None)]


@pytest.mark.parametrize("scores", [{"a": (1,)}, {"a": (1, 2), "b": (1, 2, 3)}])
def test_one_seed_has_no_order_and_every_system_has_all_seeds(scores: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="two seeds or more"):
        seed_order(scores)


def test_no_system_has_no_order() -> None:
    assert seed_order({}) == []
