"""Rank-k of one row grows with k and lies between 0 and 100."""

from collections.abc import Iterator
from itertools import pairwise

from glalign.audit.finding import IMPOSSIBLE, Found, Rule
from glalign.audit.material import Material


def check(material: Material) -> Iterator[Found]:
    """Yield neighbouring ranks of a row that fall, whatever they were rounded from, and a rank outside of 0 to 100."""
    for row in material.rank_rows:
        for number in row.ranks.values():
            if not 0 <= number.printed.value <= 100:
                yield Found(IMPOSSIBLE, number.place, f"Rank-{number.rank} is {number.printed.text}, no percentage")
        for (k, low), (larger, high) in pairwise(row.ranks.items()):
            if low.printed.value > high.printed.value and not low.printed.agrees(high.printed):
                evidence = f"Rank-{k} {low.printed.text} is larger than Rank-{larger} {high.printed.text}"
                yield Found(IMPOSSIBLE, low.place, evidence)


RULE = Rule(
    "rank order",
    "Rank-1 <= Rank-5 <= Rank-10, all between 0 and 100",
    "which of the two numbers is misprinted, or that any other number of the row is.",
    check,
)
