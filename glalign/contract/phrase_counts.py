"""The record of the noun phrases of a dataset: found, mapped by the printed keyword lists, and beside the true ones."""

from typing import Literal

from glalign.contract.results import JobRecord


class PartCounts(JobRecord):
    """Noun phrases of a part of the body (Table 2).

    phrases: those that the repaired keyword lists map to the part. matched: of them, those that the printed lists map
    to it too. elsewhere: of them, those that the printed lists map to other parts only. relative_coverage: 100 matched
    / phrases, None without phrases. The last three are absent for phrases of no part and for all phrases.
    """

    phrases: int
    matched: int | None = None
    elsewhere: int | None = None
    relative_coverage: float | None = None


class TruthCounts(JobRecord):
    """Found noun phrases of a part of the body beside the true ones, see `glalign.evaluation.phrase_truth`.

    The first five count true phrases, the others found ones.
    """

    true: int
    found: int
    exact: int
    right: int
    right_printed: int
    extracted: int
    confirmed: int
    confirmed_exact: int
    confirmed_region: int


class PhraseTruth(JobRecord):
    """Found phrases beside the true ones, by part of the body.

    source: who tells the true phrases, the generator or translator that wrote them, or a person who labelled them.
    captions: those whose true phrases are known. sheet: captions of the labelled sheet, finished or not.
    """

    source: Literal["written", "labelled"]
    captions: int
    sheet: int | None = None
    parts: dict[str, TruthCounts]


class CoverageRecord(JobRecord):
    """Noun phrases of a dataset by part of the body. truth: None if the true ones are unknown; `note` says why."""

    captions: int
    parts: dict[str, PartCounts]
    truth: PhraseTruth | None
    note: str = ""
