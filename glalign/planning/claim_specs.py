"""The specification of the table of claims: every comparison with the files that it reads."""

from collections.abc import Iterator
from typing import Literal

from glalign.config.base import Resamples
from glalign.contract.specs.base import Noted, Spec
from glalign.planning.draft import with_record
from glalign.planning.printed_claims import Queries, Rank, Test


class CellRanks(Spec):
    """Ranks of a system in a scenario. ranks: one file per seed. people: numbering of the persons of the test set."""

    scenario: str
    system: str
    ranks: tuple[str, ...]
    people: str


class Compared(Noted):
    """A comparison. printed: the paper's effect, empty where it has none. A note says why there are no files."""

    name: str
    scenarios: str = ""
    systems: str = ""
    above: float = 0.0
    within: float | None = None
    level: float = 0.05
    printed: str = ""


class RanksCompared(Compared):
    """By hits of two sides (difference), or of four: own at the start and end, other at both (drops, kept)."""

    effect: Literal["difference", "drops", "kept"]
    sides: tuple[CellRanks, ...]
    rank: Rank = 1
    queries: Queries = "other"
    equal_gallery: bool = False
    test: Test = "bootstrap"


class PhrasesCompared(Compared):
    """By the coverage of a part of the body."""

    part: str
    coverage: str


class PairsCompared(Compared):
    """By the rows of a dataset in the table of translations."""

    dataset: str
    table: str


class WeightsCompared(Compared):
    """By validation Rank-1 of two weights."""

    best: float
    than: float
    scores: str


AnyCompared = RanksCompared | PhrasesCompared | PairsCompared | WeightsCompared
"""A comparison of any kind; pydantic tells them apart by their keys."""


class ClaimRow(Spec):
    """A claim with its comparisons."""

    claim: str
    text: str
    where: str
    caveat: str
    comparisons: tuple[AnyCompared, ...]


class ClaimsSpec(Spec):
    """The table of claims. bootstrap: person-level resamples."""

    title: str
    claims: tuple[ClaimRow, ...]
    bootstrap: Resamples
    root_seed: int
    profile: str
    data_note: str
    show_paper_values: bool


def files_of(one: AnyCompared) -> Iterator[str]:
    """The files that a comparison reads."""
    yield from one.partial.values()
    match one:
        case RanksCompared():
            for path in (path for side in one.sides for path in side.ranks):
                yield from with_record(path)
        case PhrasesCompared():
            yield from filter(None, [one.coverage])
        case PairsCompared():
            yield from filter(None, [one.table])
        case WeightsCompared():
            yield from filter(None, [one.scores])
