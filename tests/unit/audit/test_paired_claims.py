"""Claims of McNemar's test against a count of every possible table."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from helpers.audits import found, lines
from scipy.stats import binomtest

from glalign.audit.paired_claims import allowed_pairs, counts_of
from glalign.audit.printed import parse

TABLE = "system,scenario,rank1\na,X,{}\na,Y,{}\n"
CLAIM = "place,system,first,second,quantity,queries,p_below\nSection 4,a,X,Y,rank1,{},{}\n"


@pytest.mark.parametrize(("n", "first", "second"), [(12, 7, 5), (10, 10, 3), (9, 0, 0), (8, 8, 8), (20, 4, 17)])
def test_the_pairs_are_those_of_all_answers(n: int, first: int, second: int) -> None:
    """Every way in which two systems can answer n queries, as counts of (both, first alone, second alone, none)."""
    cells = [c for c in product(range(n + 1), repeat=3) if sum(c) <= n]
    expected = {(b, c) for both, b, c in cells if both + b == first and both + c == second}
    result = allowed_pairs(first, second, n)
    assert set(zip(result.b.tolist(), result.c.tolist(), strict=True)) == expected
    for b, c, p in zip(result.b.tolist(), result.c.tolist(), result.exact, strict=True):
        assert p == pytest.approx(binomtest(min(b, c), b + c).pvalue if b + c else 1.0)
    assert (np.diff(result.b + result.c) > 0).all()


def test_the_counts_of_a_rate_are_those_that_print_it_or_lie_next_to_it() -> None:
    rates = [parse(text) for text in ("80.75", "80.70", "80.70")]
    assert [counts_of(rate, n) for rate, n in zip(rates, (1000, 1000, 20_000), strict=True) if rate] == [
        [807, 808],
        [807],
        [16139, 16141],
    ]


def test_a_claim_that_no_table_allows_is_impossible(tmp_path: Path) -> None:
    found_lines = lines(found(tmp_path, table=TABLE.format("50.0", "49.0"), paired_tests=CLAIM.format(100, "0.05")),
                        "paired test")  # fmt: skip
    assert [line.partition(";")[0] for line in found_lines] == ["impossible: Section 4: p < 0.05 is claimed"]


def test_a_claim_that_some_tables_allow_is_a_note_with_the_largest_b_plus_c(tmp_path: Path) -> None:
    findings = found(tmp_path, table=TABLE.format("80.7", "77.7"), paired_tests=CLAIM.format(1000, "0.01"))
    assert "needs b + c <= 126" in lines(findings, "paired test")[0]


def test_a_claim_that_every_table_allows_is_no_finding(tmp_path: Path) -> None:
    findings = found(tmp_path, table=TABLE.format("80.75", "77.72"), paired_tests=CLAIM.format(6156, "0.01"))
    assert lines(findings, "paired test") == []


def test_what_is_no_percentage_allows_no_pair(tmp_path: Path) -> None:
    findings = found(tmp_path, table=TABLE.format("180.75", "90.00"), paired_tests=CLAIM.format(100, "0.01"))
    assert lines(findings, "paired test") == []
    assert [line.split(" queries")[0] for line in lines(findings, "share of queries")] == [
        "impossible: Section 4, paired test, X: 180.75 cannot be a share of 100"
    ]
