"""Tables that a person brings, as CSV or as JSON lines."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from glalign.storage.csv_files import read_sheet
from glalign.storage.json_files import parse_json
from glalign.storage.whole_files import lines_of, read_text
from glalign.support.errors import UserError

Row = tuple[int, Mapping[str, object]]
"""Number of the line, and its values by column."""


def read_table(path: Path, columns: Sequence[str], missing: str) -> Sequence[Row]:
    """Read the rows of a CSV file or of JSON lines. missing: remedy for a missing file.

    A CSV file has the columns, among others; what an object of JSON has, its reader checks. Raises: UserError naming
    the line.
    """
    text = read_text(path, missing)
    if text.lstrip().startswith("["):
        raise UserError(f"{path}: JSON lines are wanted, not an array; write one object per line")
    if text.lstrip().startswith("{"):
        numbered = enumerate(lines_of(text), 1)
        return [(number, _object(line, path, number, columns)) for number, line in numbered if line.strip()]
    return read_sheet(path, missing, columns)


def caption_key(row: Mapping[str, object], path: Path, number: int, columns: Sequence[str]) -> tuple[str, int]:
    """The image and the caption index of a row. Raises: UserError naming the line."""
    try:
        return str(row["image"]), int(str(row["index"]))
    except (KeyError, ValueError) as error:
        wanted = f"{', '.join(columns)}, the index a number from 0"
        raise UserError(f"{path}:{number}: wants {wanted} ({error!r})") from error


def _object(line: str, path: Path, number: int, columns: Sequence[str]) -> Mapping[str, object]:
    row = parse_json(line, f"{path}:{number}", "correct the line")
    if not isinstance(row, dict):
        raise UserError(f"{path}:{number}: an object with {', '.join(columns)} is wanted")
    return row
