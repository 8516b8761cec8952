"""The base class of the caption generators, and the records that they return."""

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from glalign.synthetic.captions.long_tail import rare_word
from glalign.synthetic.domains.domain import Domain, choose

Facts = list[tuple[str, str]]
"""Pairs of an attribute and its canonical value, e.g. ("upper_colour", "red")."""


class Phrase(NamedTuple):
    """A noun phrase of a caption: text[start:end], its body region (None: none) and the facts that its words state."""

    start: int
    end: int
    region: str | None
    facts: Facts


class Caption(NamedTuple):
    """A caption, the facts that it states and its noun phrases; English captions are generated without phrases."""

    text: str
    facts: Facts
    phrases: list[Phrase]


class CaptionGenerator:
    """Base class: makes phrases about one photograph and collects the facts that they state in `facts`.

    A method that makes a phrase adds its facts at once, so a subclass makes only phrases that it uses.

    visible: visible attributes of the photograph. rng: source of all choices. domain: gives the dialect and the rates
    of typing errors, wrong colours and rare words. Subclasses set `language`, `detail` (how much the annotator
    describes, 0..1), `paces` and `views` (wordings by value), `view_share` (how often a clause is about the view, not
    the pace), `filler_texts` and `filler_counts` (number of filler texts in a caption -> weight).
    """

    language: str
    detail: float
    paces: Mapping[str, Sequence[str]]
    views: Mapping[str, Sequence[str]]
    view_share: float
    filler_texts: Sequence[str]
    filler_counts: Mapping[int, float]

    def __init__(self, visible: Mapping[str, str], rng: random.Random, domain: Domain) -> None:
        self.visible, self.rng, self.domain = visible, rng, domain
        self.dialect = domain.dialect
        self.dress = "dress" in (visible.get("upper"), visible.get("lower"))
        self.facts: Facts = []

    def chance(self, p: float) -> bool:
        """Return True with probability `p`."""
        return self.rng.random() < p

    def rare(self, topic: str, value: str, share: float = 1.0) -> str:
        """Draw a word of the long tail as often as the domain uses it, times `share`; "" if there is none."""
        return rare_word(self.rng, self.language, topic, value) if self.chance(self.domain.rare_words * share) else ""

    def side_of(self, item: str) -> str | None:
        """Return "left" or "right", where the bag or the thing in the hand is, and add the fact; None: not visible.

        Most annotators mean the wearer's side, some the side of the picture (`<item>_picture_side`).
        """
        seen = [name for name in (f"{item}_picture_side", f"{item}_side") if name in self.visible]
        if not seen:
            return None
        name = seen[-1] if self.chance(0.75) else seen[0]
        self.add_fact(name)
        return self.visible[name]

    def add_fact(self, attribute: str, value: str | None = None) -> None:
        """Record a stated fact; `value` None is the visible value."""
        self.facts.append((attribute, value or self.visible[attribute]))

    def has(self, attribute: str) -> bool:
        """Return whether the person visibly has the item."""
        return self.visible.get(attribute, "none") != "none"

    def view_or_pace(self) -> str:
        """Make a verb phrase about the pace or the view, e.g. "is walking", "is seen from behind"."""
        if self.chance(self.view_share):
            self.add_fact("view")
            return self.rng.choice(self.views[self.visible["view"]])
        return self.pace()

    def pace(self) -> str:
        """Make a verb phrase about the pace."""
        self.add_fact("pace")
        return self.rng.choice(self.paces[self.visible["pace"]])

    def filler(self) -> list[str]:
        """Draw texts that state no fact: mostly none, rarely many."""
        texts = list(self.filler_texts)
        self.rng.shuffle(texts)
        return texts[: choose(self.rng, self.filler_counts)]
