"""Entries of the list of references that are incomplete or contradict themselves."""

import re
from collections.abc import Iterator

from glalign.audit.finding import INCONSISTENT, NOTE, Found, Rule
from glalign.audit.material import Material

ARXIV = re.compile(r"10\.48550/arxiv\.(\S+)", re.IGNORECASE)
"""The DOI of a paper of arXiv."""
NEEDED = ("first_author", "title", "year")


def check(material: Material) -> Iterator[Found]:
    """Yield entries with two arXiv numbers, and those without author, title or year."""
    for row in material.references:
        place, found = f"reference [{row['number']}]", ARXIV.fullmatch(row["doi"])
        if found and row["arxiv"] and found[1] != row["arxiv"]:
            yield Found(INCONSISTENT, place, f"arXiv {row['arxiv']} in its text, arXiv {found[1]} in its DOI")
        if missing := [name.replace("_", " ") for name in NEEDED if not row[name]]:
            yield Found(NOTE, place, f"it has no {', no '.join(missing)}")


RULE = Rule(
    "reference",
    "an entry of the list of references is complete and names one paper",
    "that the paper was not read, or says something else.",
    check,
)
