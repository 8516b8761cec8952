"""The entries of the phrase table for the long tail of the English captions (`captions.long_tail_en.yaml`)."""

from collections.abc import Iterator
from typing import Any

from glalign.support.errors import UserError
from glalign.synthetic.captions.long_tail import FILE, PLAIN, long_tail, spellings

GROUPS = {"uppers": ("upper", "upper"), "lowers": ("lower", "lower"), "shoes": ("shoes", "shoes"),
          "bags": ("bag", "bag"), "people": ("person", "sex"), "hats": ("hat", "hat"), "glasses": ("glasses", "glasses"),
          "held": ("held", "held"), "prints": ("print", "print")}  # fmt: skip
"""Topic of nouns -> their group in the phrase table, and the attribute whose value they state."""
RANKS = {"materials": 2, "cuts": 1, "patterns": 3}
"""Topic of modifiers -> rank."""


def add_long_tail(raw: dict[str, Any]) -> None:
    """Add the words of the long tail, and the compounds of colours, to the content of `en_vi.yaml`, in place.

    Raises: UserError if a word is already there with another rendering.
    """
    for topic, values in long_tail().items():
        for value, words in values.items():
            for word, rendering in words.items():
                target, facts = _place(raw, topic, value)
                _put(target, word, [rendering, facts])
    colours = raw["colours"]
    for name, entry in list(colours.items()):
        for spelling in spellings(name):
            colours.setdefault(spelling, entry)
    for name, entry in _pairs(colours):
        colours.setdefault(name, entry)


def _place(raw: dict[str, Any], topic: str, value: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the part of the table where a word belongs, and the facts that it states."""
    if topic == "colours":
        colour, tone = value.split()
        return raw["colours"], {"colour": colour} if tone == "mid" else {"colour": colour, "tone": tone}
    if topic in RANKS:
        return raw["modifiers"][RANKS[topic]], {"upper_pattern": value} if topic == "patterns" else {}
    if topic == "things":
        return raw["nouns"][value]["words"], {value: value}
    if topic not in GROUPS:
        return raw["others"], {"pace": value} if topic == "paces" else {}
    group, attribute = GROUPS[topic]
    facts = {} if value == "any" else {"lower_length": value} if value == "capri" else {attribute: value}
    return raw["nouns"]["dress" if value == "dress" else group]["words"], facts


def _put(target: dict[str, Any], word: str, entry: list[Any]) -> None:
    """Put an entry into a part of the table. Raises: UserError if another one is there."""
    if target.setdefault(word, entry) != entry:
        raise UserError(f"{FILE}: {word!r} comes twice with different renderings or facts; keep one")


def _pairs(colours: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield two plain colours that are written together, with their entry."""
    for first in PLAIN:
        for second in PLAIN:
            (one, facts), (two, others) = colours[first], colours[second]
            stated = list(dict.fromkeys([facts["colour"], others["colour"]]))
            yield f"{first}-and-{second}", [f"{one} và {two}", {"colour": stated}]
