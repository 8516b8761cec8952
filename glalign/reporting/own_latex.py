"""A table as LaTeX for a paper of one's own: a column or a page wide, with citations of its own list of references."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from glalign.reporting.compact import CompactColumn, compact_columns
from glalign.reporting.described_table import caption_of, notes_of
from glalign.reporting.latex import (
    CITED,
    MISSING,
    NUMBERS,
    PACKAGES,
    WILSON,
    Column,
    add_rules,
    block_starts,
    bracketed,
    column_type,
    extended_notes,
    mark_best,
    scaled,
    set_tabular,
    table_columns,
)
from glalign.reporting.references import without_number
from glalign.reporting.terminal import INTERVAL
from glalign.reporting.tex_frame import framed
from glalign.reporting.tex_text import NUMERAL, comment, escape, label, numeral

if TYPE_CHECKING:
    import pandas as pd

SIZE = "\\fontsize{8}{9.5}\\selectfont\n"
"""The type of a compact table: the smallest that publishers accept, and what IEEEtran sets tables in."""

COMPARED = r"Paper: as printed, on its own data; Ours: this run; $\Delta$: ours minus paper, from unrounded values."
WRAPPED = ">{\\raggedright\\arraybackslash}X"


def compact_latex(
    frame: "pd.DataFrame", path: Path, keys: Mapping[str, str], environment: str, with_paper: bool = False
) -> str:
    """A file of at most six columns in 8-point type, as wide as the line and never scaled.

    path: of the CSV. keys: name of a system, dataset or test -> key of the bibliography. environment: table or table*.
    """
    shown = compact_columns(frame, with_paper)
    columns = [_column(column, frame, keys) for column in shown]
    wrapped = shown[:1] if any(column.number for column in shown) else shown
    types = [WRAPPED if column in wrapped else column_type(one) for column, one in zip(shown, columns, strict=True)]
    rows = add_rules(set_tabular(columns), columns, block_starts(frame)).splitlines()
    begin = f"\\begin{{tabularx}}{{\\linewidth}}{{@{{}}{''.join(types)}@{{}}}}"
    table = "\n".join((begin, *rows[1:-1], "\\end{tabularx}"))
    notes = " ".join(_notes(frame, [column.title for column in shown], keys))
    below = f"\\par\\vspace{{2pt}}\n\\parbox{{\\linewidth}}{{\\raggedright {notes}}}\n" if notes else ""
    body = f"{SIZE}{NUMBERS}\\setlength{{\\tabcolsep}}{{3pt}}\n{table}\n{below}"
    return _file(frame, path, body, keys, environment, "booktabs, siunitx (version 3), tabularx")


def full_latex(frame: "pd.DataFrame", path: Path, keys: Mapping[str, str], environment: str) -> str:
    """A file with the columns of the suite's own LaTeX, scaled down where they are wider than the line."""
    if any(name.endswith("_delta") for name in frame.columns):
        extended = "chance_rank1" in frame

        def cited(name: str, _: str) -> str:
            return cite(name, keys)

        columns = table_columns(frame, extended, _competing(frame), cited)
    else:
        columns = [("", escape(name), *_cells(list(frame[name]))) for name in frame.columns]
    table = add_rules(set_tabular(columns), columns, block_starts(frame))
    known = [INTERVAL] if any(head == WILSON for _, head, *_ in columns) else []
    notes = _notes(frame, known, keys)
    if any(head == "Paper" for _, head, *_ in columns):
        notes.insert(0, COMPARED)
    if "chance_rank1" in frame:
        notes += extended_notes(frame)
    return _file(frame, path, scaled(table, notes), keys, environment, PACKAGES)


def cite(name: str, keys: Mapping[str, str]) -> str:
    """LaTeX of a name with a citation of its key; a number of the paper's list at its end gives way to it.

    >>> cite("Method in [14]", {"Method in [14]": "pham"}), cite("Oracle", {})
    ('Method in~\\\\cite{pham}', 'Oracle')
    """
    return f"{escape(without_number(name))}~\\cite{{{keys[name]}}}" if name in keys else escape(name)


def _file(
    frame: "pd.DataFrame", path: Path, body: str, keys: Mapping[str, str], environment: str, packages: str
) -> str:
    """Comments, and the table in its environment."""
    profile = ", ".join(dict.fromkeys(frame["profile"])) if "profile" in frame else "not recorded"
    head = [f"glalign table {path.stem} | profile: {profile}", f"needs: {packages}"]
    if keys:
        head.append("cites: keys of references.bib, which lies beside the suite's tables")
    caption = escape(caption_of(frame, path))
    return "".join(map(comment, head)) + framed(body, caption, label(path.stem), environment)


def _column(column: CompactColumn, frame: "pd.DataFrame", keys: Mapping[str, str]) -> Column:
    """A compact column as LaTeX; the best of our values bold, where rows compete."""
    head, source = escape(column.title), column.sources[0]
    if column.title == INTERVAL:
        return "", head, bracketed(frame, *column.sources), False
    if not column.number:
        return "", head, [cite(cell, keys) if source in CITED else escape(cell) for cell in column.cells], False
    cells = list(map(numeral, column.cells))
    if not source.endswith("_paper") and "rank1_delta" in frame:
        cells = mark_best(column.cells, _competing(frame))
    return "", head, [cell or MISSING for cell in cells], True


def _competing(frame: "pd.DataFrame") -> list[bool]:
    """Which rows can be the best: those of the paper, which alone have an encoder in the CSV of a results table."""
    return [bool(name) for name in frame.get("image_backbone", ["paper"] * len(frame))]


def _cells(values: list[str]) -> tuple[list[str], bool]:
    """LaTeX of the cells of a column, and whether all are numbers."""
    number = any(values) and all(NUMERAL.fullmatch(value) for value in values if value)
    return ([value or MISSING for value in values] if number else list(map(escape, values))), number


def _notes(frame: "pd.DataFrame", titles: list[str], keys: Mapping[str, str]) -> list[str]:
    """Sentences below the table."""
    return [f"{escape(note)}~\\cite{{{keys[name]}}}." if name in keys else f"{escape(note)}."
            for note, name in notes_of(frame, titles)]  # fmt: skip
