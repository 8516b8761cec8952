"""CSV files: one strict reader for all of them, and a writer of files that a person goes on to edit."""

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from glalign.storage.whole_files import read_text, write_text
from glalign.support.errors import UserError

Row = tuple[int, dict[str, str]]
"""Number of the line that a row ends on, and its fields by the header's names."""

FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
"""Beginning of a text that spreadsheets compute, or that has the apostrophe of one already."""

TOO_LONG, TOO_SHORT = "quote a text with the separator", "no CSV, or cut off: complete it"
"""Remedies for a row with more or fewer fields than the header."""


def read_rows(
    path: Path | str, *, columns: Sequence[str] = (), delimiter: str = ",", remedy: str = ""
) -> list[dict[str, str]]:
    """Read a UTF-8 CSV file as one dictionary per row.

    columns: names that the header must have, among others. remedy: advice that ends the message of every error.
    Raises: UserError for a missing file, and as `parse_csv` does.
    """
    return [row for _, row in parse_csv(path, read_text(path, remedy), columns, delimiter, remedy)[1]]


def parse_csv(
    path: Path | str, text: str, columns: Sequence[str] = (), delimiter: str = "", remedy: str = ""
) -> tuple[list[str], list[Row]]:
    """Parse the text of a CSV file into its header and its rows with their line numbers; blank lines are skipped.

    columns: names that the header must have, among others. delimiter: by default the first of semicolon, tab and comma
    that the header has. remedy: advice in errors; by default what a person who edits the file can do. Raises: UserError
    for a file of another kind, a missing or repeated column, a row longer or shorter than the header, or a quote
    that is not closed.
    """
    first = text.partition("\n")[0]
    delimiter = delimiter or next((mark for mark in ";\t" if mark in first), ",")
    if "\0" in first:
        raise UserError(f"{path}: not CSV but another kind of file; {remedy or 'export it as CSV in UTF-8'}")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        header = next(reader, [])
        _check_header(path, header, columns, delimiter, remedy)
        for fields in reader:
            if len(fields) not in (0, len(header)):
                size, advice = ("more", TOO_LONG) if len(fields) > len(header) else ("fewer", TOO_SHORT)
                what = f"{len(fields)} fields, {size} than the header's {len(header)}"
                raise UserError(f"{path}:{reader.line_num}: {what}; {remedy or advice}")
            if fields:
                rows.append((reader.line_num, dict(zip(header, fields, strict=True))))
    except csv.Error as error:
        advice = remedy or "look for a quote that is not closed"
        raise UserError(f"{path}:{reader.line_num}: not CSV ({error}); {advice}") from error
    return header, rows


def read_sheet(path: Path | str, missing: str, columns: Sequence[str]) -> list[Row]:
    """Read a file of `write_new_csv` that a person edited. missing: remedy for a missing file. Raises: UserError."""
    rows = parse_csv(path, read_text(path, missing), columns)[1]
    return [(number, {name: unshielded(cell) for name, cell in row.items()}) for number, row in rows]


def shielded(cell: object) -> object:
    """Return a text with an apostrophe before it where a spreadsheet would take it for a formula and compute it.

    >>> shielded("=HYPERLINK(A1)"), shielded("a man"), unshielded("'=HYPERLINK(A1)")
    ("'=HYPERLINK(A1)", 'a man', '=HYPERLINK(A1)')
    """
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def unshielded(cell: str) -> str:
    """Return a text as it was before `shielded`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def write_new_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write rows for a person to edit, with the byte order mark of spreadsheets and without formulas.

    `read_sheet` gives the texts back as they were. Raises: UserError if `path` exists.
    """
    if os.path.lexists(path):
        raise UserError(f"{path}: is there already; remove it, or name another file, so that no work in it is lost")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(map(shielded, row) for row in rows)
    write_text(path, "\ufeff" + text.getvalue())


def _check_header(path: Path | str, header: list[str], columns: Sequence[str], delimiter: str, remedy: str) -> None:
    if missing := [name for name in columns if name not in header]:
        wanted = f"write {delimiter.join(columns)!r}, in lower case, with commas, semicolons or tabs between"
        raise UserError(f"{path}: no column {missing[0]} in the header {delimiter.join(header)!r}; {remedy or wanted}")
    if not header:
        raise UserError(f"{path}: no header in the first line; {remedy or 'name a CSV file'}")
    if len(set(header)) < len(header):
        repeated = next(name for name in header if header.count(name) > 1)
        raise UserError(f"{path}: column {repeated} is twice in the header; {remedy or 'remove one'}")
