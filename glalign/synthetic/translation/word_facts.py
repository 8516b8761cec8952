"""Assignment of the facts of a caption to the words that state them."""

from collections.abc import Iterable

from glalign.synthetic.captions.generator import Facts
from glalign.synthetic.translation.phrase_table import Entry, WrongRendering

RELATIVE = ("colour", "tone", "grue")
"""Attributes of a word that are about the item of its noun."""
FREE = ("sex", "build", "view", "pace")
"""Attributes that need no noun."""


class UnassignedFacts:
    """The facts of a caption that no word has been assigned yet."""

    def __init__(self, facts: Iterable[tuple[str, str]]) -> None:
        self.left: Facts = list(facts)

    def take(self, entry: Entry, items: tuple[str, ...] | None) -> Facts:
        """Remove and return the facts that the words of an entry state. items: of the noun; None: there is no noun."""
        found: Facts = []
        relative = {name: values for name, values in entry.facts.items() if name in RELATIVE}
        for item in items or ():
            here = [(f"{item}_{name}", value) for name, values in relative.items() for value in values]
            found = [fact for fact in here if fact in self.left]
            if found:
                break
        for name, values in {**entry.facts, **{k: (v,) for k, v in (entry.also or {}).items()}}.items():
            if name in RELATIVE or (found and relative):
                continue
            if items is None or item_of(name) in (*items, *FREE):
                found += [(name, value) for value in values if (name, value) in self.left][:1]
        for fact in found:
            self.left.remove(fact)
        return found


def facts_gained(wrong: WrongRendering, claimed: Facts) -> Facts:
    """Return the facts that a wrong rendering states.

    A colour counts only if the right rendering stated one: that gives the item.
    """
    item = next((a.rpartition("_")[0] for a, _ in claimed if a.rpartition("_")[2] in RELATIVE), None)
    gains = [(name, value) for name, value in wrong.gains.items() if name not in RELATIVE or item is not None]
    return [(f"{item}_{name}" if name in RELATIVE else name, value) for name, value in gains]


def facts_kept(entry: Entry, wrong: WrongRendering, claimed: Facts) -> Facts:
    """Return the facts that are still true after an error: after "vague", those in `Entry.also`."""
    return [fact for fact in claimed if wrong.kind == "vague" and fact in (entry.also or {}).items()]


def item_of(attribute: str) -> str:
    """Return the item that an attribute belongs to.

    >>> item_of("hair_length"), item_of("sleeve"), item_of("carries")
    ('hair', 'upper', 'bag')
    """
    item = attribute.split("_", maxsplit=1)[0]
    return {"sleeve": "upper", "fabric": "lower", "carries": "bag"}.get(item, item)
