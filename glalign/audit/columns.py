"""The columns of printed tables, by whatever common name they have."""

import re
from collections.abc import Iterable

RANK = re.compile(r"(?:rank|r|top|recall|cmc|hit)[-_@ ]*(\d{1,3})(?:\s*\(?%\)?)?")
"""Names of a column of Rank-k: rank1, Rank-1, Rank-1 (%), R@1, R1, top-1, Recall@1."""
RANK_QUANTITY = re.compile(r"rank(\d{1,6})")
PERCENT = re.compile(r"\s*\(?%\)?")

SAME = {
    "system": ("system",),
    "label": ("method", "model", "name", "approach", "variant", "methods", "body_part"),
    "scenario": ("scenario", "setting", "protocol"),
    "dataset": ("dataset", "data set", "benchmark", "corpus"),
    "language": ("language",),
    "cite": ("cite", "reference", "ref", "citation"),
}
"""Meaning of a column -> names that it may have, in lower case."""
REMARKS = ("note", "notes", "status", "profile", "comment")
"""Columns of free text: neither numbers nor names."""
RESULTS = ("map", "minp")
"""Quantities in percent, or as shares, beside every Rank-k."""

WHAT_IS_READ = (
    "one column of Rank-k is wanted, called rank1, Rank-1, R@1, R1, top-1 or Recall@1 (for any k), beside one called "
    "system, method, model or name"
)


def quantity_of(column: str) -> str:
    """The name of a column's quantity: `rank5` for every spelling of Rank-5, else the name in lower case.

    >>> quantity_of("R@5"), quantity_of("Rank-10 (%)"), quantity_of("mAP (%)")
    ('rank5', 'rank10', 'map')
    """
    name = column.strip().casefold()
    if found := RANK.fullmatch(name):
        return f"rank{int(found[1])}"
    without = PERCENT.sub("", name)
    return without if without in RESULTS else name


def is_result(quantity: str) -> bool:
    """Whether a quantity is a Rank-k, mAP or mINP: no count, but a measured number that is printed rounded."""
    return rank_of(quantity) is not None or quantity in RESULTS


def rank_of(quantity: str) -> int | None:
    """The k of a quantity that is Rank-k, else None."""
    found = RANK_QUANTITY.fullmatch(quantity)
    return int(found[1]) if found else None


def meanings(header: Iterable[str]) -> dict[str, str]:
    """Meaning -> column, for those of SAME that a header has; the first name counts where it has several."""
    columns = {column.strip().casefold(): column for column in header}
    found = {key: next((columns[name] for name in names if name in columns), "") for key, names in SAME.items()}
    return {key: column for key, column in found.items() if column}


def plain(name: str) -> str:
    """A name without case, spaces and punctuation: spellings of one name agree.

    >>> plain("ResNet-50") == plain("resnet 50"), plain("ViT-B/32")
    (True, 'vitb32')
    """
    return "".join(character for character in name.casefold() if character.isalnum())
