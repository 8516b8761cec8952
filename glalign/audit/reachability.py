"""Percentages that are no share of the number of queries that is stated, or that the test set can have."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from glalign.audit.finding import IMPOSSIBLE, INCONSISTENT, NOTE, Found, Rule
from glalign.audit.material import Material, Number, RankRow, Row
from glalign.audit.printed import Printed
from glalign.audit.shares import chance_of_fit, reachable, smallest

STATED = "stated"
MORE = Fraction(3, 2)
"""A test set of known identities has at most this many times as many queries as its dataset's mean would give it."""
MOST_PLACES = 3
"""A percentage of more places is compared with no unknown number of queries: there are too many."""


def check(material: Material) -> Iterator[Found]:
    """Yield percentages that fit no number of queries that is stated for them, or expected of their test set."""
    for number in material.numbers:
        if number.of is not None and not fits(number.printed, (number.of,)):
            yield Found(IMPOSSIBLE, number.where, cannot_be(number.printed, (number.of,), "things"))
    yield from _paired(material)
    for row in material.rank_rows:
        stated, known = queries_of(material, row.first, STATED), queries_of(material, row.first, "")
        for counts, severity in ((stated, IMPOSSIBLE), (known, NOTE)):
            for number in row.ranks.values() if counts else ():
                if not fits(number.printed, counts):
                    yield Found(severity, number.where, cannot_be(number.printed, counts))
        if not stated:
            yield from _of_identities(material, row)


def fits(value: Printed, counts: Sequence[int]) -> bool:
    """Whether a percentage is a share of one of these counts. A mean of several runs is never refused."""
    return value.averaged or bool(reachable(value, np.array(counts)).any())


def cannot_be(value: Printed, counts: Sequence[int], noun: str = "queries") -> str:
    """The evidence, with the smallest counts that give the value and the chance that a random one would fit."""
    named = " or ".join(f"{count:,}" for count in counts)
    text = f"{value.text} cannot be a share of {named} {noun}"
    if value.places <= MOST_PLACES and 0 <= value.value <= 100:
        least = smallest(value)
        text += f"; the smallest number is {least.rounded:,} (rounded), {least.truncated:,} (truncated)"
    return f"{text}; {100 * chance_of_fit(value.places, max(counts)):.0f} % of all numbers would fit"


def queries_of(material: Material, number: Number, source: str = STATED) -> list[int]:
    """Possible numbers of queries of a number's scenario: the stated ones, or those of other sources."""
    counts = [
        int(row["count"])
        for row in material.test_sets
        if row["unit"] == "queries" and _same_set(row, number) and (row["source"] == STATED) == (source == STATED)
    ]
    return counts or (list(material.queries) if source == STATED else [])


def _same_set(row: Row, number: Number) -> bool:
    """Whether a stated size is that of a number's scenario or, where neither names one, of its dataset."""
    if row["scenario"] or number.scenario:
        return row["scenario"] == number.scenario
    return bool(row["dataset"]) and row["dataset"] == number.dataset


def _paired(material: Material) -> Iterator[Found]:
    """Rates of a paired test that are no shares of its stated queries."""
    for test in material.paired_tests:
        for scenario in (test["first"], test["second"]):
            wanted = (test["system"], scenario, test["quantity"])
            number = next((n for n in material.numbers if (n.system, n.scenario, n.quantity) == wanted), None)
            if number and not fits(number.printed, (int(test["queries"]),)):
                place = f"{test['place']}, paired test, {scenario}"
                yield Found(IMPOSSIBLE, place, cannot_be(number.printed, (int(test["queries"]),)))


def _of_identities(material: Material, row: RankRow) -> Iterator[Found]:
    """A row whose numbers fit no number of queries that so many identities can have."""
    sizes = [test for test in material.test_sets if test["unit"] != "queries" and _same_set(test, row.first)]
    values = [number.printed for number in row.ranks.values()]
    if not sizes or any(value.averaged or value.places > MOST_PLACES for value in values):
        return
    expected = [_expected_queries(material, test, material.tested_on(row.first)) for test in sizes]
    if 0 in expected:
        return
    low, high = min(int(test["count"]) for test in sizes), int(MORE * max(expected))
    every = high >= 100 * 10 ** max(value.places for value in values)  # of so many queries every percentage is a share
    if high < low or every or not all(0 <= value.value <= 100 for value in values):
        return
    n = np.arange(low, high + 1)
    fitting = np.array([reachable(value, n) for value in values])
    if fitting.all(axis=0).any():
        return
    never = [value for value, some in zip(values, fitting, strict=True) if not some.any()]
    gives = " or ".join(map(_with_smallest, never)) if never else f"all of {', '.join(value.text for value in values)}"
    stated = " or ".join(dict.fromkeys(f"{int(test['count']):,} {test['unit']}" for test in sizes))
    evidence = f"no number of queries from {low:,} to {high:,} gives {gives}; stated are {stated}"
    yield Found(INCONSISTENT, row.first.place, evidence)


def _with_smallest(value: Printed) -> str:
    least = smallest(value)
    return f"{value.text} (which takes {least.rounded:,} if rounded, {least.truncated:,} if truncated)"


def _expected_queries(material: Material, test: Row, dataset: str) -> Fraction:
    """The descriptions of a test set by its dataset's mean number per identity or image; 0 where that is not known."""
    counts = material.sizes.get(dataset, {})
    if test["unit"] == "samples":
        return Fraction(test["count"])
    of = counts.get({"identities": "person_ids", "images": "images"}[test["unit"]])
    return int(test["count"]) * counts.get("descriptions", Fraction(0)) / of if of else Fraction(0)


RULE = Rule(
    "share of queries",
    "a percentage of n queries is 100 k / n, rounded or truncated",
    "that the number was not measured: a mean over runs or draws, another number of queries, another unit or a "
    "misprint gives it as well. A number that fits proves nothing.",
    check,
)
