"""The paper's printed tables, as rows of text."""

from pathlib import Path

from glalign.storage.csv_files import read_rows

TABLES = range(1, 12)
REMEDY = "restore it from the repository"


def read_published(path: Path | str) -> dict[str, dict[str, str]]:
    """System -> its row of paper/parameters.csv: published parameter count, sizes it holds for, source and note.

    Raises: UserError when the file is missing or not CSV.
    """
    return {row["system"]: row for row in read_rows(path, columns=("system",), remedy=REMEDY)}


def read_reported(folder: Path | str) -> dict[int, list[dict[str, str]]]:
    """Table number -> its printed rows, from `tableNN.csv`. Raises: UserError naming a file that is missing."""
    return {table: read_rows(Path(folder) / f"table{table:02}.csv", remedy=REMEDY) for table in TABLES}
