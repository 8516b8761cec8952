"""CSV files that people edit: written for a spreadsheet, never over one that is there, and read back strictly."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from glalign.storage.whole_files import write_text
from glalign.support.errors import UserError

Row = tuple[int, dict[str, str]]
"""Number of the line that a row ends on, and its fields by the header's names."""


def write_sheet(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write rows as UTF-8 with the byte order mark by which a spreadsheet knows it.

    Raises: UserError when `path` is there: a person's work may be in it.
    """
    if os.path.lexists(path):
        raise UserError(f"{path}: is there already; remove it, or name another file, so that no work in it is lost")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, "\ufeff" + text.getvalue())


def parse_sheet(path: Path | str, text: str, needed: Sequence[str] = ()) -> tuple[list[str], list[Row]]:
    """Header and rows of the text of a CSV file, with commas or, where its header has one, semicolons.

    needed: columns that have to be there, among others. Raises: UserError for a file without these columns, with a name
    twice in its header, a row that is longer or shorter than the header, or a quote that is not closed.
    """
    separator = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = []
    try:
        header = next(reader, [])
        _check_header(path, header, needed, separator)
        for fields in reader:
            if fields:  # a blank line is no row
                _check_length(f"{path}:{reader.line_num}", len(fields), len(header))
                rows.append((reader.line_num, dict(zip(header, fields, strict=True))))
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: not CSV ({error}); look for a quote that is not closed") from error
    return header, rows


def _check_header(path: Path | str, header: list[str], needed: Sequence[str], separator: str) -> None:
    if missing := [name for name in needed if name not in header]:
        raise UserError(
            f"{path}: no column {missing[0]} in the header {separator.join(header)!r}; write "
            f"{separator.join(needed)!r}, in lower case, with commas or semicolons between"
        )
    if not header:
        raise UserError(f"{path}: no header in the first line; name a CSV file")
    if len(set(header)) < len(header):
        double = next(name for name in header if header.count(name) > 1)
        raise UserError(f"{path}: column {double} is twice in the header; remove one")


def _check_length(place: str, fields: int, columns: int) -> None:
    if fields > columns:
        raise UserError(f"{place}: {fields} fields, more than the header's {columns}; quote a text with the separator")
    if fields < columns:
        raise UserError(f"{place}: {fields} fields, fewer than the header's {columns}; no CSV, or cut off: complete it")
