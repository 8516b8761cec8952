"""Statements about printed numbers, in interval arithmetic."""

from pathlib import Path

import pytest
from helpers.audits import found, lines

from glalign.audit.expression import holds
from glalign.audit.printed import Printed, parse
from glalign.support.errors import UserError

VALUES = {"a": "80.75", "b": "74.21", "pairs": "12602", "words": "378274", "mean": "30.02", "zero": "0"}


def find(name: str) -> Printed:
    printed = parse(VALUES[name])
    assert printed is not None
    return printed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a] - [b] = 6.54", True),
        ("[a] - [b] = 6.55", True),  # of 80.754 and 74.206, say
        ("[a] - [b] = 6.57", False),
        ("[a] - [b] = ~7", True),
        ("[a] - [b] = ~6", True),
        ("[a] - [b] = ~8", False),
        ("[a] - [b] = 7", False),
        ("[words] / [pairs] = [mean]", True),
        ("[words] / ([pairs] + 20) = [mean]", False),
        ("2 * 3 + 4 = 10", True),
        ("2 + 3 * 4 = 14", True),
        ("20 - 3 - 4 = 13", True),
        ("24 / 3 / 4 = 2", True),
        ("(20 - 3) * 4 = 68", True),
        ("[a] > [b]", True),
        ("[b] > [a]", False),
        ("[pairs] < [pairs]", False),
        ("[a] < [a]", True),  # 80.750 < 80.751
    ],
)
def test_a_statement_is_refuted_by_no_rounding(text: str, expected: bool) -> None:
    assert holds(text, find)[0] is expected


@pytest.mark.parametrize(
    "text",
    [
        "[a] - [b]",
        "[a] = = 3",
        "[a] + = 3",
        "([a] = 3",
        "[a] = 3 4",
        "a = 3",
        "[a] = 1 / [zero]",
        "",
        "[a] ^ 2 = 3",
        f"{'(' * 3000}[a]{')' * 3000} = 3",
        f"{'*'.join(['999999999'] * 90)} = 3",
        f"{'9' * 5000} = 3",
    ],
)
def test_other_texts_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError, match=r"^relation '.*"):
        holds(text, find)


def test_a_stated_relation_is_compared_with_the_tables(tmp_path: Path) -> None:
    table = "system,scenario,rank1\nours,S1,80.75\nours,S2,85.72\n"
    relations = "place,relation\nSection 1,[S1 ours rank1] > [S2 ours rank1]\nSection 2,[S2 ours rank1] > 85\n"
    assert lines(found(tmp_path, table1=table, relations=relations), "stated relation") == [
        "inconsistent: Section 1: stated is [S1 ours rank1] > [S2 ours rank1]; printed are 80.75 and 85.72"
    ]


def test_a_number_that_is_not_there_is_named(tmp_path: Path) -> None:
    table, relations = "method,rank1\nours,80.75\n", "place,relation\nSection 1,[theirs rank1] > 1\n"
    with pytest.raises(UserError, match=r"^relation: \[theirs rank1\] is no printed number"):
        found(tmp_path, table1=table, relations=relations)
