"""Cells of results that no rule reads."""

from collections.abc import Iterator

from glalign.audit.finding import NOTE, Found, Rule
from glalign.audit.material import Material


def check(material: Material) -> Iterator[Found]:
    """Yield cells of Rank-k, mAP and mINP that are neither a number nor a dash."""
    for cell in material.unread:
        yield Found(NOTE, f"{cell.place}, {cell.attribute}", f"{cell.text!r} is read as no number; no rule sees it")


RULE = Rule(
    "unread cell",
    "a result is a number, or a dash where there is none",
    "that the number is wrong: it is not read.",
    check,
)
