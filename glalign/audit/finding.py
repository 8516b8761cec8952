"""What a rule reports, and how severe it is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from glalign.audit.material import Material

IMPOSSIBLE, INCONSISTENT, UNLIKELY, NOTE = "impossible", "inconsistent", "unlikely", "note"
SEVERITIES = {
    IMPOSSIBLE: "no data give these numbers under what is stated beside them",
    INCONSISTENT: "two places, or a number and a statement, disagree",
    UNLIKELY: "possible, and rare by chance",
    NOTE: "worth a look",
}
"""The severities and their meanings, the highest first."""

RARE = 0.01
"""A coincidence is `unlikely` where fewer than this many are expected in the tables by chance."""


class Found(NamedTuple):
    """One result of a rule: its severity, its place in the tables or the text, and the numbers that show it."""

    severity: str
    place: str
    evidence: str


@dataclass(frozen=True)
class Rule:
    """A rule over the printed material.

    Args:
        name: Of the rule, in every finding.
        about: What it compares, in one line.
        does_not_prove: What does not follow from a finding.
        check: Yields what it finds.
    """

    name: str
    about: str
    does_not_prove: str
    check: Callable[["Material"], Iterable[Found]]


@dataclass(frozen=True)
class Finding:
    """A row of the audit's table: what a rule found, and what that does not prove."""

    rule: str
    severity: str
    place: str
    evidence: str
    does_not_prove: str


def chance(probability: float) -> str:
    """A small probability, or expected number, as text.

    >>> chance(0.0001), chance(1e-9), chance(0.0)
    ('0.0001', '1e-09', 'below 1e-300')
    """
    return f"{probability:.1g}" if probability else "below 1e-300"
