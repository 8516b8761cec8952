"""Honest papers, simulated: measured, printed and described without a mistake, they have next to no finding."""

import math
from collections import Counter
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from glalign.audit.finding import IMPOSSIBLE, INCONSISTENT, UNLIKELY
from glalign.audit.material import Material, Number, Row
from glalign.audit.printed import parse
from glalign.audit.rules import audit

PAPERS = 1000
RANKS = (1, 5, 10)


def printed(value: float | Decimal, how: str, places: int) -> str:
    return str(Decimal(value).quantize(Decimal(1).scaleb(-places), how))


def paper(rng: np.random.Generator) -> Material:
    """Tables of three to eight systems on one to four test sets, with prose, a McNemar test and what it states.

    A paper rounds or truncates all of its numbers in one way. Some print means over three runs and say so; their shares
    are of three times as many answers. Some state the size of a test set in samples, not in queries.
    """
    how = str(rng.choice([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN]))
    places, runs = int(rng.choice([1, 2, 2, 2])), int(rng.choice([1, 1, 3]))
    numbers: list[Number] = []
    sets: list[Row] = []
    said: list[Row] = []
    tests: list[Row] = []
    systems = [f"s{number}" for number in range(rng.integers(3, 9))]
    for table in range(rng.integers(1, 5)):
        scenario, n = f"T{table}", int(rng.choice([100, 200, 500, 1000, 2000, 3074, 4000, 6156])) * runs
        unit = str(rng.choice(["queries", "samples"]))
        sets.append({"place": "S", "scenario": scenario, "dataset": "", "unit": unit, "count": str(n),
                     "source": "stated"})  # fmt: skip
        hardness, ability = rng.normal(0, 1, n), np.sort(rng.normal(0, 1, len(systems)))
        exact: list[dict[int, Decimal]] = []
        answers = []
        for number, system in enumerate(systems):
            noise = rng.logistic(0, 1, n)
            hits = {k: ability[number] + 1.2 * math.log(k) - hardness - noise > 0 for k in RANKS}
            answers.append(hits[1])
            exact.append({k: 100 * Decimal(int(hits[k].sum())) / n for k in RANKS})
            for k in RANKS:
                value = parse(printed(exact[-1][k], how, places))
                assert value is not None
                numbers.append(Number(f"t{table}", f"Table {table}, {system}", value, f"rank{k}", system, scenario,
                                      row=number))  # fmt: skip
        best, second = int(len(systems) - 1), int(len(systems) - 2)
        gap = printed(exact[best][1] - exact[second][1], how, places)
        if not gap.startswith("-"):
            said.append(
                {"place": "S", "relation": f"[{scenario} s{best} rank1] - [{scenario} s{second} rank1] = {gap}"}
            )
        for text in (printed(exact[best][1], how, places), printed(exact[best][1], how, 1)):
            quoted = parse(text)
            assert quoted is not None
            numbers.append(Number("numbers", "S", quoted, "rank1", f"s{best}", scenario, quoted=True, unit="%"))
        other = parse(printed(exact[second][1], how, places))
        assert other is not None
        claimed = {"place": "S", "system": f"s{best}", "first": scenario, "second": f"{scenario}b", "quantity": "rank1"}
        if level := significance(rng, answers[best], answers[second]):
            tests.append({**claimed, "queries": str(n), "p_below": level})
            numbers.append(Number(f"t{table}b", f"Table {table}b", other, "rank1", f"s{best}", f"{scenario}b"))
    return Material(numbers, test_sets=sets, relations=said, paired_tests=tests)


def significance(rng: np.random.Generator, one: np.ndarray, other: np.ndarray) -> str:
    """The level below which McNemar's p-value lies, by one of its three common forms; empty for none."""
    both, first, second = (int(answers.sum()) for answers in (one & other, one & ~other, ~one & other))
    exact, correction = ((True, True), (False, True), (False, False))[rng.integers(3)]
    if not first + second:
        return ""
    table = [[both, first], [second, len(one) - both - first - second]]
    p = float(mcnemar(table, exact=exact, correction=correction).pvalue)
    return next((level for level in ("0.001", "0.01", "0.05") if p < float(level)), "")


@pytest.mark.slow
def test_at_most_one_honest_paper_in_a_hundred_has_a_finding_of_the_highest_severity() -> None:
    """The lower ones are as rare as they claim to be: what disagrees never, what is unlikely in five of a hundred."""
    rng = np.random.default_rng(20250102)
    papers = Counter[str]()
    for _ in range(PAPERS):
        papers.update({finding.severity for finding in audit(paper(rng))})
    assert papers[IMPOSSIBLE] <= PAPERS / 100
    assert papers[INCONSISTENT] == 0
    assert papers[UNLIKELY] <= PAPERS / 20


def test_the_same_papers_with_another_number_of_queries_are_noticed() -> None:
    """The audit of the simulation is no idle one: stating 997 queries, a prime, most papers of two decimals fail."""
    rng = np.random.default_rng(7)
    noticed = 0
    for _ in range(20):
        honest = paper(rng)
        wrong = [{**row, "unit": "queries", "count": "997"} for row in honest.test_sets]
        two = any(number.printed.places == 2 for number in honest.numbers)
        material = Material(honest.numbers, test_sets=wrong)
        noticed += not two or any(finding.severity == IMPOSSIBLE for finding in audit(material))
    assert noticed >= 19
