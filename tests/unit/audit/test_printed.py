"""Printed numbers: what a cell may look like, and what it may stand for."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glalign.audit.columns import quantity_of
from glalign.audit.printed import parse


@pytest.mark.parametrize(
    ("text", "value", "places", "averaged", "unit"),
    [
        ("80.75", "80.75", 2, False, ""),
        ("70.04 %", "70.04", 2, False, "%"),
        ("**80.7**†", "80.7", 1, False, ""),
        ("80,440", "80440", 0, False, ""),
        ("~26.10", "26.1", 2, False, ""),
        ("80.75 ± 0.31", "80.75", 2, True, ""),
        ("80.75 (0.31)", "80.75", 2, True, ""),
        ("-3.5", "-3.5", 1, False, ""),
    ],
)
def test_numbers_are_read_as_papers_write_them(text: str, value: str, places: int, averaged: bool, unit: str) -> None:
    found = parse(text)
    assert found is not None
    assert (found.value, found.places, found.averaged, found.unit) == (Fraction(value), places, averaged, unit)


@pytest.mark.parametrize("text", ["", "-", "--", "n/a", "PhoBERT", "12 layers", "80,75", "1.2.3", "~"])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert parse(text) is None


@given(st.fractions(0, 100), st.sampled_from([ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP]), st.integers(1, 3))
def test_a_printed_number_covers_what_it_was_rounded_or_truncated_from(exact: Fraction, how: str, places: int) -> None:
    # 40 digits, cut: no rounding before the one that is tested
    long = Decimal(exact.numerator * 10**40 // exact.denominator).scaleb(-40)
    printed = parse(str(long.quantize(Decimal(1).scaleb(-places), how)))
    assert printed is not None
    low, _, high = printed.range()
    assert low - Fraction(1, 10**30) <= exact <= high


def test_a_shorter_number_agrees_with_the_longer_one_that_it_rounds() -> None:
    one, short, cut, other, same = map(parse, ("80.75", "80.8", "80.7", "80.9", "80.76"))
    assert one and short and cut and other and same
    assert one.agrees(short)
    assert one.agrees(cut)
    assert not one.agrees(other)
    assert not one.agrees(same)


@pytest.mark.parametrize("column", ["rank1", "Rank-1", "R@1", "R1", "top-1", "Rank-1 (%)", "Recall@1", " rank_1 "])
def test_the_spellings_of_a_rank(column: str) -> None:
    assert quantity_of(column) == "rank1"


@pytest.mark.parametrize("column", ["rank1_paper", "rank", "r1_lo", "mAP", "rank1_delta"])
def test_other_columns_are_no_rank(column: str) -> None:
    assert quantity_of(column) == column.casefold()
