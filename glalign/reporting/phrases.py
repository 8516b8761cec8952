"""Noun phrases by part of the body: how many the printed lists map, and how many are those that were written."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from glalign.contract.regions import REGIONS
from glalign.evaluation.metrics import half_up
from glalign.evaluation.phrase_truth import ALL, NO_PART, OVERALL
from glalign.reporting.partial_releases import stated
from glalign.reporting.plain_table import write_csv
from glalign.storage.whole_files import read_json

PARTS = (*REGIONS, OVERALL, NO_PART, ALL)


def make_phrase_counts(spec: Mapping[str, Any], csv_path: Path) -> None:
    """Write one row per data set and part. spec: profile, data_note, rows {dataset, label, language, coverage (path)}.

    Coverage and the precisions are shares of `phrases`, the recalls and accuracies of `true_phrases`. A data set whose
    truth is not known leaves the columns from `confirmed` on empty.
    """
    write_csv([line for row in stated(spec)["rows"] for line in _lines(row, spec)], csv_path)


def _lines(row: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    counts = read_json(row["coverage"])
    parts, truth = counts["parts"], counts["truth"] or {}
    for part in PARTS:
        here, known = parts[part], truth.get(part, {})
        yield {
            **{key: row[key] for key in ("dataset", "label", "language")},
            "region": part,
            "phrases": str(here["phrases"]),
            "matched": str(here.get("matched", "")),
            "elsewhere": str(here.get("elsewhere", "")),
            "coverage": _percent(here.get("matched"), here["phrases"]),
            "confirmed": str(known.get("confirmed", "")),
            "precision": _percent(known.get("confirmed"), known.get("extracted")),
            "exact_precision": _percent(known.get("confirmed_exact"), known.get("extracted")),
            "region_precision": _percent(known.get("confirmed_region"), known.get("extracted")),
            "true_phrases": str(known.get("true", "")),
            "found": str(known.get("found", "")),
            "recall": _percent(known.get("found"), known.get("true")),
            "exact_recall": _percent(known.get("exact"), known.get("true")),
            "region_right": str(known.get("right", "")),
            "accuracy": _percent(known.get("right"), known.get("true")),
            "accuracy_printed": _percent(known.get("right_printed"), known.get("true")),
            "profile": spec["profile"],
            "note": "; ".join(note for note in (spec["data_note"], row.get("note")) if note),
        }


def _percent(part: int | None, whole: int | None) -> str:
    """A share in percent; empty where there is none."""
    return half_up(Fraction(100 * part, whole)) if part is not None and whole else ""
