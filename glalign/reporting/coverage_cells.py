"""Cells of the coverage of noun phrases, for Table 2 and for results/phrases.csv."""

from fractions import Fraction

from glalign.contract.phrase_counts import CoverageRecord
from glalign.evaluation.metrics import half_up, wilson
from glalign.evaluation.phrase_truth import ALL, NO_PART


def denominator(record: CoverageRecord) -> str:
    """Whose phrases coverage is a share of; empty where the true phrases are unknown."""
    truth = record.truth
    if truth is None:
        return ""
    return "written phrases" if truth.source == "written" else f"labelled phrases of {truth.captions} captions"


def coverage_cells(record: CoverageRecord, part: str) -> dict[str, str]:
    """true_phrases, covered, coverage and its Wilson interval, of a part of the body; empty where unknown.

    covered: true phrases that share a character with a found phrase to which the printed keyword lists give their part.
    """
    counts = record.truth.parts[part] if record.truth else None
    cells = dict.fromkeys(("true_phrases", "covered", "coverage", "coverage_lo", "coverage_hi"), "")
    if counts is None:
        return cells
    cells["true_phrases"] = str(counts.true)
    if part not in (NO_PART, ALL):  # to phrases of no part the lists rightly give none: nothing is covered
        cells["covered"] = str(counts.right_printed)
        cells["coverage"] = percent(counts.right_printed, counts.true)
    if cells["coverage"]:
        bounds = wilson(counts.right_printed, counts.true)
        cells |= dict(zip(("coverage_lo", "coverage_hi"), map(half_up, bounds), strict=True))
    return cells


def relative_cells(record: CoverageRecord, part: str) -> dict[str, str]:
    """phrases and relative_coverage of a part: found phrases, and the share that the printed lists map to it, too."""
    here = record.parts[part]
    return {"phrases": str(here.phrases), "relative_coverage": percent(here.matched, here.phrases)}


def percent(part: int | None, whole: int | None) -> str:
    """A share in percent; empty where there is none."""
    return half_up(Fraction(100 * part, whole)) if part is not None and whole else ""
