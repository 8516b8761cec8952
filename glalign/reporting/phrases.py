"""Noun phrases by part of the body: how many the printed lists cover, and how many of the found ones are true."""

from collections.abc import Iterator
from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.phrase_counts import CoverageRecord
from glalign.contract.regions import REGIONS
from glalign.evaluation.phrase_truth import ALL, NO_PART, OVERALL
from glalign.planning.report_stages import PhraseCountsSpec, PhraseRow
from glalign.reporting.coverage_cells import coverage_cells, denominator, percent, relative_cells
from glalign.reporting.partial_releases import join_notes, with_partial_notes
from glalign.reporting.plain_table import write_csv

PARTS = (*REGIONS, OVERALL, NO_PART, ALL)


def make_phrase_counts(spec: PhraseCountsSpec, csv: Path) -> None:
    """Write one row per dataset and part.

    Relative coverage is a share of `phrases`; coverage, the recalls and accuracy of `true_phrases`; the precisions of
    `extracted`. The columns from `denominator` on are empty for a dataset whose true phrases are unknown.
    """
    write_csv([line for row in with_partial_notes(spec.rows) for line in _lines(row, spec)], csv)


def _lines(row: PhraseRow, spec: PhraseCountsSpec) -> Iterator[dict[str, str]]:
    record = read_typed(row.coverage, CoverageRecord)
    for part in PARTS:
        known: dict[str, int] = record.truth.parts[part].to_json() if record.truth else {}
        extracted, true = known.get("extracted"), known.get("true")
        here = record.parts[part]
        matched = {name: getattr(here, name) for name in ("matched", "elsewhere")}
        yield {
            "dataset": row.dataset, "label": row.label, "language": row.language, "region": part,
            **relative_cells(record, part),
            **{name: "" if count is None else str(count) for name, count in matched.items()},
            "denominator": denominator(record),
            **coverage_cells(record, part),
            "region_right": str(known.get("right", "")),
            "accuracy": percent(known.get("right"), true),
            "found": str(known.get("found", "")),
            "recall": percent(known.get("found"), true),
            "exact_recall": percent(known.get("exact"), true),
            "extracted": str(known.get("extracted", "")),
            "confirmed": str(known.get("confirmed", "")),
            "precision": percent(known.get("confirmed"), extracted),
            "exact_precision": percent(known.get("confirmed_exact"), extracted),
            "region_precision": percent(known.get("confirmed_region"), extracted),
            "profile": spec.profile,
            "note": join_notes(spec.data_note, row.note, record.note),
        }  # fmt: skip
