"""The entries of the phrase tables for the long tail of the captions (`captions.long_tail`)."""

from collections.abc import Iterator
from typing import Any

from glalign.support.errors import UserError
from glalign.synthetic.captions.long_tail import PLAIN, long_tail, spellings

GROUPS = {"uppers": ("upper", "upper"), "lowers": ("lower", "lower"), "shoes": ("shoes", "shoes"),
          "bags": ("bag", "bag"), "people": ("person", "sex"), "hats": ("hat", "hat"),
          "glasses": ("glasses", "glasses"), "held": ("held", "held"),
          "prints": ("print", "print"), "masks": ("mask", "mask")}  # fmt: skip
"""Topic of nouns -> their group in the phrase table, and the attribute whose value they state."""
MODIFIERS = {"materials": (2, ""), "cuts": (1, ""), "sleeves": (2, "sleeve"), "patterns": (3, "upper_pattern")}
"""Topic of modifiers -> their rank, and the attribute whose value they state."""
BEHIND = ("in ", "tied ", "worn ", "let ", "falling ", "down ", "cut ")
"""Starts of English renderings that follow the noun "hair"."""


def add_long_tail(raw: dict[str, Any], language: str) -> None:
    """Add the words of the long tail of the source language to the content of its phrase table, in place.

    English has the compounds of its colours besides, Vietnamese the other spelling of shoes. Raises: UserError if a
    word is already there with another rendering.
    """
    for topic, values in long_tail(language).items():
        for value, words in values.items():
            target, facts = _place(raw, topic, value)
            for word, rendering in words.items():
                _put(target, word, [rendering, facts])
                if word.startswith("giày"):
                    _put(target, word.replace("giày", "giầy"), [rendering, facts])
                if topic == "hair" and rendering.startswith(BEHIND):
                    raw["behind"].append(rendering)
    if language == "en":
        _add_compounds(raw)


def _add_compounds(raw: dict[str, Any]) -> None:
    """Add "light-blue", "red-colored", "black-and-white" and the like."""
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
    if topic == "hair":
        return raw["modifiers"][1], {"hair_style" if value in ("ponytail", "bun") else "hair_length": value}
    if topic in MODIFIERS:
        rank, attribute = MODIFIERS[topic]
        return raw["modifiers"][rank], {attribute: value} if attribute else {}
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
        raise UserError(f"captions/long_tail: {word!r} comes twice with different renderings or facts; keep one")


def _pairs(colours: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield two plain colours that are written together, with their entry."""
    for first in PLAIN:
        for second in PLAIN:
            (one, facts), (two, others) = colours[first], colours[second]
            stated = list(dict.fromkeys([facts["colour"], others["colour"]]))
            yield f"{first}-and-{second}", [f"{one} và {two}", {"colour": stated}]
