"""The facts of a caption, each given once to the word that says it, so that what happens to the word happens to it."""

from collections.abc import Iterable, Mapping

from glalign.synthetic.captions.witness import Facts
from glalign.synthetic.translation.phrase_table import Entry, Wrong

RELATIVE = ("colour", "tone", "grue")
"""What a word says of whatever item its noun stands for."""
FREE = ("sex", "build", "view", "pace")
"""What needs no noun."""


class Ledger:
    """Facts not yet given away."""

    def __init__(self, facts: Iterable[tuple[str, str]]) -> None:
        self.left: Facts = list(facts)

    def claim(self, entry: Entry, items: tuple[str, ...] | None) -> Facts:
        """The facts that an entry's words say, taken off the ledger. items: of the noun; None: a phrase on its own."""
        found: Facts = []
        relative = {name: values for name, values in entry.says.items() if name in RELATIVE}
        for item in items or ():
            here = [(f"{item}_{name}", value) for name, values in relative.items() for value in values]
            found = [fact for fact in here if fact in self.left]
            if found:
                break
        for name, values in {**entry.says, **{k: (v,) for k, v in (entry.also or {}).items()}}.items():
            if name in RELATIVE or (found and relative):
                continue
            if items is None or owner(name) in (*items, *FREE):
                found += [(name, value) for value in values if (name, value) in self.left][:1]
        for fact in found:
            self.left.remove(fact)
        return found


def gained(wrong: Wrong, claimed: Facts) -> Facts:
    """What a wrong rendering says; of a colour, only where the words said something of one, which tells the item."""
    item = next((a.rpartition("_")[0] for a, _ in claimed if a.rpartition("_")[2] in RELATIVE), None)
    facts = []
    for name, value in wrong.gains.items():
        if name not in RELATIVE:
            facts.append((name, value))
        elif item is not None:
            facts.append((f"{item}_{name}", value))
    return facts


def kept(entry: Entry, wrong: Wrong, claimed: Facts) -> Facts:
    """The facts that survive a more general rendering: what the noun says however vaguely it is put."""
    also: Mapping[str, str] = entry.also or {}
    return [fact for fact in claimed if wrong.kind == "vague" and fact in also.items()]


def owner(attribute: str) -> str:
    """The item that an attribute belongs to.

    >>> owner("hair_length"), owner("sleeve"), owner("carries")
    ('hair', 'upper', 'bag')
    """
    item = attribute.split("_", maxsplit=1)[0]
    return {"sleeve": "upper", "fabric": "lower", "carries": "bag"}.get(item, item)
