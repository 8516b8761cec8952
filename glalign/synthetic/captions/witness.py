"""A witness looks at one photograph, says some of what it shows, and stands by the facts that the words commit to."""

import random
from collections.abc import Mapping

from glalign.synthetic.domains.setting import Domain

Facts = list[tuple[str, str]]

GRUE = ("blue", "green", "teal")
"""The colours that Vietnamese calls "xanh"; linguists call the category grue (Berlin and Kay 1969)."""

REGION_OF: Mapping[str, str] = {
    "hair": "HEAD", "hat": "HEAD", "glasses": "HEAD", "mask": "HEAD", "scarf": "OTHERS",
    "upper": "UPPERBODY", "second": "UPPERBODY", "print": "UPPERBODY", "inner": "UPPERBODY", "sleeve": "UPPERBODY",
    "lower": "LOWERBODY", "fabric": "LOWERBODY", "belt": "OTHERS",
    "shoes": "SHOES", "sole": "SHOES", "socks": "SHOES",
    "bag": "OTHERS", "carries": "OTHERS", "held": "OTHERS", "umbrella": "OTHERS", "watch": "OTHERS",
}  # fmt: skip
"""Body region of what an attribute's first word names, as its pixels are labelled (`glalign.contract.regions`)."""


class Witness:
    """One photograph's visible values, one stream of chance and the growing list `facts`; make only phrases that are
    used."""

    def __init__(self, seen: Mapping[str, str], rng: random.Random, domain: Domain) -> None:
        self.seen, self.rng, self.domain = seen, rng, domain
        self.dialect = domain.dialect
        self.facts: Facts = []

    def chance(self, p: float) -> bool:
        """Whether something of probability `p` happens now."""
        return self.rng.random() < p

    def say(self, attribute: str, value: str | None = None) -> None:
        """Commit to a fact; by default what is seen."""
        self.facts.append((attribute, value or self.seen[attribute]))

    def has(self, attribute: str) -> bool:
        """Whether the thing is there and visible."""
        return self.seen.get(attribute, "none") != "none"


def region_of(attribute: str) -> str | None:
    """Region of an attribute; None for what belongs to no part: sex, build, view, pace.

    >>> region_of("shoes_colour"), region_of("pace")
    ('SHOES', None)
    """
    return REGION_OF.get(attribute.split("_", maxsplit=1)[0])


def with_grue(seen: Mapping[str, str]) -> dict[str, str]:
    """Visible values, and for every colour among them whether "xanh" would be true of it.

    >>> with_grue({"upper_colour": "teal"})
    {'upper_colour': 'teal', 'upper_grue': 'yes'}
    """
    grue = {
        f"{name.removesuffix('_colour')}_grue": "yes" if value in GRUE else "no"
        for name, value in seen.items()
        if name.endswith("_colour")
    }
    return {**seen, **grue}
