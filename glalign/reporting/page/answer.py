"""The answer in five lines: claims, audit, best systems, how far they lie apart, and how much of it is there."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from glalign.evaluation.metrics import half_up
from glalign.reporting.page.read_tables import Table
from glalign.reporting.page.scenarios import Gap, Scenario

VERDICTS = ("supported", "contradicted", "open")


@dataclass(frozen=True)
class Line:
    """A line of the answer."""

    title: str
    parts: tuple["Part", ...]


class Part(NamedTuple):
    """A part of a line. place: anchor of the page, or empty. rows: which rows of the table there, or empty for all."""

    place: str
    text: str
    rows: str = ""


def answer(tables: Mapping[str, Table], scenarios: Sequence[Scenario], own: str) -> list[Line]:
    """The five lines. A line whose table was not made says so: nothing is concluded from what is missing.

    own: the paper's system, which is named beside the best one.
    """
    return [
        Line("Claims of the paper", _claims(tables.get("claims"))),
        Line("Audit", _findings(tables.get("audit"))),
        Line("Best system", tuple(_best(scenarios, own))),
        Line("How far apart", tuple(_apart(scenarios))),
        Line("Cells", tuple(_cells(scenarios))),
    ]


def _claims(table: Table | None) -> tuple[Part, ...]:
    """The claims of each verdict. The first row of a claim has its verdict, those after it its comparisons."""
    if table is None or table.state == "missing":
        return _absent(table, "claims")
    verdicts: dict[str, str] = {}
    for row in table.dicts():
        verdicts.setdefault(row["claim"], row["verdict"])
    found: dict[str, list[str]] = {}
    for claim, verdict in verdicts.items():
        found.setdefault(verdict, []).append(claim)
    order = sorted(found, key=lambda verdict: [verdict.startswith(one) for one in VERDICTS], reverse=True)
    place = f"table-{table.name}"
    return tuple(Part(place, f"{len(found[one])} {one}: {', '.join(found[one])}", f"verdict: {one}") for one in order)


def _findings(table: Table | None) -> tuple[Part, ...]:
    """How many findings of each severity, the highest first, as in the table."""
    if table is None or table.state == "missing":
        return _absent(table, "findings")
    place, counts = f"table-{table.name}", Counter(row["severity"] for row in table.dicts())
    found = (Part(place, f"{number} {severity}", f"severity: {severity}") for severity, number in counts.items())
    return tuple(found) or (Part(place, "no findings"),)


def findings_of(tables: Mapping[str, Table]) -> dict[str, tuple[str, int]]:
    """Our table -> the paper's table that it stands for, and how many findings of the audit name that one."""
    rows = tables["audit"].dicts() if "audit" in tables else []
    found: dict[str, tuple[str, int]] = {}
    for name in tables:
        if number := re.fullmatch(r"table(\d+)(_extended)?", name):
            printed = f"Table {number[1]}"
            if count := sum(bool(re.search(rf"\b{printed}\b", row.get("place", ""))) for row in rows):
                found[name] = printed, count
    return found


def _absent(table: Table | None, what: str) -> tuple[Part, ...]:
    if table is None:
        return (Part("", f"no table of {what} in this configuration"),)
    return (Part(f"table-{table.name}", f"not made yet: {table.missing}"),)


def claim_texts(table: Table | None) -> list[tuple[str, str, str]]:
    """(claim, verdict, text) of every claim."""
    rows = table.dicts() if table and table.state != "missing" else []
    return list({row["claim"]: (row["claim"], row["verdict"], row["text"]) for row in reversed(rows)}.values())[::-1]


def _best(scenarios: Sequence[Scenario], own: str) -> Iterable[Part]:
    for one in scenarios:
        rivals = [(cell, f"{cell.label} {half_up(ranked.rank(1))} %") for cell, ranked in one.ran if cell.competes]
        ours = [
            f"{text}, place {place} of {len(rivals)}"
            for place, (cell, text) in enumerate(rivals, start=1)
            if cell.system == own and place > 1
        ]
        if rivals:
            yield Part(one.plan.id, f"{one.plan.id} {'; '.join([rivals[0][1], *ours])}")
    below: dict[tuple[str, str], list[str]] = {}
    for one in scenarios:
        for gap in one.below:
            below.setdefault((gap.second, gap.first), []).append(one.plan.id)
    for (second, first), where in below.items():
        yield Part("", f"{second} lies below {first}, without training, in {', '.join(where)}")
    yield from _without([one.plan.id for one in scenarios if not one.best], "no result yet")


def _apart(scenarios: Sequence[Scenario]) -> Iterable[Part]:
    for one in scenarios:
        if one.gap:
            behind = f"; {gap_text(one.behind)}" if one.behind else ""
            yield Part(one.plan.id, f"{one.plan.id} {gap_text(one.gap)}{behind}")
    yield from _without([one.plan.id for one in scenarios if not one.gap], "fewer than two results")


def _without(scenarios: Sequence[str], why: str) -> Iterable[Part]:
    if scenarios:
        yield Part("", f"{why}: {', '.join(scenarios)}")


def gap_text(gap: Gap) -> str:
    """A gap in words.

    >>> gap_text(Gap("IRRA", "PLOT", 1.7, -0.94, 4.1, 0.21))
    'IRRA and PLOT lie 1.7 points apart (-0.9 to 4.1; p = 0.21): not told apart'
    """
    told = "told apart" if gap.told else "not told apart"
    return f"{gap.first} and {gap.second} lie {half_up(gap.points, 1)} points apart ({_bounds(gap)}): {told}"


def below_text(gap: Gap) -> str:
    """A gap to a system without training, in words.

    >>> below_text(Gap("CLIP", "GLAlign", 14.42, 9.6, 19.27, 2e-9))
    'GLAlign lies below CLIP, by 14.4 points (9.6 to 19.3; p < 0.001); the latter took no step of training'
    """
    apart = f"{half_up(gap.points, 1)} points ({_bounds(gap)})"
    return f"{gap.second} lies below {gap.first}, by {apart}; the latter took no step of training"


def drawn_text(scenario: Scenario) -> str:
    """What the number of queries of a scenario counts whose test set is drawn several times."""
    about = f"{scenario.draws} draws of about {scenario.queries:,} queries each"
    return f"n of {scenario.plan.id} counts {about}; a query that is in several draws counts in each"


def _bounds(gap: Gap) -> str:
    p = "p < 0.001" if gap.p < 0.001 else f"p = {gap.p:.2g}"
    return f"{half_up(gap.low, 1)} to {half_up(gap.high, 1)}; {p}"


def _cells(scenarios: Sequence[Scenario]) -> Iterable[Part]:
    ran, planned = sum(len(one.ran) for one in scenarios), sum(one.planned for one in scenarios)
    yield Part("", f"{ran} of {planned} planned cells have a result")
    if not_run := sum(len(one.not_run) for one in scenarios):
        yield Part("", f"{not_run} more are not run, each for a reason that its scenario names")
