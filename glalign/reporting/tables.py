"""A table is a view: the paper's printed cells beside ours, one row per row of the plan, every cell text.

Ours are read from metrics files, one per seed; nothing is computed twice. A row that was not run keeps the paper's
values, its own cells stay empty and its status says so: never 0, never NaN.
"""

import statistics
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glalign.evaluation.metrics import KS, half_up, share_interval, spread
from glalign.reporting.partial_releases import stated
from glalign.storage.csv_files import parse_csv, read_rows
from glalign.storage.whole_files import read_json, read_text, write_text
from glalign.support.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

TEXT = ("method", "cite", "image_backbone", "text_backbone")
RANK_TABLES = range(4, 11)
NUMBERS: dict[int, dict[str, str]] = {
    1: {"rank1": "rank1"},
    2: {"total_nps": "phrases", "matched": "matched", "coverage": "coverage"},
    3: {
        "person_ids": "all.identities",
        "images": "all.images",
        "descriptions": "all.captions",
        "avg_length": "all.caption_words.mean",
    },
    11: {"rank1": "rank1"},
}
"""Numeric columns of the other tables, with the key under which a row's files hold our value, below its `under`."""


def make_table(spec: dict, csv_path: Path | str, tex_path: Path | str) -> None:
    """Write one table as CSV (the source of truth) and as LaTeX of the same frame."""
    from glalign.reporting.latex import render_latex  # noqa: PLC0415  pandas is slow to import

    spec = stated(spec)
    frame = table(spec)
    tex_path = Path(tex_path)
    target = tex_path.name if tex_path.is_absolute() else tex_path.as_posix()  # the same bytes in every directory
    write_text(csv_path, frame.to_csv(index=False, lineterminator="\n"))
    write_text(tex_path, render_latex(frame, spec, target))


def read_table(path: Path | str) -> "pd.DataFrame":
    """Read a table's CSV back, every cell text, an empty cell as an empty text."""
    import pandas as pd  # noqa: PLC0415

    header, rows = parse_csv(path, read_text(path, f"make it with `snakemake --cores 1 {path}`"))
    return pd.DataFrame([row for _, row in rows], columns=header, dtype=object)


def table(spec: dict) -> "pd.DataFrame":
    """Frame of texts. spec: see the plan (table, paper, rows, profile, data_note, show_paper_values, extended).

    Raises: UserError when a metrics file lacks a key, or a row names a row that the paper's table does not have.
    """
    import pandas as pd  # noqa: PLC0415

    printed = _printed(spec["paper"])
    make: Callable[..., dict[str, str]] = _rank_cells if spec["table"] in RANK_TABLES else _other_cells
    rows = []
    for row in spec["rows"]:
        number = row.get("paper_row")
        if number is not None and not 0 <= number < len(printed):
            raise UserError(f"{spec['paper']}: has no row {number}, which the plan gives to {row['system']}")
        paper = printed[number] if number is not None else dict.fromkeys(printed[0], "")
        rows.append(make(spec, row, paper, [read_json(path) for path in _files(row, "metrics")]))
    return pd.DataFrame(rows, dtype=object)


def _printed(path: str) -> list[dict[str, str]]:
    """The paper's table as printed; the column `system` is ours."""
    return read_rows(path, remedy="restore it from the repository")


def _files(row: Mapping[str, Any], name: str) -> list[str]:
    return list(row.get(name) or []) if row["status"] == "run" else []


def _values(row: Mapping[str, Any], results: list[dict], key: str) -> list[Any]:
    """The value of `key`, in which a dot goes one level deeper, in every result file of a row."""
    values = []
    for path, result in zip(row["metrics"], results, strict=False):
        value: Any = result
        for name in key.split("."):
            if not isinstance(value, Mapping) or name not in value:
                raise UserError(f"{path}: key `{key}` is missing; delete the file and run again")
            value = value[name]
        values.append(value)
    return values


def _common(spec: dict, row: Mapping[str, Any], results: list[dict]) -> dict[str, str]:
    """Columns that close a row; the data note only where something of ours stands."""
    notes = [spec.get("data_note") if results else None, row.get("note")]
    if len(results) > 1:
        notes.insert(1, f"mean of {len(results)} seeds")
    return {
        "status": "reproduced" if results else "not run",
        "profile": spec["profile"],
        "note": "; ".join(note for note in notes if note),
    }


def _rank_cells(spec: dict, row: Mapping[str, Any], paper: dict[str, str], results: list[dict]) -> dict[str, str]:
    """Cells of tables 4-10.

    rank{k}: mean over seeds. rank{k}_lo, _hi: Wilson's interval of that share for the queries of ONE seed; seeds rank
    the same queries, so they add no queries to it, and their spread is shown apart (rank{k}_sd of the extended table).
    """
    shown = spec["show_paper_values"]
    sizes = {(result["n_queries"], result["n_gallery"]) for result in results}
    if len(sizes) > 1:
        raise UserError(
            f"{row['system']}: its seeds ranked different queries or galleries {sorted(sizes)}; run them again"
        )
    n_queries, n_gallery = sizes.pop() if sizes else ("", "")
    draws = len(results[0].get("draws", {}).get("rank1", [])) if results else 0
    cells = {"method": row.get("label") or paper["method"], **{name: paper.get(name, "") for name in TEXT[1:]}}
    for k in KS:
        printed, ours = paper.get(f"rank{k}", "") if shown else "", None
        low = high = ""
        if results:
            counts = [found["hits"][str(k)] for found in results]
            ours = Fraction(100 * sum(counts), n_queries * len(counts))
            low, high = (half_up(bound) for bound in share_interval(ours / 100, n_queries, draws))
        cells[f"rank{k}_paper"] = printed
        cells[f"rank{k}"] = half_up(ours) if ours is not None else ""
        cells[f"rank{k}_lo"], cells[f"rank{k}_hi"] = low, high
        cells[f"rank{k}_delta"] = half_up(ours - Fraction(printed)) if ours is not None and printed else ""
    for name in ("map", "minp"):
        cells[name] = half_up(statistics.fmean(_values(row, results, name))) if results else ""
    cells |= {"n_queries": str(n_queries), "n_gallery": str(n_gallery), "seeds": str(len(results) or "")}
    return cells | _common(spec, row, results) | (_extended_cells(row, results) if spec.get("extended") else {})


def _extended_cells(row: Mapping[str, Any], results: list[dict]) -> dict[str, str]:
    """Further columns of the extended table.

    boot: person-level cluster bootstrap, bounds averaged over seeds. sd: over seeds. best: ties in the query's favour.
    validation_rank1: mean of the selected checkpoints. selected_step: one per seed.
    """
    runs = [read_json(path) for path in _files(row, "runs")]
    cells: dict[str, str] = {}
    for k in KS:
        bounds = [found["bootstrap"][str(k)] for found in results]
        deviation = spread(_values(row, results, f"rank{k}"))[1] if results else None
        cells[f"rank{k}_boot_lo"], cells[f"rank{k}_boot_hi"] = (
            (half_up(statistics.fmean(side)) for side in zip(*bounds, strict=True)) if bounds else ("", "")
        )
        cells[f"rank{k}_sd"] = half_up(deviation) if deviation is not None else ""
        best = _values(row, results, f"rank{k}_best")
        cells[f"rank{k}_best"] = half_up(statistics.fmean(best)) if best else ""
    chosen = [run["selected"] for run in runs if "selected" in run]
    cells["chance_rank1"] = half_up(statistics.fmean(_values(row, results, "chance"))) if results else ""
    cells["validation_rank1"] = half_up(statistics.fmean(one["val_rank1"] for one in chosen)) if chosen else ""
    cells["selected_step"] = " ".join(str(one["step"]) for one in chosen)
    cells["parameters"] = " ".join(dict.fromkeys(str(run["parameters"]) for run in runs if "parameters" in run))
    return cells


def _other_cells(spec: dict, row: Mapping[str, Any], paper: dict[str, str], results: list[dict]) -> dict[str, str]:
    """Cells of tables 1, 2, 3 and 11: the printed text columns, then X_paper, X, X_delta for every numeric column X."""
    numbers = NUMBERS[spec["table"]]
    shown = spec["show_paper_values"]
    cells = {name: text for name, text in paper.items() if name != "system" and name not in numbers}
    name = "method" if "method" in cells else "variant" if "variant" in cells else None
    if name and row.get("label"):
        cells[name] = row["label"]
    for column, key in numbers.items():
        printed = paper[column] if shown else ""
        under = f"{row['under']}." if row.get("under") else ""
        values = [Fraction(str(value)) for value in _values(row, results, under + key) if value is not None]
        ours = sum(values, Fraction(0)) / len(values) if values else None
        # a count is printed as a count, a mean or percentage with two decimals
        places = 0 if values and all(value.denominator == 1 for value in values) and "." not in paper[column] else 2
        cells[f"{column}_paper"] = printed
        cells[column] = half_up(ours, places) if ours is not None else ""
        cells[f"{column}_delta"] = half_up(ours - Fraction(printed), places) if ours is not None and printed else ""
    return cells | _common(spec, row, results)
