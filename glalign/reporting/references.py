"""The bibliography of what the tables name: systems, datasets, tests, and the keys by which a paper cites them."""

import re
from collections.abc import Mapping
from pathlib import Path

from glalign.planning.printed_tables import REMEDY
from glalign.planning.report_stages import ReferencesSpec
from glalign.storage.csv_files import read_rows
from glalign.storage.whole_files import read_text, write_text
from glalign.support.checkout import suite_file
from glalign.support.errors import UserError

BIBLIOGRAPHY, CITATIONS = "paper/references.bib", "paper/citations.csv"
ENTRY = re.compile(r"^@\w+\{([^,\s]+),", re.MULTILINE)
"""The line that begins an entry, with its key."""

NUMBER = re.compile(r" ?\[\d+\]$")
"""A number of the paper's list of references at the end of a system's name: "Method in [14]"."""


def make_references(spec: ReferencesSpec, bib: Path) -> None:
    """Copy the bibliography beside the tables."""
    write_text(bib, read_text(spec.bibliography, REMEDY))


def citation_keys() -> Mapping[str, str]:
    """Name of a system, dataset or test -> its key in the bibliography.

    Raises: UserError without a checkout, or naming a key that the bibliography lacks.
    """
    known = ENTRY.findall(read_text(suite_file(BIBLIOGRAPHY), REMEDY))
    rows = read_rows(suite_file(CITATIONS), columns=("kind", "name", "key"), remedy=REMEDY)
    for row in rows:
        if row["key"] not in known:
            raise UserError(f"{CITATIONS}: {row['name']}: {BIBLIOGRAPHY} has no entry {row['key']}; {REMEDY}")
    return {row["name"]: row["key"] for row in rows}


def without_number(name: str) -> str:
    """A system's name without a number of the paper's list at its end.

    >>> without_number("Method in [14]")
    'Method in'
    """
    return NUMBER.sub("", name)
