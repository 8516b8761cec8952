"""The paper's printed tables: their numbers, and their rows as text."""

from collections.abc import Mapping
from pathlib import Path

from glalign.config.settings import SCENARIOS
from glalign.storage.csv_files import read_rows

OVERVIEW, COVERAGE, DATASETS, BRANCHES = 1, 2, 3, 11
"""Rank-1 of all methods; coverage of noun phrases; sizes of the datasets; Rank-1 of the two branches."""

SCENARIO_OF: Mapping[int, str] = dict(zip(range(4, 11), SCENARIOS, strict=True))
"""The results tables, 4 to 10, and their scenarios."""

PUBLISHED = ("system", "identities", "words", "published", "source", "note")
REMEDY = "restore it from the repository"
COLUMNS: Mapping[int, tuple[str, ...]] = {
    OVERVIEW: ("system", "method", "dataset", "rank1"),
    COVERAGE: ("body_part", "total_nps", "matched", "coverage"),
    DATASETS: ("dataset", "person_ids", "images", "descriptions", "avg_length"),
    **dict.fromkeys(SCENARIO_OF, ("system", "scenario", "method", "rank1", "rank5", "rank10")),
    BRANCHES: ("system", "variant", "scenario", "dataset", "rank1"),
}
"""Columns that the rows of each table must have."""


def read_published(path: Path | str) -> dict[str, dict[str, str]]:
    """System -> its row of paper/parameters.csv: published parameter count, sizes it holds for, source and note.

    Raises: UserError when the file is missing or not CSV.
    """
    return {row["system"]: row for row in read_rows(path, columns=PUBLISHED, remedy=REMEDY)}


def read_reported(folder: Path | str) -> dict[int, list[dict[str, str]]]:
    """Table number -> its printed rows, from `tableNN.csv`. Raises: UserError naming a missing file or column."""
    return {
        table: read_rows(Path(folder) / f"table{table:02}.csv", columns=columns, remedy=REMEDY)
        for table, columns in COLUMNS.items()
    }
