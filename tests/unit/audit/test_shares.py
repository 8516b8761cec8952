"""The test of shares against counting them all, with Python's own roundings."""

from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glalign.audit.printed import Printed, parse
from glalign.audit.shares import chance_of_fit, reachable, smallest

ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN, ROUND_DOWN)


def printed(text: str) -> Printed:
    found = parse(text)
    assert found is not None
    return found


def shares(n: int, places: int, roundings: tuple[str, ...] = ROUNDINGS) -> set[str]:
    """Every percentage of n queries, as printed by some rounding."""
    unit = Decimal(1).scaleb(-places)
    with localcontext(prec=50):
        return {str((100 * Decimal(k) / n).quantize(unit, how)) for k in range(n + 1) for how in roundings}


@pytest.mark.parametrize(("n", "places"), [(1, 0), (7, 1), (8, 1), (16, 2), (160, 2), (1000, 2), (999, 1)])
def test_it_is_brute_force(n: int, places: int) -> None:
    """Of every text with so many places, exactly those are reachable that some count gives."""
    expected = shares(n, places)
    scale = 10**places
    texts = [
        f"{value // scale}.{value % scale:0{places}}" if places else str(value) for value in range(100 * scale + 1)
    ]
    assert {text for text in texts if reachable(printed(text), np.array([n]))[0]} == expected


@given(st.integers(1, 20_000), st.data(), st.sampled_from(ROUNDINGS), st.integers(1, 6))
def test_a_share_is_always_reachable(n: int, data: st.DataObject, how: str, places: int) -> None:
    k = data.draw(st.integers(0, n))
    with localcontext(prec=50):
        text = str((100 * Decimal(k) / n).quantize(Decimal(1).scaleb(-places), how))
    assert reachable(printed(text), np.array([n, 2 * n])).all()


@pytest.mark.parametrize("text", ["85.72", "60.02", "0.01", "33.3", "99.99", "100.00", "0.00"])
def test_the_smallest_number_of_queries_is_the_first_that_counting_finds(text: str) -> None:
    places = len(text.partition(".")[2])
    rounded = next(n for n in range(1, 10**5) if text in shares_near(text, n, ROUND_HALF_UP, places))
    truncated = next(n for n in range(1, 10**5) if text in shares_near(text, n, ROUND_DOWN, places))
    assert smallest(printed(text)) == (rounded, truncated)


def shares_near(text: str, n: int, how: str, places: int) -> set[str]:
    """The percentages of n queries next to a number."""
    near = int(Decimal(text) * n / 100)
    counts = range(max(0, near - 1), min(n, near + 2) + 1)
    return {str((100 * Decimal(k) / n).quantize(Decimal(1).scaleb(-places), how)) for k in counts}


def test_many_places_do_not_overflow() -> None:
    assert reachable(printed("33.333333333333"), np.array([3, 10**9])).tolist() == [True, False]


@pytest.mark.parametrize("n", [7, 100, 200, 1000, 6000, 6156, 9999, 20_000])
def test_the_chance_of_a_fit_is_the_share_of_reachable_numbers(n: int) -> None:
    numbers = [parse(f"{hundredths / 100:.2f}") for hundredths in range(10_001)]
    fitting = sum(bool(reachable(number, np.array([n]))[0]) for number in numbers if number)
    assert chance_of_fit(2, n) == fitting / len(numbers)
