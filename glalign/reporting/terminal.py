"""A table as plain text for a terminal, at most about 120 characters wide."""

from pathlib import Path

from glalign.reporting.tables import read_table
from glalign.support.errors import UserError

WIDEST_TEXT = 26
NAMES = ("method", "variant", "body_part", "scenario", "dataset", "language")
SHORT = {"person_ids": "persons", "descriptions": "captions", "avg_length": "words"}

LATER = {
    "true_phrases": "true", "denominator": "denominator", "phrases": "found",
    "relative_coverage": "relative coverage", "map": "mAP", "status": "status",
}  # fmt: skip
"""Columns that follow those with the paper's beside them, and their titles."""


def find_table(name: str, results: Path) -> Path:
    """Find the CSV called `name`: a path, or below `results` a table's number or name.

    Raises: UserError for a file that is not CSV, or naming the tables below `results`.
    """
    for path in (Path(name), results / f"table{name}.csv", results / f"{name}.csv"):
        if path.suffix == ".csv" and path.is_file():
            return path
    if Path(name).is_file():
        raise UserError(f"{name}: no CSV table; name the table, or its file that ends in .csv")
    there = ", ".join(sorted(path.stem for path in results.glob("*.csv"))) or "none"
    raise UserError(f"{name}: no such table below {results} (there: {there}); make it with `snakemake --cores 1`")


def render_terminal(path: Path | str) -> str:
    """Plain text of a table's CSV: for every number the paper's, ours, the interval of Rank-1 and the gap."""
    from tabulate import tabulate  # noqa: PLC0415

    frame = read_table(path)
    head: list[str] = []
    columns: list[list[str]] = []

    def add(title: str, values: list[str]) -> None:
        if any(values):
            head.append(title)
            columns.append([value[:WIDEST_TEXT] for value in values])

    numeric = [name.removesuffix("_delta") for name in frame.columns if name.endswith("_delta")]
    if not numeric:  # a table without columns of the paper
        shown = [[value[:WIDEST_TEXT] for value in line] for line in frame.to_numpy().tolist()]
        return tabulate(shown, headers=list(frame.columns), disable_numparse=True)
    for name in NAMES:
        if name in frame:
            add(name, list(frame[name]))
    for name in numeric:
        title = f"R{name[4:]}" if name.startswith("rank") else SHORT.get(name, name)
        for needed in (name, f"{name}_paper"):
            if needed not in frame:
                raise UserError(f"{path}: column {needed} is missing beside {name}_delta; make the table again")
        add(f"{title}*", list(frame[f"{name}_paper"]))
        add(title, list(frame[name]))
        if name == "rank1" and {f"{name}_lo", f"{name}_hi"} <= set(frame):
            bounds = zip(frame[f"{name}_lo"], frame[f"{name}_hi"], strict=True)
            add("95 %", [f"{low}-{high}" if low else "" for low, high in bounds])
        add("gap", [value if value[:1] in ("", "-") else f"+{value}" for value in frame[f"{name}_delta"]])
    for name, title in LATER.items():
        if name in frame:
            add(title, list(frame[name]))
    lines = list(zip(*columns, strict=True))
    align = ["left" if title in (*NAMES, "status", "95 %") else "right" for title in head]
    text = tabulate(lines, headers=head, disable_numparse=True, colalign=align if lines else None)
    return text + ("\n* as printed in the paper" if any(title.endswith("*") for title in head) else "")
