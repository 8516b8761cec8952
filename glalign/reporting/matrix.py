"""Beyond the paper: every system in every scenario whose language it reads, and the spread over seeds."""

from fractions import Fraction
from pathlib import Path

from glalign.evaluation.metrics import KS, half_up, spread
from glalign.planning.table_stages import MatrixSpec, Row
from glalign.reporting.partial_releases import with_note_column, with_partial_notes, with_partial_title
from glalign.reporting.plain_table import booktabs, write_csv
from glalign.reporting.rank_cells import draw_cells, mean_cells, rank_cells, read_metrics, status_cells
from glalign.reporting.tex_text import escape
from glalign.storage.whole_files import write_text

NOTES = "Rank-1 in percent; --: not run, or another language. The best trained system of each scenario bold."


def make_matrix(spec: MatrixSpec, csv: Path, tex: Path) -> None:
    """Write one row per cell as CSV, and Rank-1 of systems by scenarios as LaTeX."""
    cells = matrix_cells(spec)
    write_csv(cells, csv)
    labels = {row.system: row.label for row in spec.rows}
    competing = {row.system for row in spec.rows if row.competes}
    rank1 = {(cell["system"], cell["scenario"]): cell["rank1"] for cell in cells if cell["rank1"]}
    lines = [[escape(label)] for label in labels.values()]
    for scenario in spec.scenarios:
        rivals = [Fraction(v) for (system, s), v in rank1.items() if s == scenario and system in competing]
        best = max(rivals, default=None)
        for line, system in zip(lines, labels, strict=True):
            value = rank1.get((system, scenario), "--")
            bold = system in competing and value != "--" and Fraction(value) == best
            line.append(f"\\textbf{{{value}}}" if bold else value)
    title, layout = with_partial_title(spec.title, spec.rows), "l" + "r" * len(spec.scenarios)
    write_text(tex, booktabs(["Method", *map(escape, spec.scenarios)], lines, layout, title, tex, NOTES))


def matrix_cells(spec: MatrixSpec) -> list[dict[str, str]]:
    """The rows of the CSV."""
    return [_cell(row, spec) for row in with_partial_notes(spec.rows)]


def _cell(row: Row, spec: MatrixSpec) -> dict[str, str]:
    records, cell = read_metrics(row), _names(row)
    for k in KS:
        cell |= rank_cells(records, k)
    status = status_cells(bool(records), spec.profile, spec.data_note, row.note, failed=row.failed)
    return cell | mean_cells(records) | status


def make_seeds(spec: MatrixSpec, csv: Path) -> None:
    """Write mean and sample standard deviation over the seeds of Rank-k, mAP and mINP, one row per cell that ran.

    With one seed the deviation is empty: a single number has none.
    """
    lines, notes = [], []
    for row in with_partial_notes(spec.rows):
        if not (records := read_metrics(row)):
            continue
        line = _names(row) | {"seeds": " ".join(map(str, spec.seeds[: len(records)]))}
        for name in (*(f"rank{k}" for k in KS), "map", "minp"):
            mean, deviation = spread([getattr(record, name) for record in records])
            line[f"{name}_mean"] = half_up(mean)
            line[f"{name}_sd"] = "" if deviation is None else half_up(deviation)
        line["rank1_sd_of_draws"] = draw_cells(records)["rank1_sd_of_draws"]
        line["profile"] = spec.profile
        lines.append(line)
        notes.append(row.note)
    write_csv(with_note_column(lines, notes), csv)


def _names(row: Row) -> dict[str, str]:
    """The columns that begin a row."""
    return {"system": row.system, "method": row.label, "scenario": row.scenario}
