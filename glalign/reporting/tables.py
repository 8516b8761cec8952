"""The paper's tables: its printed cells beside ours, one row per row of the specification, every cell text.

Ours are made from records of metrics, one per seed. A row that was not run keeps the paper's
values, its own cells stay empty and its status says so: never 0, never NaN.
"""

import statistics
from collections.abc import Sequence
from fractions import Fraction
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glalign.config.typed_json import read_typed
from glalign.contract.phrase_counts import CoverageRecord
from glalign.contract.results import DatasetStatistics, MetricsRecord, RunRecord
from glalign.evaluation.metrics import KS, half_up, spread
from glalign.planning.printed_tables import BRANCHES, COVERAGE, DATASETS, OVERVIEW, SCENARIO_OF
from glalign.planning.table_stages import Row, TableSpec
from glalign.reporting.coverage_cells import coverage_cells, denominator, relative_cells
from glalign.reporting.latex import render_latex
from glalign.reporting.partial_releases import join_notes, with_partial_notes, with_partial_title
from glalign.reporting.plain_table import target_of, write_csv
from glalign.reporting.rank_cells import (
    draw_cells,
    mean_cells,
    rank_cells,
    rank_percentage,
    read_metrics,
    status_cells,
)
from glalign.storage.csv_files import parse_csv, read_rows
from glalign.storage.whole_files import read_text, write_text
from glalign.support.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

TEXT = ("method", "cite", "image_backbone", "text_backbone")
NUMBERS: dict[int, dict[str, str]] = {
    OVERVIEW: {"rank1": "rank1"},
    DATASETS: {
        "person_ids": "all.identities", "images": "all.images",
        "descriptions": "all.captions", "avg_length": "all.caption_words.mean",
    },
    BRANCHES: {"rank1": "rank1"},
}  # fmt: skip
"""Numeric columns of the tables that are no results tables, and the attribute of a row's records with our value."""

COVERAGE_PRINTED = ("total_nps", "matched", "coverage")
COVERAGE_OURS = (
    "true_phrases", "covered", "coverage", "coverage_lo", "coverage_hi", "coverage_delta", "denominator",
    "phrases", "relative_coverage",
)  # fmt: skip
"""Columns of Table 2: the paper's, and ours."""


def make_table(spec: TableSpec, csv: Path, tex: Path) -> None:
    """Write one table as CSV (the source of truth) and as LaTeX of the same frame."""
    spec = spec.model_copy(update={"title": with_partial_title(spec.title, spec.rows)})
    frame = table(spec)
    write_csv(frame, csv)
    write_text(tex, render_latex(frame, spec, target_of(tex)))


def read_table(path: Path | str) -> "pd.DataFrame":
    """Read a table's CSV back, every cell text, an empty cell as an empty text."""
    import pandas as pd  # noqa: PLC0415

    header, rows = parse_csv(path, read_text(path, f"make it with `snakemake --cores 1 {path}`"))
    return pd.DataFrame([row for _, row in rows], columns=header, dtype=object)


def table(spec: TableSpec) -> "pd.DataFrame":
    """The table as a frame of texts. Raises: UserError for a record that does not fit, or a row the paper lacks."""
    import pandas as pd  # noqa: PLC0415

    printed = read_rows(spec.paper, remedy="restore it from the repository")
    # SCENARIO_OF has the tables of results, 4 to 10.
    make = _result_cells if spec.table in SCENARIO_OF else _coverage_cells if spec.table == COVERAGE else _other_cells
    rows = []
    for row in with_partial_notes(spec.rows):
        if (number := row.paper_row) is not None and not 0 <= number < len(printed):
            raise UserError(f"{spec.paper}: has no row {number}, which the plan gives to {row.system}")
        rows.append(make(spec, row, printed[number] if number is not None else dict.fromkeys(printed[0], "")))
    return pd.DataFrame(rows, dtype=object)


def _result_cells(spec: TableSpec, row: Row, paper: dict[str, str]) -> dict[str, str]:
    """Cells of a results table."""
    records = read_metrics(row)
    cells = {"method": row.label or paper["method"], **{name: paper.get(name, "") for name in TEXT[1:]}}
    for k in KS:
        printed = paper.get(f"rank{k}", "") if spec.show_paper_values else ""
        cells |= {f"rank{k}_paper": printed, **rank_cells(records, k)}
        cells[f"rank{k}_delta"] = _delta(rank_percentage(records, k), printed)
    cells |= mean_cells(records) | _last_cells(spec, row, records)
    if not spec.extended:
        return cells
    return cells | _extended_cells(row, records) | (draw_cells(records) if spec.draws > 1 else {})


def _extended_cells(row: Row, records: Sequence[MetricsRecord]) -> dict[str, str]:
    """Further columns of the extended table.

    boot: person-level cluster bootstrap, bounds averaged over seeds. sd: over seeds. best: ties in the query's favour.
    validation_rank1: mean of the selected checkpoints. selected_step: one per seed. pairs: read in training.
    """

    def mean(values: Sequence[float]) -> str:
        return half_up(statistics.fmean(values)) if values else ""

    runs = [read_typed(path, RunRecord) for path in row.runs]
    cells: dict[str, str] = {}
    for k in KS:
        deviation = spread([getattr(one, f"rank{k}") for one in records])[1] if records else None
        cells[f"rank{k}_boot_lo"] = mean([one.bootstrap[str(k)][0] for one in records])
        cells[f"rank{k}_boot_hi"] = mean([one.bootstrap[str(k)][1] for one in records])
        cells[f"rank{k}_sd"] = half_up(deviation) if deviation is not None else ""
        cells[f"rank{k}_best"] = mean([getattr(one, f"rank{k}_best") for one in records])
    cells["chance_rank1"] = mean([one.chance for one in records])
    cells["validation_rank1"] = mean([r.selected.val_rank1 for r in runs if r.selected.val_rank1 is not None])
    cells["selected_step"] = " ".join(str(run.selected.step) for run in runs)
    cells["pairs"] = " ".join(dict.fromkeys(str(run.pairs) for run in runs))
    cells["parameters"] = " ".join(dict.fromkeys(str(run.parameters) for run in runs))
    return cells


def _other_cells(spec: TableSpec, row: Row, paper: dict[str, str]) -> dict[str, str]:
    """Cells of the other tables: the printed text columns, then X_paper, X, X_delta for every numeric column X."""
    numbers, records = NUMBERS[spec.table], _records(spec.table, row)
    cells = {name: text for name, text in paper.items() if name != "system" and name not in numbers}
    name = "method" if "method" in cells else "variant" if "variant" in cells else None
    if name and row.label:
        cells[name] = row.label
    for column, key in numbers.items():
        printed = paper[column] if spec.show_paper_values else ""
        found = [attrgetter(key)(record) for record in records]
        values = [Fraction(str(value)) for value in found if value is not None]
        ours = sum(values, Fraction(0)) / len(values) if values else None
        # a count is printed as a count, a mean or percentage with two decimals
        places = 0 if values and all(value.denominator == 1 for value in values) and "." not in paper[column] else 2
        cells[f"{column}_paper"] = printed
        cells[column] = half_up(ours, places) if ours is not None else ""
        cells[f"{column}_delta"] = _delta(ours, printed, places)
    return cells | _last_cells(spec, row, records)


def _coverage_cells(spec: TableSpec, row: Row, paper: dict[str, str]) -> dict[str, str]:
    """Cells of Table 2. Its counts are of other captions than ours: only percentages are compared."""
    printed = {f"{name}_paper": paper[name] if spec.show_paper_values else "" for name in COVERAGE_PRINTED}
    cells = {"body_part": paper["body_part"], **printed, **dict.fromkeys(COVERAGE_OURS, "")}
    records = [read_typed(path, CoverageRecord) for path in row.metrics]
    for record in records:  # one, or none
        cells |= coverage_cells(record, row.part) | relative_cells(record, row.part)
        cells["denominator"] = denominator(record)
        truth = record.truth and record.truth.parts[row.part]
        if truth and truth.true:
            ours = Fraction(100 * truth.right_printed, truth.true)
            cells["coverage_delta"] = _delta(ours, printed["coverage_paper"])
        row = row.model_copy(update={"note": join_notes(row.note, record.note)})
    return cells | _last_cells(spec, row, records)


def _records(table: int, row: Row) -> Sequence[Any]:
    """The records of a row whose attributes `NUMBERS` names."""
    return [read_typed(path, DatasetStatistics) for path in row.metrics] if table == DATASETS else read_metrics(row)


def _last_cells(spec: TableSpec, row: Row, records: Sequence[Any]) -> dict[str, str]:
    """The columns that end a row."""
    seeds = f"mean of {len(records)} seeds" if len(records) > 1 else ""
    return status_cells(bool(records), spec.profile, spec.data_note, seeds, row.note, failed=row.failed)


def _delta(ours: Fraction | None, printed: str, places: int = 2) -> str:
    """Ours minus the paper's, from the unrounded value."""
    return half_up(ours - Fraction(printed), places) if ours is not None and printed else ""
