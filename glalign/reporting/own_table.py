"""A table for a paper of one's own: as LaTeX, Markdown, HTML or CSV, in few columns, with keys of a bibliography."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from glalign.reporting.checked_table import read_checked
from glalign.reporting.compact import TITLES, compact_columns
from glalign.reporting.described_table import caption_of, notes_of
from glalign.reporting.latex import CITED
from glalign.reporting.own_latex import compact_latex, full_latex
from glalign.reporting.references import without_number
from glalign.reporting.tables import read_table
from glalign.reporting.terminal import LEFT, Column, aligned_text, render_terminal, terminal_columns
from glalign.reporting.tex_text import NUMERAL
from glalign.storage.csv_files import shielded
from glalign.support.errors import UserError
from glalign.support.one_line import one_line

if TYPE_CHECKING:
    import pandas as pd

MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>#|~$&"})
ESCAPES: Mapping[str, Callable[[str], str]] = {
    "markdown": lambda text: one_line(text).translate(MARKS),
    "html": lambda text: html.escape(one_line(text)),
}
"""Format -> what makes a text of it: nothing in a cell is read as a mark, or ends a row."""


NAMED = {*CITED, *(TITLES[name] for name in CITED)}
"""Titles of columns with names of systems or datasets."""


@dataclass(frozen=True)
class Layout:
    """How a table is shown. keys: name of a system, dataset or test -> key of the bibliography; empty: none is cited.

    page: over the whole page, in LaTeX. with_paper: the paper's first number in compact columns, too.
    """

    format: Literal["text", "latex", "markdown", "html", "csv"]
    compact: bool = True
    page: bool = False
    with_paper: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)


def render_table(path: Path, layout: Layout) -> str:
    """The text of a table's CSV in a layout, without an end of line after the last one.

    Raises: UserError for a table that is not the suite's, or one without a value that would be an empty table of LaTeX.
    """
    frame = read_checked(path)
    if layout.format != "text" and (layout.compact or layout.format != "csv") and not frame.to_numpy().any():
        raise UserError(f"{path}: no cell has a value; name a table with rows, or add --format text")
    if layout.format == "latex":
        environment = "table*" if layout.page else "table"
        if layout.compact:
            return compact_latex(frame, path, layout.keys, environment, layout.with_paper).rstrip("\n")
        return full_latex(frame, path, layout.keys, environment).rstrip("\n")
    if layout.format == "csv":
        return _csv(frame, layout)
    if layout.compact:
        found = compact_columns(frame, layout.with_paper)
        shown = [(column.title, column.cells) for column in found]
        left = [not column.number for column in found]
    else:
        shown = terminal_columns(frame)
        left = [title in LEFT for title, _ in shown]
    if layout.format == "text":
        titles = [title for (title, _), one in zip(shown, left, strict=True) if one]
        return aligned_text(shown, titles) if layout.compact else render_terminal(path)
    escape = ESCAPES[layout.format]
    columns = [
        (escape(title), [_cited(cell, layout) if title in NAMED else escape(cell) for cell in cells])
        for title, cells in shown
    ]
    notes = notes_of(frame, [title for title, _ in shown])
    below = " ".join(f"{f'{escape(note)} {_mark(name, layout)}'.rstrip()}." for note, name in notes)
    above = escape(caption_of(frame, path))
    return (_markdown if layout.format == "markdown" else _html)(above, columns, left, below)


def unknown_names(path: Path, keys: Mapping[str, str]) -> list[str]:
    """Names of systems and datasets in a table that have no key."""
    frame = read_table(path)
    names = (name for column in CITED if column in frame for name in frame[column])
    return [name for name in dict.fromkeys(names) if name not in keys]


def _cited(name: str, layout: Layout) -> str:
    """A name with its citation, which replaces a number of the paper's list."""
    escape = ESCAPES[layout.format]
    return f"{escape(without_number(name))} {_mark(name, layout)}" if name in layout.keys else escape(name)


def _mark(name: str, layout: Layout) -> str:
    """The citation of a name: Pandoc's in Markdown, else the key in brackets; empty where it has no key."""
    if name not in layout.keys:
        return ""
    return f"[@{layout.keys[name]}]" if layout.format == "markdown" else f"[{layout.keys[name]}]"


def _csv(frame: "pd.DataFrame", layout: Layout) -> str:
    """The rows of the CSV under its own names of columns; `key` is the citation of a row's first name."""
    names = [name for name in CITED if name in frame]
    keys = [layout.keys.get(name, "") for name in frame[names[0]]] if layout.keys and names else []
    if layout.compact:
        frame = frame[[name for column in compact_columns(frame, layout.with_paper) for name in column.sources]]
    found = (frame.assign(key=keys) if keys else frame).map(_sheet_cell).rename(columns=_sheet_cell)
    return str(found.to_csv(index=False, lineterminator="\n")).rstrip("\n")


def _sheet_cell(cell: str) -> str:
    """A cell that a spreadsheet does not compute; a number stays one."""
    text = one_line(cell)
    return text if NUMERAL.fullmatch(text) else str(shielded(text))


def _markdown(caption: str, columns: list[Column], left: list[bool], notes: str) -> str:
    """A pipe table below its caption, with the notes below it."""
    lines = [[title for title, _ in columns], [":--" if one else "--:" for one in left]]
    lines += map(list, zip(*(cells for _, cells in columns), strict=True))
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join(filter(None, (caption, table, notes)))


def _html(caption: str, columns: list[Column], left: list[bool], notes: str) -> str:
    """A table element with its caption, and a paragraph of notes."""

    def line(kind: str, cells: Sequence[str]) -> str:
        aligned = (' align="right"' if not one else "" for one in left)
        return (
            f"<tr>{''.join(f'<{kind}{side}>{cell}</{kind}>' for cell, side in zip(cells, aligned, strict=True))}</tr>"
        )

    head = line("th", [title for title, _ in columns])
    rows = "\n".join(line("td", cells) for cells in zip(*(cells for _, cells in columns), strict=True))
    table = f"<table>\n<caption>{caption}</caption>\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    return f"{table}\n<p>{notes}</p>" if notes else table
