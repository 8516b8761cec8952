"""Noun phrases by part of the body: how many the printed lists map, and how many of the found ones are true."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from glalign.config.typed_json import read_typed
from glalign.contract.regions import REGIONS
from glalign.contract.results import CoverageRecord
from glalign.evaluation.metrics import half_up
from glalign.evaluation.phrase_truth import ALL, NO_PART, OVERALL
from glalign.planning.report_stages import PhraseCountsSpec, PhraseRow
from glalign.reporting.partial_releases import join_notes, with_partial_notes
from glalign.reporting.plain_table import write_csv

PARTS = (*REGIONS, OVERALL, NO_PART, ALL)


def make_phrase_counts(spec: PhraseCountsSpec, csv: Path) -> None:
    """Write one row per dataset and part.

    Coverage and the precisions are shares of `phrases`, the recalls and accuracies of `true_phrases`. The columns from
    `confirmed` on are empty for a dataset whose true phrases are unknown.
    """
    write_csv([line for row in with_partial_notes(spec.rows) for line in _lines(row, spec)], csv)


def _lines(row: PhraseRow, spec: PhraseCountsSpec) -> Iterator[dict[str, str]]:
    record = read_typed(row.coverage, CoverageRecord)
    for part in PARTS:
        here = record.parts[part]
        known: dict[str, int] = record.truth[part].to_json() if record.truth else {}
        extracted, true = known.get("extracted"), known.get("true")
        names = {"dataset": row.dataset, "label": row.label, "language": row.language, "region": part}
        counts = {key: getattr(here, key) for key in ("phrases", "matched", "elsewhere")}
        yield {
            **names,
            **{key: "" if count is None else str(count) for key, count in counts.items()},
            "coverage": _percent(here.matched, here.phrases),
            "confirmed": str(known.get("confirmed", "")),
            "precision": _percent(known.get("confirmed"), extracted),
            "exact_precision": _percent(known.get("confirmed_exact"), extracted),
            "region_precision": _percent(known.get("confirmed_region"), extracted),
            "true_phrases": str(known.get("true", "")),
            "found": str(known.get("found", "")),
            "recall": _percent(known.get("found"), true),
            "exact_recall": _percent(known.get("exact"), true),
            "region_right": str(known.get("right", "")),
            "accuracy": _percent(known.get("right"), true),
            "accuracy_printed": _percent(known.get("right_printed"), true),
            "profile": spec.profile,
            "note": join_notes(spec.data_note, row.note),
        }


def _percent(part: int | None, whole: int | None) -> str:
    """A share in percent; empty where there is none."""
    return half_up(Fraction(100 * part, whole)) if part is not None and whole else ""
